#include <stdexcept>

#include "tracing/otlp.hpp"

namespace outrider::tracing {

const char* describe(decode_error error) {
    switch (error) {
        case decode_error::malformed:
            return "malformed message";
        case decode_error::too_deep:
            return "values nested too deeply";
        case decode_error::too_large:
            return "message too large when decoded";
    }
    return "unknown error";
}

void throw_exception_from_error(decode_error error, const boost::source_location&) {
    throw std::runtime_error{describe(error)};
}

}  // namespace outrider::tracing
