#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace outrider::admin {

/// A histogram as it is counted: each bucket for itself, not yet summed up.
struct histogram_value {
    std::vector<double> bounds;          ///< upper bounds, ascending, without +Inf
    std::vector<std::uint64_t> buckets;  ///< one more than `bounds`: the last counts what is above all of them
    double sum = 0;
};

/// One series: label names and values in a fixed order, and what was measured.
struct metric_sample {
    std::vector<std::pair<std::string, std::string>> labels;
    std::variant<std::uint64_t, double, histogram_value> value;
};

enum class metric_type { counter, gauge, histogram };

/// Every series of one name. All samples of a family carry the same kind of value and the same label names.
struct metric_family {
    std::string name;
    std::string help;
    metric_type type = metric_type::counter;
    std::vector<metric_sample> samples;
};

/// The most series a family shows; what is beyond is summed up in one whose labels are all "other".
inline constexpr std::size_t max_series = 1'000;

/// Prometheus text format 0.0.4. Samples with equal labels (one per worker, say) are added up.
std::string render_prometheus(const std::vector<metric_family>& families);

inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace outrider::admin
