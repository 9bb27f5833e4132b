#include "sidecar/collector/answer_shelf.hpp"

#include <cstdio>

#include "governance/keyed_hash.hpp"
#include "sidecar/collector/content_choice.hpp"
#include "sidecar/export/gzip.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t most_entries = 64;
constexpr std::uint64_t most_bytes = 32 << 20, most_bytes_of_one = 4 << 20;
constexpr std::chrono::milliseconds polled_age{500}, longest_age{5'000};
constexpr std::size_t least_packed = 512;  // a shorter one fits into a packet as it is

/// By the content: whoever makes the same answer, in whatever process, gives it the same name.
std::string etag_of(std::string_view body) {
    constexpr governance::hash_secret no_secret{};
    const auto hash = governance::keyed_hash(body, no_secret);
    char text[40];
    std::snprintf(text, sizeof text, "W/\"%016llx%08llx\"", static_cast<unsigned long long>(hash.low),
                  static_cast<unsigned long long>(hash.high & 0xFFFFFFFF));
    return text;
}

net::header_list polled_fields(const std::string& etag) {
    return {{"Cache-Control", "no-cache"}, {"ETag", etag}, {"Vary", "Accept-Encoding"}};
}

}  // namespace

bool answer_shelf::holds(const entry& one, std::uint64_t version, const net::server_request& request) const {
    const auto age = now_() - one.made;
    if (age < polled_age && request.header("if-none-match")) return true;
    return age < longest_age && one.version == version;
}

net::server_response answer_shelf::answer(const net::server_request& request, std::uint64_t version,
                                          const std::function<net::server_response()>& make) {
    const auto target = request.path + "?" + request.query;
    auto at = entries_.find(target);
    if (at != entries_.end() && !holds(at->second, version, request)) {
        drop(at);
        at = entries_.end();
    }
    if (at == entries_.end()) {
        auto made = make();
        if (made.status != 200) return made;
        if (made.body.size() > most_bytes_of_one) {
            entry once{{}, version, std::move(made.content_type), std::move(made.body), {}, {}, {}};
            once.etag = etag_of(once.body);
            return shape(once, request);
        }
        at = keep(target, version, std::move(made));
    }
    used_.splice(used_.begin(), used_, at->second.place);
    const auto before = at->second.packed.size();
    auto out = shape(at->second, request);
    bytes_ += at->second.packed.size() - before;
    return out;
}

answer_shelf::entry_map::iterator answer_shelf::keep(const std::string& target, std::uint64_t version,
                                                     net::server_response made) {
    used_.push_front(target);
    auto etag = etag_of(made.body);
    entry one{now_(), version, std::move(made.content_type), std::move(made.body), {}, std::move(etag), used_.begin()};
    const auto at = entries_.emplace(target, std::move(one)).first;
    bytes_ += target.size() + at->second.body.size();
    while (entries_.size() > 1 && (entries_.size() > most_entries || bytes_ > most_bytes))
        drop(entries_.find(used_.back()));
    return at;
}

void answer_shelf::drop(entry_map::iterator which) {
    bytes_ -= which->first.size() + which->second.body.size() + which->second.packed.size();
    used_.erase(which->second.place);
    entries_.erase(which);
}

net::server_response answer_shelf::shape(entry& from, const net::server_request& request) {
    net::server_response out{200, from.content_type, {}, polled_fields(from.etag)};
    if (lists_etag(request.header("if-none-match").value_or(""), from.etag)) {
        out.status = 304;
        out.content_type.clear();
        return out;
    }
    if (from.body.size() < least_packed || !accepts_gzip(request.header("accept-encoding").value_or(""))) {
        out.body = from.body;
        return out;
    }
    if (from.packed.empty()) from.packed = exporting::gzip({from.body});
    out.headers.emplace_back("Content-Encoding", "gzip");
    out.body = from.packed;
    return out;
}

}  // namespace outrider::collector
