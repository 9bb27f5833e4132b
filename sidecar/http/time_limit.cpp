#include "sidecar/http/time_limit.hpp"

#include "governance/time_budget.hpp"

namespace outrider::http {

void time_limit::narrow(word by, time_point end, std::chrono::milliseconds given) {
    if (end >= end_) return;
    by_ = by;
    end_ = end;
    given_ = given;
}

void time_limit::read(const field_list& fields, time_point now) {
    if (!fields.among(set_of(field_id::x_outrider_timeout_ms, field_id::grpc_timeout))) return;
    for (const auto& f : fields) {
        if (f.id == field_id::x_outrider_timeout_ms) {
            if (auto given = governance::parse_timeout_ms(f.value)) narrow(word::timeout_ms, now + *given, *given);
        } else if (f.id == field_id::grpc_timeout) {
            if (auto given = governance::parse_grpc_timeout(f.value)) narrow(word::grpc_timeout, now + *given, *given);
        }
    }
}

std::string time_limit::text() const {
    auto given = std::to_string(given_.count());
    switch (by_) {
        case word::nobody:
            return "no deadline";
        case word::setting:
            return "timeouts.total (" + given + " ms)";
        case word::policy:
            return "the policy's timeout.total (" + given + " ms)";
        case word::timeout_ms:
            return "the caller's deadline (x-outrider-timeout-ms: " + given + ")";
        case word::grpc_timeout:
            return "the caller's deadline (grpc-timeout, " + given + " ms)";
        case word::trace:
            return "the deadline of the inbound request that this call belongs to by its trace";
    }
    return {};
}

}  // namespace outrider::http
