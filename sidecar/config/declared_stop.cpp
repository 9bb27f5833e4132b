#include "sidecar/config/declared_stop.hpp"

namespace outrider::config {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<setting> stop_keys() {
    return {
        value("delay", &stop::delay, duration(seconds{0}, minutes{10}),
              "how long callers are served as before, although `/readyz` fails, because not all of them have heard of "
              "it; `drain` begins afterwards"),
        value("quiet", &stop::quiet, duration(milliseconds{0}, minutes{1}),
              "an application without any connection for so long has gone; more for one that opens a connection per "
              "call"),
        value("deliver", &stop::deliver, duration(seconds{0}, minutes{10}),
              "how long spans are delivered at the end; the others stay in the spool"),
    };
}

}  // namespace outrider::config
