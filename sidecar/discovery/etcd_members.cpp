#include "sidecar/discovery/etcd_members.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "sidecar/config/endpoint.hpp"
#include "tracing/base64.hpp"

namespace outrider::discovery {
namespace {

constexpr std::size_t value_bytes = 64 * 1024;
constexpr std::size_t key_bytes = 4'096;

/// Bytes in base64; nothing when there are none or they are malformed.
std::optional<std::string> bytes_of(const json& object, const char* name) {
    const auto* found = member_of(object, name);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return tracing::decode_base64(found->get_ref<const std::string&>());
}

etcd_value unreadable(std::string why) { return {std::nullopt, false, std::move(why)}; }

etcd_value endpoint_in(const std::string& text, bool ready) {
    config::upstream_endpoint member;
    if (auto wrong = config::parse_upstream_endpoint(text, member); !wrong.empty()) return unreadable(shown(wrong));
    if (member.address.host.empty() || member.address.port == 0) return unreadable("an address without host or port");
    return {member, ready};
}

}  // namespace

etcd_value read_etcd_value(std::string_view value) {
    if (value.size() > value_bytes) return unreadable("a value of more than 64 KiB");
    const auto document = read_json(value);
    if (!document || !document->is_object()) {
        if (value.empty() || value.front() == '{') return unreadable("malformed JSON");
        return endpoint_in(std::string(value), true);
    }
    const auto address = text_of(*document, "address");
    if (address.empty()) return unreadable("no \"address\"");
    const auto scheme = text_of(*document, "scheme");
    if (!scheme.empty() && scheme != "http" && scheme != "https") return unreadable("scheme '" + shown(scheme) + "'");
    const auto* ready = member_of(*document, "ready");
    if (ready != nullptr && !ready->is_boolean()) return unreadable("\"ready\" is neither true nor false");
    if (address.find("://") != std::string::npos) return unreadable("\"address\" is a URL; it is host:port");
    return endpoint_in((scheme.empty() ? "http" : scheme) + "://" + address, ready == nullptr || ready->get<bool>());
}

std::string write_etcd_value(const config::upstream_endpoint& address, const publication& verdict,
                             const std::string& since) {
    return write_json({{"address", address.address.text()},
                       {"scheme", address.tls ? "https" : "http"},
                       {"ready", verdict.ready},
                       {"why", verdict.why},
                       {"since", since},
                       {"version", OUTRIDER_VERSION}});
}

std::string range_end_of(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (prefix.empty()) return std::string(1, '\0');  // etcd's word for everything
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

std::string etcd_members::take_range(const json& answer) {
    const auto* header = member_of(answer, "header");
    const auto revision = header != nullptr ? number_of(*header, "revision") : std::nullopt;
    constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!revision || *revision == 0 || *revision >= highest) return "a list without a usable revision";
    const auto* pairs = member_of(answer, "kvs");
    if (pairs != nullptr && !pairs->is_array()) return "a list whose kvs are none";
    keys_.clear();
    revision_ = *revision;
    more_ = flag_of(answer, "more").value_or(false);
    if (pairs == nullptr) return {};  // an empty list
    for (const auto& pair : *pairs)
        if (auto wrong = take_pair(pair); !wrong.empty()) return wrong;
    return {};
}

std::string etcd_members::take_pair(const json& pair) {
    auto key = bytes_of(pair, "key");
    if (!key || key->empty() || key->size() > key_bytes) return "a key that cannot be read";
    if (!keys_.contains(*key) && keys_.size() >= most_members) {
        more_ = true;
        return {};
    }
    const auto value = member_of(pair, "value") != nullptr ? bytes_of(pair, "value") : std::string{};
    keys_.insert_or_assign(std::move(*key), value ? read_etcd_value(*value) : unreadable("malformed base64"));
    return {};
}

etcd_members::effect etcd_members::take_message(const json& message) {
    const auto* result = member_of(message, "result");
    if (result == nullptr) {
        const auto* error = member_of(message, "error");
        why_ = error == nullptr ? "a message of no known form" : "the watch ends: " + shown(write_json(*error));
        return effect::broken;
    }
    if (number_of(*result, "compact_revision").value_or(0) != 0) return effect::list_again;
    if (flag_of(*result, "canceled").value_or(false)) {
        why_ = "the watch is cancelled: " + shown(text_of(*result, "cancel_reason"));
        return effect::broken;
    }
    const auto* events = member_of(*result, "events");
    if (events == nullptr) return effect::none;
    auto out = effect::none;
    for (const auto& event : *events) out = std::max(out, take_event(event));
    return out;
}

etcd_members::effect etcd_members::take_event(const json& event) {
    const auto* pair = member_of(event, "kv");
    if (pair == nullptr) {
        why_ = "an event without a key";
        return effect::broken;
    }
    if (text_of(event, "type") == "DELETE") {
        const auto key = bytes_of(*pair, "key");
        if (key) keys_.erase(*key);
        // One of those that were left out may have a place now.
        return more_ || !key ? effect::list_again : effect::changed;
    }
    why_ = take_pair(*pair);
    return why_.empty() ? effect::changed : effect::broken;
}

member_list etcd_members::members() const {
    member_list out;
    std::set<std::string> taken;  // two keys may name one address
    for (const auto& [key, value] : keys_)
        if (value.member && value.ready && taken.insert(config::to_text(*value.member)).second)
            out.push_back(*value.member);
    return out;
}

bool etcd_members::any_out() const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [](const auto& one) { return one.second.member && !one.second.ready; });
}

std::size_t etcd_members::skipped() const {
    const auto unread = std::count_if(keys_.begin(), keys_.end(), [](const auto& one) { return !one.second.member; });
    return static_cast<std::size_t>(unread) + (more_ ? 1 : 0);
}

std::string etcd_members::why_skipped() const {
    for (const auto& [key, value] : keys_)
        if (!value.member) return shown(key) + ": " + value.why;
    return more_ ? "there are more than " + std::to_string(most_members) : std::string{};
}

}  // namespace outrider::discovery
