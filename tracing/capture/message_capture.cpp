#include "tracing/capture/message_capture.hpp"

#include <algorithm>
#include <bit>

#include "tracing/capture/json_escapes.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t longest_name = 256;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool same_field(std::string_view name, std::string_view small) {
    return name.size() == small.size() && std::equal(name.begin(), name.end(), small.begin(), [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
           });
}

/// The segment before is called as the source, or as several of it.
bool leads_to(std::string_view before, std::string_view name) {
    return before == name || (before.size() == name.size() + 1 && before.back() == 's' && before.starts_with(name));
}

}  // namespace

void message_capture::clear() {
    for (auto& each : found_) each = {};
    text_.clear();
    echo_count_ = 0;
    echo_bits_ = 0;
}

/// Replaces %XX, and + where that is a space; what is malformed stays as it is. The view lives until the next call.
std::string_view message_capture::decoded(std::string_view text, bool plus_is_space) {
    text = text.substr(0, longest_name);
    if (text.find_first_of(plus_is_space ? "%+" : "%") == std::string_view::npos) return text;
    scratch_.clear();
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape =
            text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
        if (escape) {
            scratch_.push_back(static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2])));
            at += 2;
        } else {
            scratch_.push_back(text[at] == '+' && plus_is_space ? ' ' : text[at]);
        }
    }
    return scratch_;
}

void message_capture::path(std::string_view path) {
    std::string_view before;
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        const auto raw = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (raw.empty()) continue;
        const bool wanted = !before.empty() && !plan_.paths.empty();
        if (wanted || (!echo_full() && looks_like_id(raw))) {
            const auto segment = decoded(raw, false);
            if (wanted)
                for (const auto& each : plan_.paths)
                    if (leads_to(before, each.name)) keep(each, segment);
            if (looks_like_id(segment)) add_echo(segment);
        }
        before = raw;
    }
}

void message_capture::query(std::string_view query) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        // The name is read first, as whoever takes the request reads it: "%74oken" is "token".
        const auto name = decoded(pair.substr(0, equals), true);
        if (hidden(name)) continue;
        const capture_plan::lookup* found[8];
        std::size_t count = 0;
        for (const auto& each : plan_.queries)
            if (each.name == name && count < std::size(found)) found[count++] = &each;
        if (count == 0 && echo_full()) continue;
        const auto value = decoded(pair.substr(equals + 1), true);
        for (std::size_t i = 0; i < count; ++i) keep(*found[i], value);
        if (looks_like_id(value)) add_echo(value);
    }
}

bool message_capture::hidden(std::string_view name) const {
    return std::find(plan_.hidden_query.begin(), plan_.hidden_query.end(), name) != plan_.hidden_query.end();
}

void message_capture::field(std::string_view name, std::string_view value) {
    if (plan_.has_field_of(name.size()))
        for (const auto& each : plan_.fields)
            if (same_field(name, each.name)) keep(each, value);
    if (!echo_full() && names_an_id(name) && looks_like_id(value)) add_echo(value);
}

void message_capture::record_key(std::string_view key) {
    for (const auto& each : plan_.record_keys) keep(each, key);
    if (looks_like_id(key)) add_echo(key);
}

void message_capture::record_header(std::string_view name, std::string_view value) {
    for (const auto& each : plan_.record_headers)
        if (name == each.name) keep(each, value);
    if (!echo_full() && names_an_id(name) && looks_like_id(value)) add_echo(value);
}

void message_capture::json(std::string_view text, bool complete) {
    find_keys(text, complete);
    if (!echo_full()) find_values(text, complete, *this);
}

void message_capture::find_keys(std::string_view json, bool complete) {
    open_pointers_ = plan_.pointers.all();
    if (plan_.pointers.may_lead_into(json)) scan_json(json, complete, plan_.pointers, *this);
}

bool message_capture::wants_answer() const {
    if (plan_.pointers.empty() || plan_.body_bytes == 0) return false;
    for (std::size_t slot = 0; slot < found_.size(); ++slot)
        if (plan_.lowest_json_rank(slot) < found_[slot].rank) return true;
    return false;
}

void message_capture::answer(std::string_view json, bool complete) { find_keys(json, complete); }

[[gnu::always_inline]] inline void message_capture::add_hash(std::uint64_t hash) {
    // Most are new; six bits of each tell most of those from all that are held.
    const auto bit = std::uint64_t{1} << (hash >> 58);
    const auto held = echo();
    if ((echo_bits_ & bit) != 0 && std::find(held.begin(), held.end(), hash) != held.end()) return;
    echo_bits_ |= bit;
    echo_[echo_count_++] = hash;
}

bool message_capture::on_values(std::span<const json_value> some) {
    for (const auto& one : some) {
        if (echo_full()) return false;
        if (!one.escaped) [[likely]]
            add_hash(siphash(plan_.key, one.text()));
        else
            add_echo(unescaped(one.text()));
    }
    return !echo_full();
}

/// The view lives until the next call.
std::string_view message_capture::unescaped(std::string_view raw) {
    scratch_.clear();
    unescape_json(raw, scratch_);
    return scratch_;
}

bool message_capture::on_scalar(const json_scalar& one) {
    const auto named = one.pointers & open_pointers_;
    open_pointers_ &= ~named;
    if (one.is_string || one.text != "null") {
        const auto value = one.escaped ? unescaped(one.text.substr(0, 4 * longest_value)) : one.text;
        for (std::size_t i = 0; i < plan_.at_pointer.size(); ++i)
            if ((named >> i & 1) != 0)
                for (const auto& each : plan_.at_pointer[i]) keep(each, value);
    }
    return open_pointers_ != 0;
}

void message_capture::keep(const capture_plan::lookup& where, std::string_view value) {
    auto& found = found_[where.slot];
    if (where.rank >= found.rank || value.empty()) return;
    value = value.substr(0, longest_value);
    found = {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(value.size()), where.rank};
    text_.append(value);
}

void message_capture::add_echo(std::string_view value) {
    if (!echo_full()) add_hash(siphash(plan_.key, value));
}

std::string_view message_capture::value(std::size_t slot) const {
    const auto& found = found_[slot];
    return found.rank == nothing ? std::string_view{} : std::string_view{text_}.substr(found.at, found.size);
}

void message_capture::write(span_encoder& out) const {
    for (std::size_t slot = 0; slot < found_.size(); ++slot)
        if (const auto text = value(slot); !text.empty()) out.attribute(plan_.attributes[slot], text);
    write_echo(out, echo());
}

void write_echo(span_encoder& out, std::span<const std::uint64_t> hashes) {
    if (hashes.empty()) return;
    hashes = hashes.subspan(0, std::min(hashes.size(), capture_plan::most_values));
    std::array<std::uint64_t, capture_plan::most_values> little_endian;
    if constexpr (std::endian::native != std::endian::little) {
        std::transform(hashes.begin(), hashes.end(), little_endian.begin(),
                       [](auto hash) { return __builtin_bswap64(hash); });
        hashes = {little_endian.data(), hashes.size()};
    }
    out.bytes(chain_attributes::echo,
              std::string_view{reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()});
}

}  // namespace outrider::tracing
