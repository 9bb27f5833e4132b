#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/flows.hpp"
#include "tracing/flows/flow_set.hpp"

namespace outrider::collector {

class trace_store;

/// The expected flows of a running collector: read at the start, and again when one of their files changes and on
/// SIGHUP, as a whole; what has an error leaves those in force as they are. Any thread.
class flow_watch {
  public:
    /// @param input   what `first` was loaded from, to be loaded again
    /// @param memory  bytes that runs may take
    /// @param store   knows which traces are one chain; outlives this
    flow_watch(config::flow_input input, std::vector<flows::flow> first, std::uint64_t memory, const trace_store& store,
               flows::unix_ns now);

    // Of the pipeline's thread.

    void observe(std::span<const tracing::span_view> spans, flows::unix_ns arrived);
    /// Whether somebody has to tell of chains that got other names.
    bool wants_names() const;
    void regroup(std::span<const tracing::trace_id> former, flows::unix_ns now);
    void advance(flows::unix_ns now);
    void begin_restoring(flows::unix_ns first);
    void end_restoring(flows::unix_ns last, flows::unix_ns now);

    /// Reads again when a file has changed. Cheap when none has: called every second.
    void look(flows::unix_ns now);
    /// Reads again. @param why  for the log: "SIGHUP"
    void reload(const std::string& why, flows::unix_ns now);

    std::uint64_t version() const;
    /// /api/flows
    std::string page() const;
    /// /api/flows/{flow}/runs/{run}
    std::optional<std::string> run_page(std::string_view flow, std::string_view run, flows::unix_ns now) const;
    std::string metrics() const;

  private:
    void take(config::flows_result read, const std::string& why, flows::unix_ns now);

    const config::flow_input input_;
    mutable std::mutex mutex_;
    flows::flow_set flows_;
    std::string fingerprint_;  ///< of the files, before they were read
    bool last_failed_ = false;
};

}  // namespace outrider::collector
