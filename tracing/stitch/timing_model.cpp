#include "tracing/stitch/timing_model.hpp"

#include <algorithm>

#include "tracing/stitch/process_matching.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t block = 2000;  ///< requests matched at once
constexpr std::size_t most_operations = 256, most_kinds = 4096;
constexpr std::size_t most_bytes = 16U << 20;
constexpr std::uint64_t measured_every = 16;  ///< matches

std::size_t bytes_of(const process_habits& known) {
    std::size_t bytes = sizeof known + known.strays.size() * 80;
    for (const auto& [operation, each] : known.operations)
        bytes += each.habits.memory() + (each.in_turn ? each.in_turn->memory() : 0) + 100;
    return bytes;
}

void forget_oldest(process_habits& known, std::size_t most) {
    if (known.operations.size() <= most) return;
    std::vector<std::uint64_t> used;
    for (const auto& [operation, each] : known.operations) used.push_back(each.used);
    const auto border = used.begin() + static_cast<std::ptrdiff_t>(used.size() - most);
    std::nth_element(used.begin(), border, used.end());
    std::erase_if(known.operations, [since = *border](const auto& each) { return each.second.used < since; });
    while (known.operations.size() > most) known.operations.erase(known.operations.begin());
}

void keep_bounds(process_habits& known) {
    forget_oldest(known, most_operations);
    if (known.strays.size() > most_kinds) known.strays.clear();
    if (known.matches % measured_every) return;
    while (known.operations.size() > 1 && bytes_of(known) > most_bytes)
        forget_oldest(known, known.operations.size() / 2);
}

}  // namespace

struct timing_model::state {
    process_habits known;
};

timing_model::timing_model() : state_(std::make_unique<state>()) {}
timing_model::~timing_model() = default;
timing_model::timing_model(timing_model&&) noexcept = default;
timing_model& timing_model::operator=(timing_model&&) noexcept = default;

std::vector<timing_guess> timing_model::match(std::span<const entered_span> entered, std::span<const left_span> left) {
    auto& known = state_->known;
    std::vector<timing_guess> guesses(left.size());
    for (std::uint32_t l = 0; l < left.size(); ++l) guesses[l].left = l;
    std::vector<left_span> calls;
    std::vector<entered_span> requests;
    // Half a block before and after belongs to each, so that what goes over its borders is seen.
    for (std::size_t at = 0; at < entered.size(); at += block) {
        ++known.matches;
        const std::size_t from = at - std::min(at, block / 2), to = std::min(entered.size(), at + block + block / 2);
        const auto by_start = [](const left_span& l, std::int64_t start) { return l.start_ns < start; };
        const auto place = [&](std::size_t e) {
            return static_cast<std::size_t>(std::lower_bound(left.begin(), left.end(), entered[e].start_ns, by_start) -
                                            left.begin());
        };
        const std::size_t first = from ? place(from) : 0, last = to < entered.size() ? place(to) : left.size();
        const std::size_t asked = at ? place(at) : 0,
                          end = at + block < entered.size() ? place(at + block) : left.size();
        calls.assign(left.begin() + static_cast<std::ptrdiff_t>(first),
                     left.begin() + static_cast<std::ptrdiff_t>(last));
        for (left_span& call : calls) {
            for (std::size_t i = 0; i < call.among_count; ++i) call.among[i] -= static_cast<std::uint32_t>(from);
            if (call.known_cause < from || call.known_cause >= to) continue;
            call.known_cause -= static_cast<std::uint32_t>(from);
        }
        requests.assign(entered.begin() + static_cast<std::ptrdiff_t>(from),
                        entered.begin() + static_cast<std::ptrdiff_t>(to));
        for (std::size_t i = 0; i < requests.size(); ++i)
            requests[i].learn &= !requests[i].whole || (from + i >= at && from + i < at + block);
        const auto found = process_matching(known, requests, calls).run();
        const auto in_all = [&](std::uint32_t e) { return e == no_span ? e : e + static_cast<std::uint32_t>(from); };
        for (std::size_t l = std::max(asked, first); l < std::min(end, last); ++l) {
            const timing_guess& g = found[l - first];
            guesses[l] = {static_cast<std::uint32_t>(l), in_all(g.entered), g.confidence, in_all(g.second),
                          g.second_confidence};
        }
        keep_bounds(known);
    }
    return guesses;
}

std::size_t timing_model::memory() const { return sizeof(state) + bytes_of(state_->known); }

}  // namespace outrider::tracing
