#include "sidecar/http/last_good.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace outrider::http {
namespace {

/// What an entry takes besides its texts, about.
constexpr std::size_t overhead = 256;

template <typename Head>
const field* named(const Head& head, std::string_view name) {
    for (const auto& f : head.fields)
        if (same_name(f.name, name)) return &f;
    return nullptr;
}

bool lists(const field_list& fields, std::string_view name, std::span<const std::string_view> any_of) {
    bool found = false;
    for (const auto& f : fields) {
        if (!same_name(f.name, name)) continue;
        for_each_member(f.value, [&](std::string_view member) {
            auto word = trim(member.substr(0, member.find('=')));
            for (auto each : any_of) found = found || same_name(word, each);
        });
    }
    return found;
}

/// Vary may name Accept-Encoding, which is part of the key, and nothing else.
bool varies_otherwise(const field_list& fields) {
    bool otherwise = false;
    for (const auto& f : fields) {
        if (!same_name(f.name, "vary")) continue;
        for_each_member(f.value, [&](std::string_view member) { otherwise |= !same_name(member, "accept-encoding"); });
    }
    return otherwise;
}

/// RFC 9111 3: not to be stored, or not by what others are served from. 4.2.4: not to be used once it is stale.
constexpr std::array forbidden{std::string_view{"no-store"},         std::string_view{"private"},
                               std::string_view{"no-cache"},         std::string_view{"must-revalidate"},
                               std::string_view{"proxy-revalidate"}, std::string_view{"s-maxage"}};
constexpr std::array no_store{std::string_view{"no-store"}};

std::chrono::seconds age_of(const response_head& head) {
    const auto* f = named(head, "age");
    std::uint32_t seconds = 0;
    if (f) std::from_chars(f->value.data(), f->value.data() + f->value.size(), seconds);
    return std::chrono::seconds{seconds};
}

bool is_kept(const field& f) {
    if (f.dropped || f.id == field_id::transfer_encoding || f.id == field_id::content_length) return false;
    return f.id != field_id::trailer && !same_name(f.name, "age");
}

}  // namespace

std::string key_of(const asked_for& what, const request_head& head) {
    if (named(head, "authorization") || named(head, "cookie") || lists(head.fields, "cache-control", no_store))
        return {};
    std::string key;
    auto add = [&](std::string_view part) { key.append(part).push_back('\n'); };  // in no part of a head
    for (auto part : {what.upstream, what.host, what.path}) add(part);
    for (const auto& f : head.fields)
        if (same_name(f.name, "accept-encoding")) add(f.value);
    for (auto name : what.callers) {
        add(name);
        for (const auto& f : head.fields)
            if (same_name(f.name, name)) add(f.value);
    }
    return key.size() <= last_good::longest_key ? key : std::string{};
}

std::unique_ptr<good_answer> begin_copy(const response_head& head, std::optional<std::uint64_t> length) {
    if (head.status != 200 || (length && *length > last_good::most_body)) return nullptr;
    if (named(head, "set-cookie") || named(head, "outrider-fallback")) return nullptr;
    if (lists(head.fields, "cache-control", forbidden) || varies_otherwise(head.fields)) return nullptr;
    auto copy = std::make_unique<good_answer>();
    for (const auto& f : head.fields) {
        if (!is_kept(f)) continue;
        copy->fields.append(f.line);
        copy->dated |= f.id == field_id::date;
    }
    copy->age = age_of(head);
    if (length) copy->body.reserve(static_cast<std::size_t>(*length));
    return copy;
}

void last_good::keep(std::string key, std::shared_ptr<const good_answer> answer) {
    entry made{std::move(key), std::move(answer), 0};
    made.bytes = made.key.size() + made.answer->fields.size() + made.answer->body.size() + overhead;
    entries fresh, gone;
    fresh.push_back(std::move(made));
    std::lock_guard lock{mutex_};
    auto drop = [&](entries::iterator which) {
        index_.erase(which->key);
        bytes_ -= which->bytes;
        gone.splice(gone.begin(), entries_, which);
    };
    if (auto at = index_.find(fresh.front().key); at != index_.end()) drop(at->second);
    bytes_ += fresh.front().bytes;
    entries_.splice(entries_.begin(), fresh);
    index_.emplace(entries_.front().key, entries_.begin());
    while (bytes_ > most_bytes) drop(std::prev(entries_.end()));
}

std::shared_ptr<const good_answer> last_good::find(std::string_view key, std::chrono::steady_clock::time_point now,
                                                   std::chrono::milliseconds within) {
    std::lock_guard lock{mutex_};
    auto at = index_.find(key);
    if (at == index_.end() || now - at->second->answer->at > within) return nullptr;
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->answer;
}

std::size_t last_good::bytes() const {
    std::lock_guard lock{mutex_};
    return bytes_;
}

std::size_t last_good::size() const {
    std::lock_guard lock{mutex_};
    return entries_.size();
}

}  // namespace outrider::http
