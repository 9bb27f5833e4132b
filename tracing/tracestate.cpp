#include "tracing/tracestate.hpp"

#include <algorithm>
#include <array>

#include "tracing/text.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t long_member = 128;

bool is_key(std::string_view key) {
    auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    auto goes_on = [&](char c) { return starts(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@'; };
    return !key.empty() && key.size() <= 256 && starts(key.front()) && std::all_of(key.begin(), key.end(), goes_on);
}

// Printable ASCII without comma and equals sign; spaces inside, but not at the end (trimmed before we look).
bool is_value(std::string_view value) {
    auto fits = [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; };
    return !value.empty() && value.size() <= 256 && std::all_of(value.begin(), value.end(), fits);
}

/// The members of a list, across its lines, in order.
struct member_list {
    std::array<std::string_view, tracestate_members> all;
    std::size_t count = 0;

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += all[i].size() + 1;
        return sum;
    }
    void erase(std::size_t at) {
        std::move(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, all.begin() + static_cast<std::ptrdiff_t>(count),
                  all.begin() + static_cast<std::ptrdiff_t>(at));
        --count;
    }
};

std::string_view key_of(std::string_view member) { return member.substr(0, member.find('=')); }

// Calls visit(member) for each that is not empty, until it returns false.
template <class Visit>
bool for_each_member(std::span<const std::string_view> lines, Visit visit) {
    for (auto line : lines) {
        while (!line.empty()) {
            auto comma = std::min(line.find(','), line.size());
            auto member = trim_blanks(line.substr(0, comma));
            line.remove_prefix(std::min(comma + 1, line.size()));
            if (!member.empty() && !visit(member)) return false;
        }
    }
    return true;
}

bool is_edited(std::string_view key, std::span<const tracestate_edit> edits) {
    return std::any_of(edits.begin(), edits.end(), [&](const auto& edit) { return edit.key == key; });
}

// Long members first, the rightmost of them before the others; then from the right.
void cut(member_list& members, std::size_t room, std::size_t places) {
    for (auto i = members.count; i-- > 0 && members.bytes() > room;) {
        if (members.all[i].size() > long_member) members.erase(i);
    }
    while (members.count > 0 && (members.bytes() > room || members.count > places)) --members.count;
}

}  // namespace

bool valid_tracestate(std::span<const std::string_view> lines) {
    std::array<std::string_view, tracestate_members> keys;
    std::size_t count = 0;
    return for_each_member(lines, [&](std::string_view member) {
        auto equals = member.find('=');
        if (equals == std::string_view::npos || count == keys.size()) return false;
        auto key = member.substr(0, equals);
        if (!is_key(key) || !is_value(member.substr(equals + 1))) return false;
        auto known = keys.begin() + static_cast<std::ptrdiff_t>(count);
        if (std::find(keys.begin(), known, key) != known) return false;
        keys[count++] = key;
        return true;
    });
}

std::string_view find_tracestate(std::span<const std::string_view> lines, std::string_view key) {
    std::string_view found;
    for_each_member(lines, [&](std::string_view member) {
        if (key_of(member) != key) return true;
        found = member.substr(std::min(key.size() + 1, member.size()));
        return false;
    });
    return found;
}

void append_tracestate(std::string& out, std::span<const std::string_view> lines,
                       std::span<const tracestate_edit> edits) {
    member_list others;
    for_each_member(lines, [&](std::string_view member) {
        if (!is_edited(key_of(member), edits)) others.all[others.count++] = member;
        return others.count < others.all.size();
    });
    std::size_t own_bytes = 0, own_count = 0;
    auto begin = out.size();
    auto separate = [&] {
        if (out.size() != begin) out += ',';
    };
    for (const auto& edit : edits) {
        if (edit.value.empty()) continue;
        separate();
        out.append(edit.key).append(1, '=').append(edit.value);
        own_bytes += edit.key.size() + edit.value.size() + 2;
        ++own_count;
    }
    cut(others, tracestate_bytes - std::min(own_bytes, tracestate_bytes), tracestate_members - own_count);
    for (std::size_t i = 0; i < others.count; ++i) {
        separate();
        out.append(others.all[i]);
    }
}

}  // namespace outrider::tracing
