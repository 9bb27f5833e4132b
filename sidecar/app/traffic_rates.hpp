#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "governance/clock.hpp"
#include "sidecar/exchange/metrics.hpp"

namespace outrider::app {

/// What has been counted of one kind of traffic since the start, over all workers.
struct traffic_totals {
    std::uint64_t count = 0, errors = 0;
    /// By exchange::duration_bounds; nothing: nobody measures how long it takes.
    std::optional<std::array<std::uint64_t, exchange::duration_bounds.size() + 1>> durations;
};
void add(const exchange::duration_histogram& from, traffic_totals& to);

/// The same as of the last seconds.
struct traffic_rate {
    double per_second = 0, errors_per_second = 0;
    std::optional<std::uint64_t> p50_ns, p99_ns;
};

/// Makes rates out of totals, over at least two seconds: pushes that come at once tell the rate before.
class rate_meter {
  public:
    static constexpr governance::milliseconds shortest{1'900};

    /// @return nothing before two totals are known
    std::optional<traffic_rate> note(const traffic_totals& now, governance::time_point when);

  private:
    std::optional<traffic_totals> last_;
    governance::time_point last_when_{};
    std::optional<traffic_rate> rate_;
};

}  // namespace outrider::app
