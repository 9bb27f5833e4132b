#include "sidecar/config/declared_intercept.hpp"

#include "sidecar/config/intercept_values.hpp"

namespace outrider::config {
namespace {

using std::chrono::seconds;

std::vector<setting> listener_keys() {
    return {
        value("outbound", &intercept::outbound, count(0, 65'535),
              "port for the application's own connections, on 127.0.0.1 and ::1; 0: they are not intercepted"),
        value("inbound", &intercept::inbound, count(0, 65'535),
              "port for connections to the application, on every address; 0: they are not intercepted"),
        list("ports_in", &intercept::ports_in, count(1, 65'535),
             "ports of the application that callers connect to, with `inbound`"),
    };
}

std::vector<setting> protocol_keys() {
    return {
        table(
            "ports", &intercept::ports, intercepted_protocol_type(),
            "what connections to a port are: `http`, `kafka:NAME` with a cluster under `kafka`, or `tcp`; what is not "
            "said here is known by its first bytes"),
        value("detect", &intercept::detect, duration(milliseconds{0}, seconds{10}),
              "the longest wait for first bytes where no port is declared; a connection that stays silent is a TCP "
              "tunnel from then on; 0: no look at all"),
    };
}

}  // namespace

std::vector<setting> intercept_keys() {
    auto keys = listener_keys();
    for (auto& each : protocol_keys()) keys.push_back(std::move(each));
    keys.push_back(list("loopback", &intercept::loopback, count(1, 65'535),
                        "those of `ports_in` that the application listens on at 127.0.0.1 or ::1 only and that callers "
                        "may reach all the same"));
    keys.push_back(list("exclude_out", &intercept::exclude_out, excluded_destination_type(),
                        "destinations that the application goes to without the sidecar: networks (`10.0.0.0/8`), ports "
                        "(`22`), or both (`10.0.0.1:5432`)"));
    keys.push_back(value("uid", &intercept::uid, user_id_type(),
                         "the sidecar's user, by which its own connections are told from the application's"));
    keys.push_back(value("mark", &intercept::mark, mark_type(),
                         "instead of `uid`: a firewall mark that the sidecar sets on its own connections; needs the "
                         "capability CAP_NET_ADMIN while running"));
    keys.push_back(
        value("trust", &intercept::trust,
              choice<trust>({{"continue", trust::continue_}, {"link", trust::link}, {"restart", trust::restart}}),
              "what becomes of the trace of a caller whose connection was intercepted, as in `inbound`"));
    keys.push_back(
        value("trust_forwarded", &intercept::trust_forwarded, yes_or_no(),
              "keep and extend such a caller's `X-Forwarded-*` and `Forwarded` (true) or replace them (false)"));
    return keys;
}

}  // namespace outrider::config
