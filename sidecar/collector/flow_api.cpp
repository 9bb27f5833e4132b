#include "sidecar/collector/flow_api.hpp"

#include "sidecar/collector/query_parameters.hpp"
#include "tracing/jaeger_json.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

server_response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

server_response refusal(int status, std::string_view message) {
    return {static_cast<unsigned>(status), "application/json", tracing::encode_jaeger_error(status, message), {}};
}

}  // namespace

bool flow_api::serves(std::string_view path) { return path == "/api/flows" || path.starts_with("/api/flows/"); }

server_response flow_api::handle(const server_request& request) const {
    const auto path = net::path_segments(request.path);
    if (!path) return refusal(400, "the path has a malformed escape");
    if (path->size() == 2) return json(flows_ == nullptr ? R"({"flows":[],"runs":0,"bytes":0})" : flows_->page());
    if (path->size() != 5 || (*path)[3] != "runs") return refusal(404, "nothing is at " + request.path);
    auto page = flows_ == nullptr ? std::nullopt
                                  : flows_->run_page((*path)[2], (*path)[4], static_cast<flows::unix_ns>(now_()));
    if (!page) return refusal(404, "no flow '" + (*path)[2] + "' with such a run is known");
    return json(std::move(*page));
}

}  // namespace outrider::collector
