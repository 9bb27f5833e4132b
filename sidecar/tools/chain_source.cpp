#include "sidecar/tools/chain_source.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <nlohmann/json.hpp>

#include "sidecar/tools/linked_traces.hpp"
#include "tracing/chains/chain.hpp"
#include "tracing/messaging_span.hpp"
#include "tracing/otlp.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

using reason = fetch_error::reason;
using tracing::span_data;
namespace names = tracing::chain_attributes;

constexpr std::size_t chains_listed = 20, services_asked = 20, traces_with_a_tag = 20, shown_at_most = 200;
constexpr std::size_t neighbours_asked = 6, traces_of_a_neighbour = 20;
constexpr std::uint64_t second = 1'000'000'000, month = 30 * 86'400 * second;

std::string shown(std::string_view from_outside) {
    return tracing::printable(from_outside.substr(0, shown_at_most), true);
}

std::uint64_t number_in(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// A chain as our collector lists it.
struct listed_chain {
    std::string id;
    std::uint64_t spans = 0;
    bool decided = true;  ///< false: spans of it still wait for what caused them
};

std::vector<listed_chain> listed_in(const nlohmann::json& answer) {
    std::vector<listed_chain> out;
    if (!answer.is_object() || !answer.contains("chains") || !answer["chains"].is_array()) return out;
    for (const auto& one : answer["chains"]) {
        if (out.size() >= chains_listed || !one.is_object()) break;
        const auto id = one.find("id");
        if (id == one.end() || !id->is_string() || id->get_ref<const std::string&>().size() > 32) continue;
        const auto decided = one.find("decided");
        const bool waits = decided != one.end() && decided->is_boolean() && !decided->get<bool>();
        out.push_back({id->get<std::string>(), number_in(one, "spans"), !waits});
    }
    return out;
}

void add_new(std::vector<span_data>& to, std::set<tracing::span_key>& known, std::vector<span_data> from) {
    for (auto& span : from)
        if (known.insert({span.trace, span.span}).second) to.push_back(std::move(span));
}

}  // namespace

boost::system::result<bool, fetch_error> chain_source::is_collector() {
    if (collector_) return *collector_;
    const auto answer = source_.get("/api/chains?limit=1");
    if (!answer) return answer.error();
    if (answer->status >= 500)
        return fetch_error{reason::unreachable,
                           source_.base().text() + " answered HTTP " + std::to_string(answer->status)};
    const auto body = nlohmann::json::parse(answer->body, nullptr, false);
    collector_ = answer->status == 200 && body.is_object() && body.contains("chains") && body["chains"].is_array();
    return *collector_;
}

std::uint64_t unix_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds{now}.count());
}

fetched_trace chain_source::ask(const chain_wish& wish) {
    others_.clear();
    decided_ = true;
    const auto ours = is_collector();
    if (!ours) return ours.error();
    return *ours ? ask_collector(wish) : ask_jaeger(wish);
}

fetched_trace chain_source::ask_collector(const chain_wish& wish) {
    if (!wish.trace_id.empty()) return chain_by_id(wish.trace_id, wish.text());
    auto query = "/api/chains?limit=" + std::to_string(wish.key ? chains_listed : 1);
    if (wish.key) query += "&key=" + percent_encoded(wish.key->first + "=" + wish.key->second);
    if (!wish.service.empty()) query += "&service=" + percent_encoded(wish.service);
    const auto answer = source_.get(query);
    if (!answer) return answer.error();
    const auto listed = listed_in(nlohmann::json::parse(answer->body, nullptr, false));
    if (listed.empty()) {
        auto text = "no " + wish.text() + " at " + source_.base().text();
        if (!wish.service.empty()) {
            const auto known = source_.services();
            for (const auto& name : known) text += (&name == &known.front() ? "; it knows " : ", ") + shown(name);
        }
        return fetch_error{reason::not_found, std::move(text)};
    }
    const auto best =
        std::max_element(listed.begin(), listed.end(), [](const auto& a, const auto& b) { return a.spans < b.spans; });
    for (const auto& one : listed)
        if (&one != &*best) others_.push_back(shown(one.id));
    decided_ = std::all_of(listed.begin(), listed.end(), [](const auto& one) { return one.decided; });
    return chain_by_id(best->id, wish.text());
}

