#include "tracing/chains/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr unsigned parts = 4, octaves = 31;
constexpr std::uint8_t overflow = parts * octaves + 1;

/// 0 is below a microsecond; the buckets of an octave are equally wide.
std::uint8_t bucket_of(std::uint64_t ns) {
    const auto us = ns / 1'000;
    if (us == 0) return 0;
    const auto octave = static_cast<unsigned>(std::bit_width(us)) - 1;
    if (octave >= octaves) return overflow;
    const auto beyond = us - (std::uint64_t{1} << octave);
    return static_cast<std::uint8_t>(1 + octave * parts + beyond * parts / (std::uint64_t{1} << octave));
}

std::uint64_t middle_of(std::uint8_t bucket) {
    if (bucket == 0) return 500;
    const auto octave = static_cast<double>((bucket - 1U) / parts), part = static_cast<double>((bucket - 1U) % parts);
    return static_cast<std::uint64_t>(1'000 * std::exp2(octave) * (1 + (part + 0.5) / parts));
}

}  // namespace

void latency_histogram::add(std::uint64_t ns) {
    ++buckets_[bucket_of(ns)];
    ++count_;
    longest_ = std::max(longest_, ns);
}

void latency_histogram::merge(const latency_histogram& other) {
    for (const auto& [bucket, count] : other.buckets_) buckets_[bucket] += count;
    count_ += other.count_;
    longest_ = std::max(longest_, other.longest_);
}

std::uint64_t latency_histogram::quantile(double share) const {
    const auto wanted = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
    std::uint64_t passed = 0;
    for (const auto& [bucket, count] : buckets_) {
        passed += count;
        if (static_cast<double>(passed) < wanted) continue;
        return bucket == overflow ? longest_ : std::min(middle_of(bucket), longest_);
    }
    return 0;
}

}  // namespace outrider::tracing
