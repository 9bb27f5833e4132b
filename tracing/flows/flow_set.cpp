#include "tracing/flows/flow_set.hpp"

#include <algorithm>

namespace outrider::flows {
namespace {

constexpr std::int64_t second = 1'000'000'000;
/// Whoever has not looked for so long does not know what came meanwhile.
constexpr std::int64_t pause = second;
/// Sidecars that found nobody try again within that.
constexpr std::int64_t after_a_restart = 10 * second;
constexpr std::size_t most_services = 4'096, most_values = 64;

unix_ns time_of(std::uint64_t ns) { return static_cast<unix_ns>(std::min<std::uint64_t>(ns, never / 2)); }

}  // namespace

flow_set::flow_set(flow_set_options options, flow_checker::chain_names names)
    : options_(options), names_(std::move(names)), hash_(options.checking.secret) {
    if (!names_) names_ = [](const tracing::trace_id& trace) { return trace; };
}

void flow_set::load(std::vector<flow> flows, unix_ns now) {
    // What is shown of another set is another version, whatever its flows have counted.
    constexpr std::uint64_t far = 1ULL << 40;
    loads_ += far;
    auto former = std::exchange(checkers_, {});
    index_ = {};
    for (auto& one : flows) {
        const auto same = std::find_if(former.begin(), former.end(), [&](const auto& checker) {
            return checker && checker->what().text == one.text;
        });
        if (same != former.end())
            checkers_.push_back(std::move(*same));
        else
            checkers_.push_back(std::make_unique<flow_checker>(std::move(one), options_.checking, now));
        index_.add(static_cast<std::uint32_t>(checkers_.size() - 1), checkers_.back()->what().events);
    }
}

bool flow_set::any_by_chain() const {
    return std::any_of(checkers_.begin(), checkers_.end(), [](const auto& one) { return one->by_chain(); });
}

std::uint32_t flow_set::number_of(std::string_view service) {
    if (const auto known = service_numbers_.find(service); known != service_numbers_.end()) return known->second;
    if (services_.size() >= most_services) return 0;
    services_.emplace_back(service.substr(0, 256));
    return service_numbers_[std::string{service}] = static_cast<std::uint32_t>(services_.size() - 1);
}

void flow_set::observe(const tracing::span_data& span, unix_ns arrived) {
    observe(tracing::view_of(span, attributes_), arrived);
}

void flow_set::observe(const tracing::span_view& span, unix_ns arrived) {
    if (checkers_.empty()) return;
    ++counters_.spans;
    read_event(span, span_);
    index_.find(span_, found_);
    if (found_.empty()) return;
    occurrence one;
    one.service = number_of(span_.service);
    one.teller = hash_.of(hash_(span_.service), hash_(span_.scope));
    one.start = time_of(span.start_unix_ns);
    one.end = time_of(span.end_unix_ns);
    one.arrived = arrived;
    one.trace = span.trace;
    one.span = span.span;
    for (const auto& which : found_) {
        one.event = which.event;
        auto& by = *checkers_[which.flow];
        ++counters_.events;
        if (by.by_chain())
            by.observe(names_(span.trace).hex(), one);
        else
            observe_key(by, one);
    }
    constexpr std::uint64_t seldom = 32;
    if (counters_.events % seldom == 0) make_room();
}

/// A span of many messages has the keys of all of them.
void flow_set::observe_key(flow_checker& by, const occurrence& one) {
    std::size_t values = 0;
    const auto take = [&](std::string_view text) {
        if (text.empty() || text.size() > options_.longest_key || ++values > most_values)
            return void(++counters_.left_out);
        by.observe(text, one);
    };
    bool any = false;
    for (const auto& [name, value] : span_.keys) {
        if (name != by.what().text.by) continue;
        any = true;
        if (const auto* list = value.array())
            for (const auto& each : *list) take(tracing::value_view{each}.text());
        else
            take(value.text());
    }
    if (!any) ++counters_.left_out;
}

void flow_set::regroup(std::span<const tracing::trace_id> former, unix_ns now) {
    for (const auto& one : checkers_)
        if (one->by_chain())
            for (const auto& name : former) one->regroup(name.hex(), names_, now);
}

void flow_set::advance(unix_ns now) {
    if (last_advance_ != 0 && now - last_advance_ > pause) hold_until_ = now + 2 * second;
    last_advance_ = now;
    for (const auto& one : checkers_) one->advance(now, hold_until_);
}

void flow_set::begin_restoring(unix_ns first) {
    for (const auto& one : checkers_) {
        one->set_quiet(true);
        one->set_since(first);
    }
}

void flow_set::end_restoring(unix_ns last, unix_ns now) {
    for (const auto& one : checkers_) {
        one->advance(last, 0);
        one->set_quiet(false);
    }
    last_advance_ = now;
    hold_until_ = now + after_a_restart;
}

std::uint64_t flow_set::version() const {
    auto sum = loads_;
    for (const auto& one : checkers_) sum += one->version();
    return sum;
}

std::vector<flow_checker*> flow_set::checkers() const {
    std::vector<flow_checker*> out;
    for (const auto& one : checkers_) out.push_back(one.get());
    return out;
}

flow_checker* flow_set::find(std::string_view name) const {
    for (const auto& one : checkers_)
        if (one->what().text.name == name) return one.get();
    return nullptr;
}

std::size_t flow_set::runs() const {
    std::size_t sum = 0;
    for (const auto& one : checkers_) sum += one->runs();
    return sum;
}

std::uint64_t flow_set::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& one : checkers_) sum += one->bytes();
    return sum;
}

/// Runs that have ended go first: they are there for what comes twice.
void flow_set::make_room() {
    while (runs() > options_.most_runs || bytes() > options_.most_bytes) {
        flow_checker* oldest = nullptr;
        bool ended = true;
        for (const bool which : {true, false}) {
            ended = which;
            for (const auto& one : checkers_)
                if (one->oldest(ended) != never && (oldest == nullptr || one->oldest(ended) < oldest->oldest(ended)))
                    oldest = one.get();
            if (oldest != nullptr) break;
        }
        if (oldest == nullptr) return;
        oldest->evict_oldest(ended);
        ++counters_.evicted;
    }
}

}  // namespace outrider::flows