fetched_trace chain_source::chain_by_id(const std::string& id, const std::string& what) {
    const auto answer = source_.get("/api/chains/" + percent_encoded(id));
    if (!answer) return answer.error();
    if (answer->status == 404) return fetch_error{reason::not_found, "no " + what + " at " + source_.base().text()};
    auto decoded = tracing::decode_otlp_json(answer->body);
    if (answer->status != 200 || !decoded)
        return fetch_error{answer->status >= 500 ? reason::unreachable : reason::not_jaeger,
                           source_.base().text() + " answered HTTP " + std::to_string(answer->status) +
                               (decoded ? "" : " without spans in it")};
    if (decoded->spans.empty()) return fetch_error{reason::not_found, "no " + what + " at " + source_.base().text()};
    return std::move(decoded->spans);
}

fetched_trace chain_source::ask_jaeger(const chain_wish& wish) {
    auto found = !wish.trace_id.empty() ? source_.by_id(wish.trace_id)
                 : wish.key
                     ? spans_with(std::string{names::key_prefix} + wish.key->first, wish.key->second, wish.text())
                     : source_.latest_of(wish.service);
    // What was stitched before it came here has the id of its chain, and its own as a tag.
    if (!found && found.error().why == reason::not_found && !wish.trace_id.empty()) {
        auto tagged = spans_with(std::string{names::original_trace_id}, wanted_id(wish), wish.text());
        if (tagged) found = std::move(tagged);
    }
    if (!found) return found;
    // Of a trace that was asked for by its service, what is linked is another's.
    auto exact = wish;
    if (!wish.service.empty()) exact = {found->front().trace.hex(), {}, {}};
    auto chosen = choose_chain(tracing::stitch_all(with_linked(source_, std::move(*found))), exact);
    others_ = std::move(chosen.others);
    if (chosen.spans.empty())
        return fetch_error{reason::not_found, "no " + wish.text() + " at " + source_.base().text()};
    return std::move(chosen.spans);
}

std::string chain_source::wanted_id(const chain_wish& wish) const {
    auto id = wish.trace_id;
    std::transform(id.begin(), id.end(), id.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    return std::string(32 - std::min<std::size_t>(32, id.size()), '0') + id;
}

/// A Jaeger searches within a service only, so each is asked.
fetched_trace chain_source::spans_with(const std::string& tag, const std::string& value, const std::string& what) {
    std::vector<span_data> spans;
    std::set<tracing::span_key> known;
    const auto now = unix_now();
    const auto services = source_.services();
    for (std::size_t i = 0; i < std::min(services.size(), services_asked); ++i) {
        auto some =
            source_.search({services[i], {{tag, value}}, now > month ? now - month : 0, now, traces_with_a_tag});
        if (some) add_new(spans, known, std::move(*some));
    }
    if (spans.empty()) return fetch_error{reason::not_found, "no " + what + " at " + source_.base().text()};
    return spans;
}

fetched_trace chain_source::recent(std::uint64_t since_unix_ns, std::uint64_t until_unix_ns, std::size_t traces) {
    std::vector<span_data> spans;
    std::set<tracing::span_key> known;
    for (const auto& service : source_.services()) {
        auto some = source_.search({service, {}, since_unix_ns, until_unix_ns, traces});
        if (!some) return some;
        add_new(spans, known, std::move(*some));
    }
    return spans;
}

tracing::chain_surroundings chain_source::around(const std::vector<span_data>& chain) {
    tracing::chain_surroundings known;
    std::set<std::string> services;
    std::uint64_t end = 0;
    for (const auto& span : chain) {
        end = std::max(end, span.end_unix_ns);
        if (tracing::is_process(span) || tracing::is_send(span)) services.emplace(tracing::service_of(span));
    }
    std::size_t asked = 0;
    for (const auto& service : services) {
        if (asked++ == neighbours_asked) break;
        const auto some = source_.search(
            {service, {}, end > 3'600 * second ? end - 3'600 * second : 0, end + 600 * second, traces_of_a_neighbour});
        if (!some) continue;
        for (const auto& one : tracing::build_chains(*some)) known.learn(one);
    }
    return known;
}

}  // namespace outrider::tools
