#include <algorithm>

#include "sidecar/config/rules.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {

void intercept_rules::run() {
    check_listeners();
    check_ports();
    check_own_traffic();
}

void intercept_rules::check_listeners() {
    const auto& from = value_.intercept;
    if (from.inbound != 0 && from.ports_in.empty())
        fail("intercept.inbound",
             "'intercept.inbound' needs 'intercept.ports_in': the ports of the application, such as [8080]");
    if (from.inbound == 0 && !from.ports_in.empty())
        fail("intercept.ports_in", "'intercept.ports_in' has no effect without 'intercept.inbound'");
    for (const auto port : from.loopback)
        if (std::find(from.ports_in.begin(), from.ports_in.end(), port) == from.ports_in.end())
            fail("intercept.loopback",
                 "'intercept.loopback' names " + std::to_string(port) + ", which is not in 'intercept.ports_in'");
}

void intercept_rules::check_ports() {
    for (const auto& [port, protocol] : value_.intercept.ports) {
        const auto path = "intercept.ports." + port;
        const auto number = parse_count(port);
        if (!number || *number == 0 || *number > 65'535)
            fail(path, "'" + path + "': '" + port + "' is no port; write a number from 1 to 65535");
        if (protocol.what == intercepted_protocol::kind::kafka && !value_.kafka.contains(protocol.cluster))
            fail(path, "'" + path + "': no cluster is called '" + protocol.cluster + "'; add it under 'kafka'");
    }
}

/// Without either, the kernel would bring our own connections back to us.
void intercept_rules::check_own_traffic() {
    const auto& from = value_.intercept;
    if (has_failed("intercept.uid") || has_failed("intercept.mark")) return;
    if (from.uid && from.mark != 0)
        return fail("intercept.mark", "'intercept.uid' and 'intercept.mark' exclude each other; remove one of them");
    if (from.uid == 0U)
        return fail("intercept.uid",
                    "'intercept.uid' 0 is root, as which others run too; run the sidecar as a user of its own, or set "
                    "'intercept.mark'");
    if (from.outbound == 0 || from.uid || from.mark != 0) return;
    fail("intercept.outbound",
         "'intercept.outbound' needs 'intercept.uid' or 'intercept.mark': by it the sidecar's own connections are told "
         "from the application's");
}

}  // namespace outrider::config
