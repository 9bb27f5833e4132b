#include "sidecar/tools/intercept_show.hpp"

#include <cstdlib>
#include <set>

#include "sidecar/net/socket_owner.hpp"
#include "sidecar/tools/rule_backends.hpp"

namespace outrider::tools {
namespace {

/// The ports that the rules redirect to, as both backends print them.
std::set<std::uint16_t> ports_of(const std::string& rules) {
    std::set<std::uint16_t> out;
    for (const std::string before : {"redirect to :", "--to-ports "})
        for (auto at = rules.find(before); at != std::string::npos; at = rules.find(before, at + 1))
            out.insert(static_cast<std::uint16_t>(std::strtoul(rules.c_str() + at + before.size(), nullptr, 10)));
    return out;
}

}  // namespace

std::string summary(const config::intercept& what) {
    std::string out;
    if (what.outbound != 0) out += "the application's connections go to port " + std::to_string(what.outbound);
    if (what.inbound == 0) return out;
    if (!out.empty()) out += ", ";
    out += "those to its ports ";
    for (std::size_t i = 0; i < what.ports_in.size(); ++i)
        out += (i == 0 ? "" : ", ") + std::to_string(what.ports_in[i]);
    return out + " to port " + std::to_string(what.inbound);
}

bool show_rules(std::string& text) {
    const auto nft = installed_with_nft(), iptables = installed_with_iptables();
    if (nft.empty() && iptables.empty()) return text = "nothing is installed\n", false;
    if (!nft.empty()) text += "installed with nftables:\n" + nft;
    if (!iptables.empty()) text += "installed with iptables:\n" + iptables;
    bool whole = true;
    for (const auto port : ports_of(nft + iptables)) {
        const bool there = !net::owners_of_listeners(port).empty();
        text += "port " + std::to_string(port) +
                (there ? ": a listener is there\n"
                       : ": nobody listens, so what is brought there is refused until the sidecar runs\n");
        whole = whole && there;
    }
    return whole;
}

}  // namespace outrider::tools
