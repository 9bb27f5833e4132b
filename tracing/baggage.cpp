#include "tracing/baggage.hpp"

#include <algorithm>

#include "tracing/text.hpp"

namespace outrider::tracing {

std::string_view baggage_within_limits(std::string_view value) {
    std::size_t members = 0, kept = 0, at = 0;
    while (at < value.size()) {
        auto comma = std::min(value.find(',', at), value.size());
        if (!trim_blanks(value.substr(at, comma - at)).empty()) ++members;
        if (members > baggage_members || comma > baggage_bytes) return value.substr(0, kept);
        kept = comma;
        at = comma + 1;
    }
    return value.size() <= baggage_bytes ? value : value.substr(0, kept);
}

}  // namespace outrider::tracing
