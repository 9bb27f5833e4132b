#include "governance/reason.hpp"

#include <algorithm>

namespace outrider::governance {
namespace {

std::string text_of(milliseconds time) {
    const auto count = time.count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

std::string share_of_calls(std::uint32_t part, std::uint32_t whole) {
    const auto of = std::max(std::uint64_t{whole}, std::uint64_t{1});
    const auto percent = (std::uint64_t{part} * 200 + of) / (of * 2);  // rounded
    return std::to_string(percent) + "% of " + std::to_string(whole) + (whole == 1 ? " call" : " calls");
}

}  // namespace

std::string reason::text() const {
    switch (of) {
        case kind::none:
            return "";
        case kind::in_a_row:
            return std::to_string(part) + (part == 1 ? " failure in a row" : " failures in a row");
        case kind::failures:
            return share_of_calls(part, whole) + " failed in " + text_of(within);
        case kind::slow:
            return share_of_calls(part, whole) + " took over " + text_of(over) + " in " + text_of(within);
        case kind::probe_failed:
            return "a probe failed";
        case kind::probes_slow:
            return std::to_string(part) + " of " + std::to_string(whole) + " probes took over " + text_of(over);
        case kind::probe_lost:
            return "a probe did not report within " + text_of(within);
        case kind::forced:
            return "forced open";
    }
    return "";
}

}  // namespace outrider::governance
