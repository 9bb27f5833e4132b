// The rules for iptables: chains of our own, and a jump to each of them.

#include <algorithm>
#include <array>
#include <vector>

#include "sidecar/config/intercept_values.hpp"
#include "sidecar/tools/intercept_rules.hpp"

namespace outrider::tools {
namespace {

/// One of our chains and where it is jumped to from.
struct own_chain {
    std::string_view name, from;
};
constexpr std::array<own_chain, 2> chains{{{"OUTRIDER_OUTBOUND", "OUTPUT"}, {"OUTRIDER_INBOUND", "PREROUTING"}}};
constexpr std::string_view ours = "outrider intercept";
/// Of one rule of the match multiport.
constexpr std::size_t most_ports = 15;

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

bool declares(std::string_view line, const own_chain& chain) {
    return line.starts_with(":" + std::string{chain.name} + " ");
}
bool belongs_to(std::string_view line, const own_chain& chain) {
    return line.starts_with("-A " + std::string{chain.name} + " ");
}
bool jumps_to(std::string_view line, const own_chain& chain) {
    return line.starts_with("-A ") && line.ends_with("-j " + std::string{chain.name});
}

/// A transaction of these lines; empty for none.
std::string transaction(const std::string& lines) { return lines.empty() ? lines : "*nat\n" + lines + "COMMIT\n"; }

/// Takes every jump to our chains away, however many there are.
std::string without_jumps(std::string_view saved) {
    std::string out;
    for (const auto line : lines_of(saved))
        for (const auto& chain : chains)
            if (jumps_to(line, chain)) out += "-D" + std::string{line.substr(2)} + "\n";
    return out;
}

/// Makes a chain, or empties the one that is there.
std::string empty_chain(const own_chain& chain) { return ":" + std::string{chain.name} + " - [0:0]\n"; }

std::string rule(const own_chain& chain, const std::string& what) {
    return "-A " + std::string{chain.name} + " " + what + "\n";
}

std::string jump(const own_chain& chain) {
    return "-A " + std::string{chain.from} + " -p tcp -m comment --comment \"" + std::string{ours} + "\" -j " +
           std::string{chain.name} + "\n";
}

std::string excluded(const own_chain& chain, const config::excluded_destination& where, address_family family) {
    if (!where.network.empty() && where.is_v6() != (family == address_family::v6)) return {};
    std::string match;
    if (!where.network.empty()) match += "-d " + where.network + " ";
    match += "-p tcp ";
    if (where.port != 0) match += "-m tcp --dport " + std::to_string(where.port) + " ";
    return rule(chain, match + "-j RETURN");
}

/// The first rule says by its comment whose chain this is.
std::string outbound_rules(const config::intercept& what, address_family family) {
    const auto& chain = chains[0];
    const auto comment = "-m comment --comment \"" + std::string{ours} + "\" ";
    const auto own = what.uid ? "-m owner --uid-owner " + std::to_string(*what.uid)
                              : "-m mark --mark " + config::mark_type().type->print(&what.mark);
    auto out = rule(chain, comment + own + " -j RETURN");
    out += rule(chain, std::string{"-d "} + (family == address_family::v4 ? "127.0.0.0/8" : "::1/128") + " -j RETURN");
    out += rule(chain, "-p tcp -m tcp --dport 53 -j RETURN");
    for (const auto& each : what.exclude_out) out += excluded(chain, each, family);
    return out + rule(chain, "-p tcp -j REDIRECT --to-ports " + std::to_string(what.outbound));
}

std::string inbound_rules(const config::intercept& what) {
    const auto& chain = chains[1];
    std::string out;
    for (std::size_t first = 0; first < what.ports_in.size(); first += most_ports) {
        std::string ports;
        for (std::size_t i = first; i < std::min(first + most_ports, what.ports_in.size()); ++i)
            ports += (ports.empty() ? "" : ",") + std::to_string(what.ports_in[i]);
        out += rule(chain, "-p tcp -m comment --comment \"" + std::string{ours} +
                               "\" -m addrtype --dst-type LOCAL -m multiport --dports " + ports +
                               " -j REDIRECT --to-ports " + std::to_string(what.inbound));
    }
    return out;
}

}  // namespace

chain_owner owner_of_chains(std::string_view saved) {
    bool any = false, marked = false, rules = false;
    for (const auto line : lines_of(saved)) {
        for (const auto& chain : chains) {
            any |= declares(line, chain);
            rules |= belongs_to(line, chain);
            marked |= belongs_to(line, chain) && line.find(ours) != std::string_view::npos;
        }
    }
    if (!any) return chain_owner::nobody;
    return marked || !rules ? chain_owner::us : chain_owner::somebody_else;
}

std::string iptables_removal(std::string_view saved) {
    auto out = without_jumps(saved);
    for (const auto line : lines_of(saved))
        for (const auto& chain : chains)
            if (declares(line, chain))
                out += "-F " + std::string{chain.name} + "\n-X " + std::string{chain.name} + "\n";
    return transaction(out);
}

std::string iptables_rules(const config::intercept& what, address_family family, std::string_view saved) {
    std::string out;
    for (const auto& chain : chains) out += empty_chain(chain);
    out += without_jumps(saved);
    if (what.outbound != 0) out += outbound_rules(what, family) + jump(chains[0]);
    if (what.inbound != 0) out += inbound_rules(what) + jump(chains[1]);
    return transaction(out);
}

std::string iptables_restoration(std::string_view former, std::string_view saved) {
    if (owner_of_chains(former) == chain_owner::nobody) return iptables_removal(saved);
    std::string out;
    for (const auto& chain : chains) out += empty_chain(chain);
    out += without_jumps(saved);
    for (const auto line : lines_of(former))
        for (const auto& chain : chains)
            if (belongs_to(line, chain) || jumps_to(line, chain)) out += std::string{line} + "\n";
    return transaction(out);
}

std::string our_lines(std::string_view saved) {
    std::string out;
    for (const auto line : lines_of(saved))
        for (const auto& chain : chains)
            if (belongs_to(line, chain) || jumps_to(line, chain)) out += std::string{line} + "\n";
    return out;
}

}  // namespace outrider::tools
