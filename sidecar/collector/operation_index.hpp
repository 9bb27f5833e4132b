#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/span_data.hpp"

namespace outrider::collector {

/// An operation of a service, as Jaeger lists it.
struct operation {
    std::string name;
    tracing::span_kind kind = tracing::span_kind::internal;
    bool operator==(const operation&) const = default;
    auto operator<=>(const operation&) const = default;
};

/// Which services there are and what they do, by the spans that are held.
class operation_index {
  public:
    void add(std::string_view service, std::string_view name, tracing::span_kind kind);
    void remove(std::string_view service, std::string_view name, tracing::span_kind kind);
    std::vector<std::string> services() const;
    std::vector<operation> operations(std::string_view service) const;
    std::size_t memory() const { return bytes_; }

  private:
    using key = std::pair<std::string_view, tracing::span_kind>;
    struct by_name {
        using is_transparent = void;
        static key of(const operation& one) { return {one.name, one.kind}; }
        static key of(const key& one) { return one; }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return of(a) < of(b);
        }
    };
    using counts = std::map<operation, std::uint64_t, by_name>;

    std::map<std::string, counts, std::less<>> services_;
    std::size_t bytes_ = 0;
};

}  // namespace outrider::collector
