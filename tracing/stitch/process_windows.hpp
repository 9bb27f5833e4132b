#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracing/stitch/echo_match.hpp"
#include "tracing/stitch/span_store.hpp"
#include "tracing/stitch/stitcher.hpp"
#include "tracing/stitch/timing_model.hpp"
#include "tracing/stitch/usual_causes.hpp"
#include "tracing/stitch/window_spans.hpp"
#include "tracing/stitch/window_verdict.hpp"

namespace outrider::tracing {

/// What entered and left each process, the latest of it, and the causes that can only be told by looking at both: one
/// open candidate, a correlation id, echoed values, time. The instances of a service share a model.
class process_windows {
  public:
    static constexpr std::uint16_t no_process = 0xffff;
    /// How long records are taken to be handled after they were handed over.
    static constexpr std::int64_t longest_handling_ns = 2'000'000'000;

    process_windows(span_store& store, const stitch_options& options) : store_(store), options_(options) {}

    /// The numbers of a process and of an operation of its service; the process is counted until let_go().
    std::uint16_t join(const origin_facts& origin);
    void let_go(std::uint16_t process);
    std::uint16_t operation_of(std::uint16_t process, std::uint64_t name);

    void entered(span_number number);
    /// A root that waits; or one whose cause is known, which is shown to the model where there are roots.
    /// @return whether it will be decided here
    bool left(span_number number, bool root);

    /// Decides the roots whose patience has run out, or all.
    /// @param oldest  what arrived before it is no longer asked about
    void step(std::uint32_t now_ms, span_number oldest, bool all, std::vector<window_verdict>& out);

    std::size_t memory() const;
    bool waiting() const { return waiting_ > 0; }

  private:
    static constexpr float often_lonely = 0.05F;  ///< of roots
    struct service {
        std::uint64_t name = 0;
        std::uint32_t processes = 0;
        std::uint32_t asked_ms = 0;  ///< when its model was asked last
        std::size_t model_bytes = 0;
        bool has_roots = false;
        float alike = 0.02F;  ///< share of its latest roots whose values several requests had carried
        float heard = 0.5F;   ///< share of its latest roots with values that something that entered had carried
        float absent = 0;     ///< share of what was open when its latest roots began that has not arrived
        std::uint32_t asked_of_absent = 0;  ///< roots that `absent` was told of: the first ones weigh more
        float lonely = 0;                   ///< share of its latest roots that began while nothing was open
        std::unordered_map<std::uint64_t, std::uint16_t> operations;
        std::unique_ptr<timing_model> model;
        usual_causes usual;
    };
    /// A root or another span that left, which has been decided.
    struct shown_span {
        std::int64_t start_ns;
        span_number number;
    };
    struct process {
        std::uint64_t name = 0;
        service* of = nullptr;
        std::uint32_t held = 0;
        std::size_t bytes = 0;  ///< of its windows, at the last step
        bool consumes = false;  ///< messages: what follows from them begins after their spans have ended
        window_spans entered;
        std::vector<span_number> fresh;  ///< entered since the last step
        std::vector<span_number> waiting;
        std::vector<shown_span> shown;  ///< by start
        std::uint16_t missing[8] = {};  ///< candidates that had not arrived when the last roots were decided
        std::uint8_t missing_at = 0;
        std::uint16_t always_missing() const;
        /// Of so many that have not arrived those beyond the ones that never do, as streams.
        std::size_t unusual(std::size_t absent) const {
            return absent - std::min<std::size_t>(always_missing(), absent);
        }
        /// What follows from what enters may begin after that has ended.
        bool works_on() const { return consumes || of->lonely >= often_lonely; }
    };
    /// What one step is about, kept for its memory.
    struct scratch {
        std::vector<span_number> ready;
        std::vector<std::pair<std::int64_t, span_number>> pending;  ///< left too, but not asked about yet; by start
        std::int64_t complete_until = 0;       ///< what went on no longer has all its calls among these
        std::vector<window_span> entered;      ///< that may have caused what is ready
        std::vector<window_verdict> verdicts;  ///< of what is ready, in its order
        std::vector<window_span> asked;        ///< entered, as far as the model is asked
        std::vector<entered_span> model_entered;
        std::vector<std::pair<left_span, std::uint32_t>> left;  ///< with its place among verdicts
        std::vector<left_span> model_left;
        std::unordered_map<std::uint16_t, std::int64_t>
            queued;  ///< by operation that left: its last cause, which had ended
        echo_match echoes;
        echo_answer echo;
    };

    void step(process& of, std::uint32_t now_ms, span_number oldest, bool all, std::vector<window_verdict>& out);
    void count_bytes();
    void drop_models();
    void ask_again(process& of);
    std::uint32_t patience_ms() const {
        return static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(options_.patience).count());
    }
    bool is_time(const process& of, std::uint32_t now_ms) const;
    bool is_due(const process& of, const held_span& root, std::uint32_t now_ms) const;
    void take_ready(process& of, std::uint32_t now_ms, bool all);
    void decide(process& of, const span_number* first, const span_number* last, std::vector<window_verdict>& out);
    void gather(const process& of, std::int64_t earliest, std::int64_t latest);
    void drop_polls();
    void end_handling();
    found_cause known_cause(span_number left) const;
    void judge(process& of, window_verdict& verdict);
    void by_being_alone(process& of, const held_span& root, window_verdict& verdict) const;
    void by_correlation(const process& of, const held_span& root, window_verdict& verdict) const;
    void doubt_unheard(service& of, window_verdict& verdict) const;
    void by_echo(process& of, const held_span& root, window_verdict& verdict);
    void compare_values(process& of, const held_span& root, window_verdict& verdict);
    void by_earlier_record(const held_span& root, window_verdict& verdict) const;
    void learn_usual(service& of, const window_verdict& verdict);
    std::uint64_t partition_of(const window_span& entered) const;
    void list_pending(const process& of, std::int64_t earliest, const span_number* later);
    void list_lanes(const process& of);
    void list_left(const process& of);
    void ask_model(process& of, std::int64_t earliest);
    void add_settled(const process& of, std::int64_t earliest, std::int64_t latest);
    found_cause first_in_queue(const process& of, const window_verdict& verdict) const;
    void weigh(const process& of, const timing_guess& guess, window_verdict& verdict) const;
    void set_among(left_span& to, const window_verdict& verdict) const;
    std::size_t missing_of(const process& of, const held_span& root) const;
    void doubt_missing(process& of, const held_span& root, window_verdict& verdict);
    static void doubt_lonely(service& of, const held_span& root, bool lonely, window_verdict& verdict);
    /// Where a span is among those, which are by start; no_span where it is not.
    std::uint32_t index_among(const std::vector<window_span>& spans, span_number entered) const;

    span_store& store_;
    stitch_options options_;
    std::unordered_map<std::uint64_t, std::uint16_t> numbers_;
    std::unordered_map<std::uint64_t, std::unique_ptr<service>> services_;
    std::vector<std::unique_ptr<process>> processes_;
    std::vector<std::uint16_t> free_;
    std::size_t waiting_ = 0, window_bytes_ = 0, model_bytes_ = 0, operations_ = 0;
    std::size_t added_ = 0;  ///< to windows since the last step
    std::uint32_t now_ms_ = 0;
    scratch at_;
};

}  // namespace outrider::tracing
