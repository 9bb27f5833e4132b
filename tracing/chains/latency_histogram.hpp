#pragma once

#include <cstdint>
#include <map>

namespace outrider::tracing {

/// How long something took, as often as it was counted: four buckets per doubling from a microsecond to half an hour,
/// so that a quantile is at most a tenth off. Takes memory only for buckets in use, of which there are at most 126.
class latency_histogram {
  public:
    void add(std::uint64_t ns);
    void merge(const latency_histogram& other);

    std::uint64_t count() const { return count_; }
    /// @param share  0 to 1
    /// @return nanoseconds; 0 when nothing was counted
    std::uint64_t quantile(double share) const;

  private:
    std::map<std::uint8_t, std::uint64_t> buckets_;
    std::uint64_t count_ = 0, longest_ = 0;
};

}  // namespace outrider::tracing
