#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tracing/stitch/process_windows.hpp"
#include "tracing/stitch/span_store.hpp"
#include "tracing/stitch/stitcher.hpp"
#include "tracing/stitch/timing_model.hpp"
#include "tracing/stitch/window_spans.hpp"

namespace outrider::tracing {

/// Requests between processes that no context went with: what was called under the name of a service, and nobody
/// followed, beside what entered that service out of nowhere. An endpoint is callee, method and shape of path; a hash
/// stands for it.
class hop_windows {
  public:
    hop_windows(span_store& store, const stitch_options& options) : store_(store), options_(options) {}

    void left(span_number number, std::uint64_t endpoint);
    /// A root that waits. @return whether it will be decided here
    bool entered(span_number number, std::uint64_t endpoint);

    /// Decides the roots whose patience has run out, or all.
    /// @param oldest  what arrived before it is no longer asked about
    void step(std::uint32_t now_ms, span_number oldest, bool all, std::vector<window_verdict>& out);

    std::size_t memory() const;

  private:
    struct endpoint {
        window_spans left;
        std::vector<span_number> waiting;  ///< by arrival
        std::unique_ptr<hop_model> model;
        std::uint32_t used_ms = 0;
    };

    endpoint* endpoint_of(std::uint64_t name);
    void take_ready(endpoint& of, std::uint32_t now_ms, bool all);
    void decide(endpoint& of, const span_number* first, const span_number* last, std::vector<window_verdict>& out);
    void ask_model(endpoint& of, std::vector<window_verdict>& out, std::size_t first_verdict);

    span_store& store_;
    stitch_options options_;
    std::unordered_map<std::uint64_t, endpoint> endpoints_;
    std::vector<span_number> ready_;
    std::vector<window_span> calls_;
    std::vector<left_span> model_left_;
    std::vector<entered_span> model_entered_;
    std::uint32_t now_ms_ = 0;
    std::size_t bytes_ = 0, added_ = 0;
};

}  // namespace outrider::tracing
