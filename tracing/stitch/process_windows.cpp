#include "tracing/stitch/process_windows.hpp"

#include <algorithm>
#include <iterator>

namespace outrider::tracing {
namespace {

constexpr std::size_t most_entered = 32'768, most_shown = 8'192;  // of one process
constexpr std::size_t most_operations = 1'024;                    // of one service; the rest behave alike
constexpr std::size_t piece = 2'048;                              // roots that are decided together
constexpr std::size_t most_asked_again = 4'096;                   // in one step of one process
constexpr std::uint8_t most_retold = 3;
constexpr std::uint8_t confident = 180;  // of 200
constexpr std::size_t process_bytes = 400, service_bytes = 250, operation_bytes = 48;

}  // namespace

std::uint16_t process_windows::join(const origin_facts& origin) {
    if (const auto known = numbers_.find(origin.process); known != numbers_.end()) {
        ++processes_[known->second]->held;
        return known->second;
    }
    if (free_.empty() && processes_.size() == no_process) return no_process;
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint16_t>(processes_.size()));
        processes_.emplace_back();
    }
    const auto number = free_.back();
    free_.pop_back();
    auto& of = services_[origin.service];
    if (!of) {
        of = std::make_unique<service>();
        of->name = origin.service;
    }
    ++of->processes;
    processes_[number] = std::make_unique<process>();
    auto& added = *processes_[number];
    added.name = origin.process;
    added.of = of.get();
    added.held = 1;
    numbers_.emplace(origin.process, number);
    return number;
}

void process_windows::let_go(std::uint16_t number) {
    if (number == no_process || --processes_[number]->held > 0) return;
    auto& gone = *processes_[number];
    waiting_ -= gone.waiting.size();
    window_bytes_ -= gone.bytes;
    numbers_.erase(gone.name);
    if (--gone.of->processes == 0) {
        operations_ -= gone.of->operations.size();
        model_bytes_ -= gone.of->model_bytes;
        services_.erase(gone.of->name);
    }
    processes_[number].reset();
    free_.push_back(number);
}

std::uint16_t process_windows::operation_of(std::uint16_t number, std::uint64_t name) {
    if (number == no_process || name == 0) return 0;
    auto& known = processes_[number]->of->operations;
    if (const auto found = known.find(name); found != known.end()) return found->second;
    if (known.size() + 1 >= most_operations) return 0;
    ++operations_;
    return known.emplace(name, static_cast<std::uint16_t>(known.size() + 1)).first->second;
}

void process_windows::entered(span_number number) {
    const auto& span = store_[number];
    if (span.process == no_process || !span.timed) return;
    auto& of = *processes_[span.process];
    of.consumes |= span.messaging;
    const auto handling = span.handed_over ? longest_handling_ns : 0;
    of.entered.add({span.brought_ns(), span.end_ns + handling, number, span.operation});
    of.fresh.push_back(number);
    ++added_;
}

bool process_windows::left(span_number number, bool root) {
    const auto& span = store_[number];
    if (span.process == no_process || !span.timed) return false;
    auto& of = *processes_[span.process];
    of.of->has_roots |= root;
    if (!of.of->has_roots) return false;
    of.waiting.push_back(number);
    ++waiting_;
    ++added_;
    return true;
}

std::size_t process_windows::memory() const {
    return numbers_.size() * process_bytes + services_.size() * service_bytes + operations_ * operation_bytes +
           window_bytes_ + model_bytes_ + added_ * sizeof(window_span);
}

void process_windows::step(std::uint32_t now_ms, span_number oldest, bool all, std::vector<window_verdict>& out) {
    now_ms_ = now_ms;
    for (auto& each : processes_) {
        if (each && (!each->fresh.empty() || !each->waiting.empty() || all)) step(*each, now_ms, oldest, all, out);
    }
    count_bytes();
    if (model_bytes_ > options_.memory_bytes / 4) drop_models();
}

void process_windows::count_bytes() {
    added_ = window_bytes_ = model_bytes_ = 0;
    for (auto& each : processes_) {
        if (!each) continue;
        each->bytes = each->entered.memory() + each->shown.capacity() * sizeof(shown_span) +
                      (each->waiting.capacity() + each->fresh.capacity()) * sizeof(span_number);
        window_bytes_ += each->bytes;
    }
    for (auto& [name, each] : services_) {
        each->model_bytes = (each->model ? each->model->memory() : 0) + each->usual.memory();
        model_bytes_ += each->model_bytes;
    }
}

