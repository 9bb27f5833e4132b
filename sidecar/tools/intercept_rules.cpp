#include "sidecar/tools/intercept_rules.hpp"

#include "sidecar/config/intercept_values.hpp"

namespace outrider::tools {
namespace {

/// A chain that nothing leads to: by it a table is known as ours.
constexpr std::string_view marker_chain = "made_by_outrider_intercept";

std::string own_connections(const config::intercept& what) {
    if (what.uid) return "meta skuid " + std::to_string(*what.uid);
    return "meta mark " + config::mark_type().type->print(&what.mark);
}

std::string excluded(const config::excluded_destination& where) {
    std::string out;
    if (!where.network.empty()) out += (where.is_v6() ? "ip6 daddr " : "ip daddr ") + where.network + " ";
    if (where.port != 0) out += "tcp dport " + std::to_string(where.port) + " ";
    return out;
}

/// Loopback stays: what listens there is private to this machine, the sidecar's explicit listeners too. DNS over TCP
/// stays as DNS over UDP does.
std::string outbound_chain(const config::intercept& what) {
    std::string out =
        "\tchain intercept_outbound {\n"
        "\t\ttype nat hook output priority -100; policy accept;\n"
        "\t\tmeta l4proto != tcp return\n";
    out += "\t\t" + own_connections(what) + " return\n";
    out +=
        "\t\tip daddr 127.0.0.0/8 return\n"
        "\t\tip6 daddr ::1 return\n"
        "\t\ttcp dport 53 return\n";
    for (const auto& each : what.exclude_out) out += "\t\t" + excluded(each) + "return\n";
    return out + "\t\tmeta l4proto tcp redirect to :" + std::to_string(what.outbound) + "\n\t}\n";
}

/// Local addresses only: what a machine forwards to others is none of our business.
std::string inbound_chain(const config::intercept& what) {
    std::string ports;
    for (const auto port : what.ports_in) ports += (ports.empty() ? "" : ", ") + std::to_string(port);
    return "\tchain intercept_inbound {\n"
           "\t\ttype nat hook prerouting priority -100; policy accept;\n"
           "\t\tfib daddr type local tcp dport { " +
           ports + " } redirect to :" + std::to_string(what.inbound) + "\n\t}\n";
}

}  // namespace

std::string nft_removal() {
    // Named first, so that it is there to be deleted whether or not it was before.
    return "table inet outrider\ndelete table inet outrider\n";
}

std::string nft_rules(const config::intercept& what) {
    auto out = nft_removal() + "table inet outrider {\n";
    out += "\tchain " + std::string{marker_chain} + " {\n\t}\n";
    if (what.outbound != 0) out += outbound_chain(what);
    if (what.inbound != 0) out += inbound_chain(what);
    return out + "}\n";
}

bool is_our_table(std::string_view listed) {
    return listed.find("chain " + std::string{marker_chain}) != std::string_view::npos;
}

}  // namespace outrider::tools
