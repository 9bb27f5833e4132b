#include "sidecar/collector/query_api.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "sidecar/collector/chain_search.hpp"
#include "sidecar/collector/span_match.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

server_response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

server_response fault(int status, std::string_view message) {
    return {static_cast<unsigned>(status), "application/json", tracing::encode_jaeger_error(status, message), {}};
}

/// Jaeger's place for what went wrong beside the data: the list that ends every answer.
std::string with_errors(std::string answer, const nlohmann::ordered_json& errors) {
    static constexpr std::string_view none = "null}";
    if (errors.empty() || !answer.ends_with(none)) return answer;
    answer.resize(answer.size() - none.size());
    return answer + errors.dump() + "}";
}

std::string encode(const std::vector<stored_trace>& traces) {
    std::vector<std::span<const tracing::span_data>> views;
    for (const auto& one : traces) views.emplace_back(one.spans);
    return tracing::encode_jaeger_json(std::span<const std::span<const tracing::span_data>>{views});
}

std::string first_value(const net::header_list& parameters, std::string_view name) {
    for (const auto& [key, value] : parameters)
        if (key == name) return value;
    return {};
}

bool is_raw(const net::header_list& parameters) { return first_value(parameters, "raw") == "true"; }

/// Stitched spans have the id that they came with as a tag: who looks for that names a trace.
void name_original_ids(trace_query& query) {
    for (const auto& [key, value] : query.tags)
        if (key == tracing::chain_attributes::original_trace_id)
            if (const auto id = parse_trace_id(value)) query.traces.push_back(*id);
}

std::string too_many(std::size_t shown) {
    return "only the last " + std::to_string(shown) + " traces fit into one answer: ask for a shorter time";
}

std::uint64_t bytes_of(const stored_trace& one) {
    std::uint64_t bytes = 0;
    for (const auto& span : one.spans) bytes += tracing::memory_of(span);
    return bytes;
}

}  // namespace

query_api::query_api(const trace_store& store, std::uint64_t most_bytes, clock now)
    : store_(store), most_bytes_(most_bytes), now_(std::move(now)) {}

server_response query_api::handle(const server_request& request) const {
    const auto path = net::path_segments(request.path);
    if (!path) return fault(400, "the path has a malformed escape");
    const auto is = [&](std::size_t i, std::string_view name) { return path->size() > i && (*path)[i] == name; };
    if (is(0, "api") && is(1, "traces") && path->size() == 3)
        return trace((*path)[2], is_raw(net::query_parameters(request.query)));
    if (is(0, "api") && is(1, "traces") && path->size() == 2) return traces(net::query_parameters(request.query));
    if (is(0, "api") && is(1, "services") && path->size() == 2) return services();
    if (is(0, "api") && is(1, "services") && is(3, "operations") && path->size() == 4)
        return operations_by_path((*path)[2]);
    if (is(0, "api") && is(1, "operations") && path->size() == 2)
        return operations(net::query_parameters(request.query));
    return fault(404, "nothing is at " + request.path);
}

stored_trace query_api::shown(const tracing::trace_id& id, bool raw) const {
    if (raw) return store_.find(id);
    auto chain = store_.chain(id);
    stored_trace out{chain.id, {}, chain.dropped};
    out.spans = shown_chain(std::move(chain));
    return out;
}

server_response query_api::trace(const std::string& id, bool raw) const {
    const auto parsed = parse_trace_id(id);
    if (!parsed) return fault(400, "a trace id has 1 to 32 hex digits, received: " + id);
    const auto found = shown(*parsed, raw);
    if (found.spans.empty()) return fault(404, "trace not found");
    nlohmann::ordered_json errors = nlohmann::ordered_json::array();
    if (found.dropped > 0)
        errors.push_back({{"msg", std::to_string(found.dropped) + " more spans came than are kept of one trace"}});
    return json(with_errors(tracing::encode_jaeger_json(found.spans), errors));
}

server_response query_api::traces(const net::header_list& parameters) const {
    auto query = parse_trace_query(parameters, now_());
    if (!query) return fault(400, query.error().message);
    name_original_ids(*query);
    const bool raw = is_raw(parameters);
    if (!query->traces.empty()) return named_traces(*query, raw);
    if (!raw) return found_chains(*query);
    const auto found = store_.search(*query, most_bytes_);
    nlohmann::ordered_json errors = nlohmann::ordered_json::array();
    if (found.cut_off) errors.push_back({{"msg", too_many(found.traces.size())}});
    return json(with_errors(encode(found.traces), errors));
}

server_response query_api::found_chains(const trace_query& query) const {
    std::vector<stored_trace> found;
    std::set<tracing::trace_id> seen;
    nlohmann::ordered_json errors = nlohmann::ordered_json::array();
    std::uint64_t bytes = 0;
    for (const auto& id : store_.matching(query)) {
        if (found.size() >= query.limit) break;
        if (seen.contains(id)) continue;
        auto chain = store_.chain(id);
        seen.insert(chain.traces.begin(), chain.traces.end());
        if (chain.spans.empty()) continue;  // evicted in between
        stored_trace one{chain.id, {}, chain.dropped};
        one.spans = shown_chain(std::move(chain));
        bytes += bytes_of(one);
        if (bytes > most_bytes_ && !found.empty()) {
            errors.push_back({{"msg", too_many(found.size())}});
            break;
        }
        found.push_back(std::move(one));
    }
    return json(with_errors(encode(found), errors));
}

server_response query_api::named_traces(const trace_query& query, bool raw) const {
    std::vector<stored_trace> found;
    std::set<tracing::trace_id> seen;
    nlohmann::ordered_json errors = nlohmann::ordered_json::array();
    std::uint64_t bytes = 0;
    for (const auto& id : query.traces) {
        if (bytes > most_bytes_) {
            errors.push_back({{"msg", "too much for one answer"}, {"traceID", id.hex()}});
            continue;
        }
        auto one = shown(id, raw);
        bytes += bytes_of(one);
        if (one.spans.empty())
            errors.push_back({{"msg", "trace not found"}, {"traceID", id.hex()}});
        else if (seen.insert(one.id).second)  // two of the ids may be of one chain
            found.push_back(std::move(one));
    }
    return json(with_errors(encode(found), errors));
}

server_response query_api::services() const { return json(tracing::encode_jaeger_names(store_.services())); }

server_response query_api::operations_by_path(const std::string& service) const {
    std::vector<std::string> names;
    for (const auto& one : store_.operations(service)) names.push_back(one.name);
    names.erase(std::unique(names.begin(), names.end()), names.end());  // sorted by name: one may have several kinds
    return json(tracing::encode_jaeger_names(names));
}

server_response query_api::operations(const net::header_list& parameters) const {
    const auto service = first_value(parameters, "service");
    if (service.empty()) return fault(400, "parameter 'service' is required");
    const auto kind = first_value(parameters, "spanKind");
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& one : store_.operations(service))
        if (kind.empty() || kind == name_of(one.kind))
            list.push_back({{"name", one.name}, {"spanKind", name_of(one.kind)}});
    const auto total = list.size();
    const nlohmann::ordered_json answer{
        {"data", std::move(list)}, {"total", total}, {"limit", 0}, {"offset", 0}, {"errors", nullptr}};
    return json(answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace outrider::collector