/// What was learnt of the services that have been asked about least lately, until there is room for others.
void process_windows::drop_models() {
    std::vector<service*> models;
    for (auto& [name, each] : services_) {
        if (each->model) models.push_back(each.get());
    }
    std::sort(models.begin(), models.end(), [](const auto* a, const auto* b) { return a->asked_ms < b->asked_ms; });
    for (auto* each : models) {
        if (model_bytes_ <= options_.memory_bytes / 8) return;
        model_bytes_ -= each->model_bytes;
        each->model.reset();
        each->model_bytes = 0;
    }
}

void process_windows::step(process& of, std::uint32_t now_ms, span_number oldest, bool all,
                           std::vector<window_verdict>& out) {
    of.entered.sort();
    ask_again(of);
    take_ready(of, now_ms, all);
    for (std::size_t at = 0; at < at_.ready.size(); at += piece) {
        const auto* first = at_.ready.data() + at;
        decide(of, first, first + std::min(piece, at_.ready.size() - at), out);
    }
    of.fresh.clear();
    if (of.fresh.capacity() > 1'024) of.fresh.shrink_to_fit();
    of.entered.trim(oldest, most_entered, store_);
    const auto beyond = of.shown.size() > most_shown ? of.shown.size() - most_shown : 0;
    const auto kept = std::remove_if(
        of.shown.begin() + static_cast<std::ptrdiff_t>(beyond), of.shown.end(),
        [&](const auto& each) { return !store_.holds(each.number) || store_.before(each.number, oldest); });
    of.shown.erase(kept, of.shown.end());
    of.shown.erase(of.shown.begin(), of.shown.begin() + static_cast<std::ptrdiff_t>(beyond));
}

/// What had been decided without a span that it should have been compared with waits anew.
void process_windows::ask_again(process& of) {
    std::size_t asked = 0;
    for (const auto number : of.fresh) {
        if (!store_.holds(number) || asked >= most_asked_again) continue;
        const auto& late = store_[number];
        auto at = std::lower_bound(of.shown.begin(), of.shown.end(), late.brought_ns(),
                                   [](const auto& each, std::int64_t start) { return each.start_ns < start; });
        const auto until = late.end_ns + (late.handed_over ? longest_handling_ns : 0);
        for (; at != of.shown.end() && at->start_ns <= until && asked < most_asked_again; ++at, ++asked) {
            if (!store_.holds(at->number)) continue;
            auto& root = store_[at->number];
            if (root.parented || !root.decided || root.retold >= most_retold) continue;
            const bool doubtful =
                root.source == link_source::none ||
                (root.source == link_source::timing && (root.incomplete || root.confidence < confident));
            if (!doubtful) continue;
            ++root.retold;
            of.waiting.push_back(at->number);
            ++waiting_;
            at->number = no_number;
        }
    }
    std::erase_if(of.shown, [](const auto& each) { return each.number == no_number; });
}

/// Roots are decided together, so that what arrived is worked through twice and not five times: when one has waited
/// long enough, all that have waited half as long and whose candidates have all arrived. What is to be decided anew
/// comes with them.
bool process_windows::is_time(const process& of, std::uint32_t now_ms) const {
    bool anew = false, first = false;
    for (const auto each : of.waiting) {
        if (!store_.holds(each)) continue;
        const auto& root = store_[each];
        if (!root.decided && now_ms - root.arrived_ms >= patience_ms()) return true;
        (root.decided ? anew : first) = true;
    }
    return anew && !first;
}

bool process_windows::is_due(const process& of, const held_span& root, std::uint32_t now_ms) const {
    const auto waited = now_ms - root.arrived_ms;
    if (root.decided || waited >= patience_ms()) return true;
    if (of.works_on() || waited < patience_ms() / 2) return false;
    return root.inbound_open >= 0 && missing_of(of, root) == 0;
}

void process_windows::take_ready(process& of, std::uint32_t now_ms, bool all) {
    at_.ready.clear();
    if (!all && !is_time(of, now_ms)) return;
    const auto waits = std::remove_if(of.waiting.begin(), of.waiting.end(), [&](span_number each) {
        if (!store_.holds(each)) return true;
        if (!all && !is_due(of, store_[each], now_ms)) return false;
        at_.ready.push_back(each);
        return true;
    });
    waiting_ -= static_cast<std::size_t>(of.waiting.end() - waits);
    of.waiting.erase(waits, of.waiting.end());
    std::sort(at_.ready.begin(), at_.ready.end(), [this](auto a, auto b) {
        const auto &left = store_[a], &right = store_[b];
        return left.start_ns != right.start_ns ? left.start_ns < right.start_ns : left.key < right.key;
    });
}

std::uint16_t process_windows::process::always_missing() const {
    return *std::min_element(std::begin(missing), std::end(missing));
}

}  // namespace outrider::tracing
