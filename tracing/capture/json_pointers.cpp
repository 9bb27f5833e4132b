#include "tracing/capture/json_pointers.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace outrider::tracing {
namespace {

/// A needle begins and ends with a quote, so that its second and its last byte tell most.
bool contains(std::string_view text, std::string_view needle) {
#ifdef __SSE2__
    if (needle.size() > 2) {
        const auto second = _mm_set1_epi8(needle[1]), last = _mm_set1_epi8(needle.back());
        const auto bytes = [&](std::size_t at) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        };
        std::size_t at = 0;
        for (; at + needle.size() - 1 + 16 <= text.size(); at += 16) {
            const auto hits = _mm_and_si128(_mm_cmpeq_epi8(bytes(at + 1), second),
                                            _mm_cmpeq_epi8(bytes(at + needle.size() - 1), last));
            for (auto found = static_cast<unsigned>(_mm_movemask_epi8(hits)); found != 0; found &= found - 1)
                if (text.compare(at + static_cast<std::size_t>(std::countr_zero(found)), needle.size(), needle) == 0)
                    return true;
        }
        text.remove_prefix(std::min(at, text.size()));
    }
#endif
    return text.find(needle) != std::string_view::npos;
}

}  // namespace

std::size_t json_pointers::add(std::string_view pointer) {
    const auto known = std::find(texts_.begin(), texts_.end(), pointer);
    if (known != texts_.end()) return static_cast<std::size_t>(known - texts_.begin());
    if (pointers_.size() == most || !pointer.starts_with('/')) return most;
    auto& made = pointers_.emplace_back();
    texts_.emplace_back(pointer);
    for (pointer.remove_prefix(1);;) {
        const auto slash = pointer.find('/');
        auto& one = made.emplace_back();
        for (const char c : pointer.substr(0, slash)) {
            if (!one.name.empty() && one.name.back() == '~' && (c == '0' || c == '1'))
                one.name.back() = c == '0' ? '\1' : '/';  // ~01 is ~1, not a slash
            else
                one.name.push_back(c);
        }
        std::replace(one.name.begin(), one.name.end(), '\1', '~');
        const auto* last = one.name.data() + one.name.size();
        const auto [end, error] = std::from_chars(one.name.data(), last, one.index);
        one.is_index = error == std::errc{} && end == last && (one.name.size() == 1 || one.name.front() != '0');
        if (slash == std::string_view::npos) break;
        pointer.remove_prefix(slash + 1);
    }
    const auto last = std::find_if(made.rbegin(), made.rend(), [](const segment& each) { return !each.is_index; });
    last_names_.push_back(last == made.rend() ? "" : '"' + last->name + '"');
    return pointers_.size() - 1;
}

bool json_pointers::may_lead_into(std::string_view text) const {
    constexpr std::size_t worth_while = 4;
    if (last_names_.size() > worth_while) return true;
    for (const auto& each : last_names_)
        if (contains(text, each)) return true;
    return !empty() && text.find('\\') != std::string_view::npos;  // a name may be written with escapes
}

std::uint64_t json_pointers::into(std::uint64_t from, std::size_t depth, std::string_view name) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1) {
        const auto& pointer = pointers_[static_cast<std::size_t>(std::countr_zero(from))];
        if (depth < pointer.size() && pointer[depth].name == name) found |= from & (~from + 1);
    }
    return found;
}

std::uint64_t json_pointers::into(std::uint64_t from, std::size_t depth, std::size_t index) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1) {
        const auto& pointer = pointers_[static_cast<std::size_t>(std::countr_zero(from))];
        if (depth < pointer.size() && pointer[depth].is_index && pointer[depth].index == index)
            found |= from & (~from + 1);
    }
    return found;
}

std::uint64_t json_pointers::ending(std::uint64_t from, std::size_t depth) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1)
        if (pointers_[static_cast<std::size_t>(std::countr_zero(from))].size() == depth) found |= from & (~from + 1);
    return found;
}

}  // namespace outrider::tracing
