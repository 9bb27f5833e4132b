#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/flows/event_index.hpp"
#include "tracing/flows/flow_checker.hpp"
#include "tracing/span_data.hpp"

namespace outrider::flows {

struct flow_set_options {
    checker_options checking;
    std::size_t most_runs = 200'000;         ///< of all flows together; those that have ended go first, then the oldest
    std::uint64_t most_bytes = 64ULL << 20;  ///< of these
    std::size_t longest_key = 512;           ///< bytes; what has a longer one is left out
};

/// What has been counted of all flows together.
struct flow_set_counters {
    std::uint64_t spans = 0;     ///< looked at
    std::uint64_t events = 0;    ///< found in them
    std::uint64_t left_out = 0;  ///< events whose key is too long, or missing
    std::uint64_t evicted = 0;   ///< runs that made room, ended ones included
};

/// Checks all flows against spans as they arrive, in any order. Time is passed in. Not thread-safe.
///
///     observe(): span -> event_index -> the checkers of the flows whose event it means
///     regroup(): chains got other names -> their runs
///     advance(): deadlines
class flow_set {
  public:
    /// @param names  the chain that a trace belongs to now; empty: each is its own
    explicit flow_set(flow_set_options options = {}, flow_checker::chain_names names = {});

    /// Takes flows over. One that is as it was goes on with its runs; those of others are forgotten.
    void load(std::vector<flow> flows, unix_ns now);
    bool empty() const { return checkers_.empty(); }
    /// Whether there is a flow whose runs are chains: only those need regroup().
    bool any_by_chain() const;

    void observe(const tracing::span_view& span, unix_ns arrived);
    void observe(const tracing::span_data& span, unix_ns arrived);
    /// Chains that had these names may have others now.
    void regroup(std::span<const tracing::trace_id> former, unix_ns now);
    /// To be called several times a second.
    void advance(unix_ns now);

    /// From now on spans are those that came before, when somebody else looked at them: what they show is remembered,
    /// and not counted.
    void begin_restoring(unix_ns first);
    /// The last of them came at that time; what has been missing since then is told.
    void end_restoring(unix_ns last, unix_ns now);

    /// Another one whenever something that is shown may have changed.
    std::uint64_t version() const;
    std::vector<flow_checker*> checkers() const;
    flow_checker* find(std::string_view name) const;
    const std::string& service(std::uint32_t number) const { return services_[number]; }
    const flow_set_counters& counters() const { return counters_; }
    std::size_t runs() const;
    std::uint64_t bytes() const;

  private:
    std::uint32_t number_of(std::string_view service);
    void observe_key(flow_checker& by, const occurrence& one);
    void make_room();

    const flow_set_options options_;
    flow_checker::chain_names names_;
    std::vector<std::unique_ptr<flow_checker>> checkers_;
    event_index index_;
    unix_ns last_advance_ = 0, hold_until_ = 0;
    std::uint64_t loads_ = 0;
    std::vector<std::string> services_{"other"};
    std::map<std::string, std::uint32_t, std::less<>> service_numbers_;
    tracing::keyed_hash hash_;
    flow_set_counters counters_;
    // Used again and again.
    span_event span_;
    std::vector<tracing::attribute_view> attributes_;  ///< of a span that was no view
    std::vector<event_number> found_;
};

}  // namespace outrider::flows
