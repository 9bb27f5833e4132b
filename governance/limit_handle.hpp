#pragma once

#include <string_view>

#include "governance/fleet_limiter.hpp"
#include "governance/rate_limiter.hpp"

namespace outrider::governance {

/// A limit of this sidecar or of the fleet, called alike. Does not own it.
class limit_handle {
  public:
    limit_handle() = default;
    /// @param of_fleet  null: the sidecar's own counts
    limit_handle(rate_limiter* own, fleet_limiter* of_fleet) : own_(own), fleet_(of_fleet) {}

    rate_answer check(std::string_view key, double amount, time_point now) const {
        return fleet_ ? fleet_->check(key, amount, now) : own_->check(key, amount, now);
    }
    rate_answer take(std::string_view key, double amount, time_point now, rate_ticket& ticket) const {
        return fleet_ ? fleet_->take(key, amount, now, ticket) : own_->take(key, amount, now, ticket);
    }
    void restore(const rate_ticket& ticket) const { fleet_ ? fleet_->restore(ticket) : own_->restore(ticket); }
    void charge(const rate_ticket& ticket, double amount, time_point now) const {
        fleet_ ? fleet_->charge(ticket, amount, now) : own_->charge(ticket, amount, now);
    }
    rate_answer charge(std::string_view key, double amount, time_point now) const {
        return fleet_ ? fleet_->charge(key, amount, now) : own_->charge(key, amount, now);
    }

  private:
    rate_limiter* own_ = nullptr;
    fleet_limiter* fleet_ = nullptr;
};

}  // namespace outrider::governance
