#include <stdexcept>

#include "tracing/otlp.hpp"

namespace outrider::tracing {

namespace {

const char* text_of(decode_error error) {
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

}  // namespace

std::string describe(const decode_fault& fault) {
    return std::string{text_of(fault.code)} + (fault.where.empty() ? "" : ": ") + fault.where;
}

void throw_exception_from_error(const decode_fault& fault, const boost::source_location&) {
    throw std::runtime_error{describe(fault)};
}

}  // namespace outrider::tracing
