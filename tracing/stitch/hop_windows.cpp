#include "tracing/stitch/hop_windows.hpp"

#include <algorithm>

namespace outrider::tracing {
namespace {

constexpr std::size_t most_endpoints = 8'192, most_left = 16'384;
constexpr std::size_t piece = 1'024;
constexpr std::int64_t clocks_ns = 2'000'000'000;  // by which the clocks of two machines may differ
constexpr std::size_t endpoint_bytes = 200;
constexpr std::uint32_t unused_ms = 600'000;
constexpr float taken = 0.5F;

}  // namespace

hop_windows::endpoint* hop_windows::endpoint_of(std::uint64_t name) {
    if (const auto known = endpoints_.find(name); known != endpoints_.end()) return &known->second;
    if (endpoints_.size() >= most_endpoints) return nullptr;
    return &endpoints_[name];
}

void hop_windows::left(span_number number, std::uint64_t name) {
    const auto& span = store_[number];
    auto* of = span.timed && name != 0 ? endpoint_of(name) : nullptr;
    if (of == nullptr) return;
    of->left.add({span.start_ns, span.end_ns, number, span.process});
    of->used_ms = now_ms_;
    ++added_;
}

bool hop_windows::entered(span_number number, std::uint64_t name) {
    auto* of = store_[number].timed && name != 0 ? endpoint_of(name) : nullptr;
    if (of == nullptr) return false;
    of->waiting.push_back(number);
    of->used_ms = now_ms_;
    ++added_;
    return true;
}

std::size_t hop_windows::memory() const {
    return endpoints_.size() * endpoint_bytes + bytes_ + added_ * sizeof(window_span);
}

void hop_windows::step(std::uint32_t now_ms, span_number oldest, bool all, std::vector<window_verdict>& out) {
    now_ms_ = now_ms;
    bytes_ = added_ = 0;
    std::size_t model_bytes = 0;
    for (auto each = endpoints_.begin(); each != endpoints_.end();) {
        auto& of = each->second;
        take_ready(of, now_ms, all);
        for (std::size_t at = 0; at < ready_.size(); at += piece) {
            const auto* first = ready_.data() + at;
            decide(of, first, first + std::min(piece, ready_.size() - at), out);
        }
        of.left.trim(oldest, most_left, store_);
        if (of.left.empty() && of.waiting.empty() && now_ms - of.used_ms > unused_ms) {
            each = endpoints_.erase(each);
            continue;
        }
        // Where models take too much, those that came too late for it begin anew.
        auto learnt = of.model ? of.model->memory() : 0;
        if (model_bytes + learnt > options_.memory_bytes / 8) learnt = 0, of.model.reset();
        model_bytes += learnt;
        bytes_ += of.left.memory() + of.waiting.capacity() * sizeof(span_number) + learnt;
        ++each;
    }
}

/// A call ends, and arrives, after what it called: a root waits a little longer than the call does.
void hop_windows::take_ready(endpoint& of, std::uint32_t now_ms, bool all) {
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(options_.patience).count();
    std::size_t due = 0;
    ready_.clear();
    for (; due < of.waiting.size(); ++due) {
        const auto number = of.waiting[due];
        if (!store_.holds(number)) continue;
        if (!all && now_ms - store_[number].arrived_ms < patience) break;
        if (!store_[number].decided) ready_.push_back(number);
    }
    of.waiting.erase(of.waiting.begin(), of.waiting.begin() + static_cast<std::ptrdiff_t>(due));
    std::sort(ready_.begin(), ready_.end(), [this](auto a, auto b) {
        const auto &one = store_[a], &other = store_[b];
        return one.start_ns != other.start_ns ? one.start_ns < other.start_ns : one.key < other.key;
    });
}

void hop_windows::decide(endpoint& of, const span_number* first, const span_number* last,
                         std::vector<window_verdict>& out) {
    const auto first_verdict = out.size();
    model_entered_.clear();
    auto latest = store_[*first].start_ns;
    for (const auto* each = first; each != last; ++each) {
        const auto& span = store_[*each];
        out.emplace_back().root = *each;
        model_entered_.push_back({span.process, span.start_ns, span.end_ns});
        latest = std::max(latest, span.start_ns);
    }
    calls_.clear();
    of.left.sort();
    of.left.overlapping(store_[*first].start_ns - clocks_ns, latest + clocks_ns, calls_);
    std::erase_if(calls_,
                  [this](const auto& each) { return !store_.holds(each.number) || store_[each.number].followed; });
    if (!calls_.empty()) ask_model(of, out, first_verdict);
}

void hop_windows::ask_model(endpoint& of, std::vector<window_verdict>& out, std::size_t first_verdict) {
    model_left_.clear();
    for (const auto& each : calls_) model_left_.push_back({each.operation, each.start_ns, each.end_ns, no_span, false});
    if (!of.model) of.model = std::make_unique<hop_model>();
    const auto guesses = of.model->match(model_left_, model_entered_);
    const auto propose = [&](std::size_t call, std::uint32_t entered, double confidence) {
        if (entered >= model_entered_.size()) return;
        auto& verdict = out[first_verdict + entered];
        found_cause one{calls_[call].number, link_source::timing, static_cast<float>(confidence)};
        if (one.confidence > verdict.cause.confidence) std::swap(one, verdict.cause);
        if (one.valid() && one.confidence > verdict.others[0].confidence) verdict.others[0] = one;
    };
    for (std::size_t i = 0; i < guesses.size() && i < calls_.size(); ++i) {
        propose(i, guesses[i].entered, guesses[i].confidence);
        propose(i, guesses[i].second, guesses[i].second_confidence);
    }
    for (auto i = first_verdict; i < out.size(); ++i) {
        const auto& cause = out[i].cause;
        if (cause.valid() && cause.confidence >= std::max(taken, options_.least_confidence))
            store_[cause.cause].followed = true;
    }
}

}  // namespace outrider::tracing
