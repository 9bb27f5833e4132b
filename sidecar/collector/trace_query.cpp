#include "sidecar/collector/trace_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

#include "sidecar/collector/query_parameters.hpp"
#include "tracing/hex.hpp"

namespace outrider::collector {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t most_traces = 1'500;  // what Jaeger's UI offers at most

fault read_duration(std::optional<nanoseconds>& into, std::string_view name, std::string_view value) {
    into = parse_duration(value);
    if (!into) return malformed(name, value, "a duration such as 1.5ms");
    return std::nullopt;
}

fault read_tag(trace_query& query, std::string_view value) {
    const auto colon = value.find(':');
    if (colon == std::string_view::npos)
        return "malformed 'tag' parameter, expecting key:value, received: " + std::string{value};
    query.tags.emplace_back(value.substr(0, colon), value.substr(colon + 1));
    return std::nullopt;
}

fault read_tags(trace_query& query, std::string_view value) {
    const auto tags = nlohmann::json::parse(value, nullptr, false);
    if (!tags.is_object()) return "malformed 'tags' parameter, expecting a JSON object of strings";
    for (const auto& [key, text] : tags.items()) {
        if (!text.is_string()) return "malformed 'tags' parameter, the value of '" + key + "' is not a string";
        query.tags.emplace_back(key, text.get<std::string>());
    }
    return std::nullopt;
}

fault read_limit(trace_query& query, std::string_view value) {
    const auto limit = parse_whole(value);
    if (!limit) return malformed("limit", value, "a whole number");
    if (*limit > 0) query.limit = std::min<std::size_t>(*limit, most_traces);
    return std::nullopt;
}

fault read_trace_id(trace_query& query, std::string_view value) {
    const auto id = parse_trace_id(value);
    if (!id) return malformed("traceID", value, "up to 32 hex digits");
    if (query.traces.size() < most_traces) query.traces.push_back(*id);
    return std::nullopt;
}

fault read_parameter(trace_query& query, std::optional<nanoseconds>& lookback, std::string_view name,
                     std::string_view value) {
    if (value.empty()) return std::nullopt;  // the UI sends empty fields of its form
    if (name == "service") query.service = value;
    if (name == "operation") query.operation = value == "all" ? "" : value;
    if (name == "start") return read_time(query.start_ns, name, value);
    if (name == "end") return read_time(query.end_ns, name, value);
    if (name == "lookback" && value != "custom") return read_duration(lookback, name, value);
    if (name == "minDuration") return read_duration(query.min_duration, name, value);
    if (name == "maxDuration") return read_duration(query.max_duration, name, value);
    if (name == "limit") return read_limit(query, value);
    if (name == "tag") return read_tag(query, value);
    if (name == "tags") return read_tags(query, value);
    if (name == "traceID") return read_trace_id(query, value);
    return std::nullopt;
}

/// How many nanoseconds a unit has and how long its name is; zero when there is no such unit.
std::pair<double, std::size_t> unit_of(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, double>, 9> units{{{"ns", 1},
                                                                               {"us", 1e3},
                                                                               {"\u00b5s", 1e3},
                                                                               {"\u03bcs", 1e3},
                                                                               {"ms", 1e6},
                                                                               {"s", 1e9},
                                                                               {"m", 60e9},
                                                                               {"h", 3600e9},
                                                                               {"d", 86400e9}}};
    for (const auto& [name, size] : units)
        if (text.starts_with(name)) return {size, name.size()};
    return {0, 0};
}

}  // namespace

boost::system::result<trace_query, bad_query> parse_trace_query(const net::header_list& parameters,
                                                                std::uint64_t now_ns) {
    trace_query query;
    std::optional<nanoseconds> lookback;
    for (const auto& [name, value] : parameters)
        if (auto wrong = read_parameter(query, lookback, name, value)) return bad_query{std::move(*wrong)};
    if (query.service.empty() && query.traces.empty()) return bad_query{"parameter 'service' is required"};
    if (query.min_duration && query.max_duration && *query.max_duration < *query.min_duration)
        return bad_query{"'maxDuration' should be greater than 'minDuration'"};
    if (lookback && !query.start_ns) {
        const auto back = static_cast<std::uint64_t>(lookback->count());
        query.start_ns = now_ns > back ? now_ns - back : 0;
    }
    return query;
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
    if (text == "0") return nanoseconds{0};
    double total = 0;
    bool any = false;
    while (!text.empty()) {
        double number = 0;
        const auto [end, ec] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (ec != std::errc{} || !(number >= 0)) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto [size, length] = unit_of(text);
        if (length == 0) return std::nullopt;
        text.remove_prefix(length);
        total += number * size;
        any = true;
    }
    if (!any || !(total < 9.2e18)) return std::nullopt;
    return nanoseconds{std::llround(total)};
}

std::optional<tracing::trace_id> parse_trace_id(std::string_view text) {
    tracing::trace_id id;
    if (!tracing::read_padded_hex(text, id.bytes)) return std::nullopt;
    return id;
}

}  // namespace outrider::collector
