#include "sidecar/collector/chain_query.hpp"

#include <algorithm>

#include "sidecar/collector/query_parameters.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t most_chains = 1'000, most_text = 200;

fault read_key(chain_query& query, std::string_view value) {
    const auto equals = value.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return malformed("key", value, "NAME=VALUE such as order=4711");
    query.key = value.substr(0, equals);
    query.value = value.substr(equals + 1);
    return std::nullopt;
}

fault read_flag(bool& into, std::string_view name, std::string_view value) {
    if (value != "true" && value != "false") return malformed(name, value, "true or false");
    into = value == "true";
    return std::nullopt;
}

fault read_duration(std::optional<std::chrono::nanoseconds>& into, std::string_view name, std::string_view value) {
    into = parse_duration(value);
    if (!into) return malformed(name, value, "a duration such as 1.5s");
    return std::nullopt;
}

fault read_limit(chain_query& query, std::string_view value) {
    const auto limit = parse_whole(value);
    if (!limit) return malformed("limit", value, "a whole number");
    if (*limit > 0) query.limit = std::min<std::size_t>(*limit, most_chains);
    return std::nullopt;
}

fault read_parameter(chain_query& query, std::string_view name, std::string_view value) {
    if (value.empty()) return std::nullopt;
    if (name == "key") return read_key(query, value);
    if (name == "service") query.service = value;
    if (name == "error") return read_flag(query.errors_only, name, value);
    if (name == "stuck") return read_flag(query.stuck_only, name, value);
    if (name == "start") return read_time(query.start_ns, name, value);
    if (name == "end") return read_time(query.end_ns, name, value);
    if (name == "minDuration") return read_duration(query.min_duration, name, value);
    if (name == "maxDuration") return read_duration(query.max_duration, name, value);
    if (name == "q") query.text = value.substr(0, most_text);
    if (name == "limit") return read_limit(query, value);
    return std::nullopt;
}

}  // namespace

boost::system::result<chain_query, bad_query> parse_chain_query(const net::header_list& parameters) {
    chain_query query;
    for (const auto& [name, value] : parameters)
        if (auto wrong = read_parameter(query, name, value)) return bad_query{std::move(*wrong)};
    return query;
}

}  // namespace outrider::collector
