#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sidecar/tools/chain_choice.hpp"
#include "sidecar/tools/trace_source.hpp"
#include "tracing/chains/chain_surroundings.hpp"

namespace outrider::tools {

/// Nanoseconds since 1970.
std::uint64_t unix_now();

/// Reads chains from a collector of ours, which has stitched them, or from a Jaeger, whose traces are stitched here.
/// Which of the two it is, it finds out by asking.
class chain_source {
  public:
    explicit chain_source(net::url base) : source_(std::move(base)) {}

    /// The spans of the chain that is meant.
    fetched_trace ask(const chain_wish& wish);
    /// The ids of others that were meant too, of the last ask().
    const std::vector<std::string>& others() const { return others_; }
    /// False while a collector is still finding out what belongs to the chains that the last ask() found.
    bool decided() const { return decided_; }
    /// What other chains tell of the services and topics of this one: a few searches.
    tracing::chain_surroundings around(const std::vector<tracing::span_data>& chain);
    /// Spans of the last while, of whoever there is; for a Jaeger, whose answers know no other bound than a number.
    fetched_trace recent(std::uint64_t since_unix_ns, std::uint64_t until_unix_ns, std::size_t traces_per_service);
    /// Whether a collector of ours answers there; nothing when nobody does.
    boost::system::result<bool, fetch_error> is_collector();
    trace_source& traces() { return source_; }

  private:
    fetched_trace ask_collector(const chain_wish& wish);
    fetched_trace ask_jaeger(const chain_wish& wish);
    fetched_trace chain_by_id(const std::string& id, const std::string& what);
    fetched_trace spans_with(const std::string& tag, const std::string& value, const std::string& what);
    std::string wanted_id(const chain_wish& wish) const;

    trace_source source_;
    std::optional<bool> collector_;
    std::vector<std::string> others_;
    bool decided_ = true;
};

}  // namespace outrider::tools
