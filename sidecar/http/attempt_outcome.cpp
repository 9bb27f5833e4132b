#include "sidecar/http/attempt_outcome.hpp"

namespace outrider::http {

using exchange::failure_code;
using governance::outcome;

attempt_verdict judge(const attempt_result& of) {
    if (of.stale) return {outcome::ignored, outcome::ignored};
    if (of.failure) {
        bool cut_short = of.failure.code == failure_code::deadline_exceeded && of.took < fair_chance;
        auto how = of.failure.origin != exchange::origin::upstream || cut_short ? outcome::ignored : outcome::failure;
        return {how, how};
    }
    if (of.status == 429) return {outcome::success, outcome::ignored};
    bool sick = of.status >= 500 && of.status != 501 && of.status != 505;
    auto how = sick ? outcome::failure : outcome::success;
    return {how, how};
}

bool is_sign_of_sickness(const exchange::failure& of) {
    switch (of.code) {
        case failure_code::connect_refused:
        case failure_code::connect_timeout:
        case failure_code::upstream_closed:
        case failure_code::upstream_timeout:
        case failure_code::total_timeout:
            return of.origin == exchange::origin::upstream;
        default:
            return false;
    }
}

}  // namespace outrider::http
