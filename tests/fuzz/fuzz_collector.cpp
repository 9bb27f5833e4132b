// Everything a stranger can send the collector, behind its HTTP server: bodies in every encoding and request targets.
// The first byte chooses; afterwards the accounts of the store must add up and its bounds hold.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sidecar/collector/collector_routes.hpp"

using namespace outrider;

namespace {

constexpr collector::store_limits limits{256 * 1024, 16 * 1024, 20};

net::server_request post(std::string_view type, std::string_view coding, std::string_view body) {
    net::server_request request;
    request.method = "POST";
    request.path = "/v1/traces";
    request.headers = {{"content-type", std::string{type}}, {"content-encoding", std::string{coding}}};
    request.body = body;
    return request;
}

net::server_request get(std::string_view target) {
    net::server_request request;
    request.method = "GET";
    request.host = "localhost";
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
    return request;
}

net::server_request request_of(std::uint8_t kind, std::string_view rest) {
    switch (kind % 4) {
        case 0:
            return post("application/x-protobuf", "", rest);
        case 1:
            return post("application/json", "", rest);
        case 2:
            return post("application/x-protobuf", "gzip", rest);
        default:
            return get(rest);
    }
}

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    collector::trace_store store{limits};
    std::int64_t time_ns = 1'000'000'000'000;
    const auto clock = [&time_ns] { return time_ns; };
    collector::chain_pipeline pipeline{store, {}, nullptr, nullptr, {clock, clock}};
    collector::collector_routes routes{store, pipeline, {.request_bytes = 256 * 1024, .decoded_bytes = 1 << 20}, [] {
                                           return std::uint64_t{1'795'200'000'000'000'000};
                                       }};
    const auto request = request_of(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
    // Twice: the second time every span is there already, or its trace is full.
    for (int i = 0; i < 2; ++i) require(routes.handle(request).status >= 200);
    for (int i = 0; i < 3; ++i, time_ns += 6'000'000'000) pipeline.step();
    const auto now = store.counters();
    require(now.received == now.stored + now.replaced + now.evicted + now.dropped);
    require(now.stored + now.evicted == now.waiting + now.settled + now.unsettled_evicted);
    require(now.bytes <= limits.bytes && now.traces <= limits.traces);
    for (const auto& service : store.services()) require(!store.operations(service).empty());
    // What was taken in can be asked for.
    require(routes.handle(get("/api/services")).status == 200);
    require(routes.handle(get("/api/traces?service=orders&tags=%7B%22error%22%3A%22true%22%7D")).status == 200);
    require(routes.handle(get("/api/chains?error=true")).status == 200);
    require(routes.handle(get("/api/topology")).status == 200);
    return 0;
}
