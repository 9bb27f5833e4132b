#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "governance/breaker.hpp"

namespace outrider::governance {

/// The breakers of one rule, by the name of the upstream (and operation) they guard: made when first asked for, never
/// removed. Finding one that is there takes no lock. Beyond `most`, names share one breaker called "other".
class breaker_table {
  public:
    static constexpr std::size_t most = 1'000;
    breaker_table(const breaker_rule& rule, time_point created);
    ~breaker_table();
    breaker& of(std::string_view name, time_point now);
    /// In the order they came, without a lock held: `look` may ask for breakers.
    void each(const std::function<void(const std::string& name, breaker& which)>& look) const;
    /// @return false when there is none of that name
    bool force(std::string_view name, breaker_force how, time_point now);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
