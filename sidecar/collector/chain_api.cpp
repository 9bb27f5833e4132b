#include "sidecar/collector/chain_api.hpp"

#include <algorithm>

#include "sidecar/collector/chain_search.hpp"
#include "sidecar/collector/query_parameters.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/json_writer.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

constexpr std::uint64_t span_guess = 1'500;  // bytes of a decoded span
constexpr std::chrono::minutes usual_window{15};

server_response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

server_response refusal(int status, std::string_view message) {
    return {static_cast<unsigned>(status), "application/json", tracing::encode_jaeger_error(status, message), {}};
}

void write_keys(tracing::json_writer& out, const chain_digest& of) {
    out.begin_object("keys");
    for (const auto& [key, values] : of.keys) {
        out.begin_array(key);
        for (const auto& value : values) out.text(value);
        out.end_array();
    }
    out.end_object();
}

void write(tracing::json_writer& out, const found_chain& one) {
    out.begin_object();
    out.text("id", one.id.hex());
    out.begin_object("root");
    out.text("service", one.digest.service);
    out.text("name", one.digest.name);
    out.end_object();
    out.quoted("startUnixNano", one.digest.start_ns);
    out.quoted("durationNano", one.digest.duration_ns());
    out.number("spans", one.digest.spans);
    out.number("services", one.digest.services);
    out.number("errors", one.digest.errors);
    out.number("gaps", one.digest.gaps);
    out.number("inferred", one.digest.inferred);
    write_keys(out, one.digest);
    out.text("state", tracing::name_of(one.digest.state));
    out.text("verdict", one.digest.verdict);
    out.boolean("decided", one.decided);
    out.end_object();
}

std::string_view value_of(const net::header_list& parameters, std::string_view name) {
    for (const auto& [key, value] : parameters)
        if (key == name) return value;
    return {};
}

/// The chain as trees; they refer to the spans.
std::string tree_json(std::span<const tracing::span_data> spans, std::uint64_t now_unix_ns) {
    tracing::analysis_options options;
    options.now_unix_ns = now_unix_ns;
    return tracing::chain_json(tracing::build_chains(spans), options);
}

/// The tree with the most spans, where something keeps the chain's traces apart.
std::string flow_json(std::span<const tracing::span_data> spans, std::uint64_t now_unix_ns) {
    tracing::analysis_options options;
    options.now_unix_ns = now_unix_ns;
    const auto trees = tracing::build_chains(spans);
    const auto largest = std::max_element(trees.begin(), trees.end(),
                                          [](const auto& a, const auto& b) { return a.rows.size() < b.rows.size(); });
    return tracing::graph_json(tracing::flow_of(*largest, tracing::analyze(*largest, options)));
}

}  // namespace

chain_api::chain_api(const trace_store& store, digest_shelf& digests, std::uint64_t most_bytes, query_api::clock now,
                     sources of)
    : store_(store), digests_(digests), most_bytes_(most_bytes), now_(std::move(now)), sources_(std::move(of)) {}

bool chain_api::serves(std::string_view path) {
    return path == "/api/chains" || path.starts_with("/api/chains/") || path == "/api/topology" ||
           path == "/api/history";
}

server_response chain_api::handle(const server_request& request) const {
    const auto path = net::path_segments(request.path);
    if (!path) return refusal(400, "the path has a malformed escape");
    const auto parameters = net::query_parameters(request.query);
    if (path->size() == 2)
        return (*path)[1] == "chains" ? chains(parameters) : of_a_while((*path)[1] == "topology", parameters);
    if (path->size() == 3) return chain((*path)[2], parameters);
    return refusal(404, "nothing is at " + request.path);
}

server_response chain_api::chain(const std::string& id, const net::header_list& parameters) const {
    const auto as = value_of(parameters, "as");
    if (!as.empty() && as != "rows" && as != "flow" && as != "otlp")
        return refusal(400, malformed("as", as, "rows, flow or otlp"));
    const auto parsed = parse_trace_id(id);
    if (!parsed) return refusal(400, "the id of a chain has 1 to 32 hex digits, received: " + id);
    auto found = store_.chain(*parsed);
    if (found.spans.empty()) return refusal(404, "no chain has a trace of this id");
    const auto spans = shown_chain(std::move(found));
    if (as == "rows") return json(tree_json(spans, now_()));
    if (as == "flow") return json(flow_json(spans, now_()));
    return json(tracing::encode_otlp_json(spans));
}

server_response chain_api::chains(const net::header_list& parameters) const {
    const auto query = parse_chain_query(parameters);
    if (!query) return refusal(400, query.error().message);
    digests_.note_reader(now_());
    const auto found = find_chains(store_, digests_, *query, now_(), most_bytes_ / span_guess);
    std::string body;
    tracing::json_writer out{body};
    out.begin_object();
    out.begin_array("chains");
    for (const auto& one : found.chains) write(out, one);
    out.end_array();
    out.boolean("cutOff", found.cut_off);
    out.end_object();
    return json(std::move(body));
}

server_response chain_api::of_a_while(bool topology, const net::header_list& parameters) const {
    std::chrono::nanoseconds since{usual_window};
    for (const auto& [name, value] : parameters) {
        if (name != "since" || value.empty()) continue;
        const auto parsed = parse_duration(value);
        if (!parsed)
            return refusal(400, "unable to parse param 'since': expected a duration such as 15m, received: " + value);
        since = *parsed;
    }
    return json(topology ? tracing::topology_json(sources_.topology(since)) : sources_.history(since));
}

}  // namespace outrider::collector
