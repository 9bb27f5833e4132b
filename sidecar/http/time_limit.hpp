#pragma once

#include <chrono>
#include <string>

#include "sidecar/http/head.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::http {

/// Until when an exchange may take, and by whose word. Words only ever narrow it: a caller can shorten what the
/// operator allows, never lengthen it, so it does not matter how far the caller is trusted.
class time_limit {
  public:
    enum class word : std::uint8_t {
        nobody,
        setting,       ///< timeouts.total
        policy,        ///< timeout.total of a policy
        timeout_ms,    ///< x-outrider-timeout-ms of the request
        grpc_timeout,  ///< grpc-timeout of the request
        trace,         ///< the inbound request that this outbound one belongs to, found by its trace
    };
    using time_point = net::steady_clock::time_point;

    /// @param given  as it was said; for people
    void narrow(word by, time_point end, std::chrono::milliseconds given = {});
    /// What the request's own fields say; counted from `now`. Fields that say nothing legible say nothing.
    void read(const field_list& fields, time_point now);

    bool any() const { return by_ != word::nobody; }
    word by() const { return by_; }
    time_point end() const { return end_; }
    /// Whether a caller set it, and not the operator.
    bool of_caller() const { return by_ >= word::timeout_ms; }
    /// Whether nothing is left that the next hop could be told: less than a millisecond.
    bool spent(time_point now) const { return any() && end_ - now < std::chrono::milliseconds{1}; }
    /// Whose deadline it is, for the answer's detail: "the caller's deadline (x-outrider-timeout-ms: 250)".
    std::string text() const;

  private:
    word by_ = word::nobody;
    time_point end_ = time_point::max();
    std::chrono::milliseconds given_{0};
};

}  // namespace outrider::http
