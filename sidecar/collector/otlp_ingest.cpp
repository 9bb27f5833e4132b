#include "sidecar/collector/otlp_ingest.hpp"

#include <nlohmann/json.hpp>
#include <protozero/pbf_writer.hpp>

#include "sidecar/net/inflate.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

constexpr std::string_view protobuf_type = "application/x-protobuf";
constexpr std::string_view json_type = "application/json";
constexpr int invalid_argument = 3;    // google.rpc.Code
constexpr int resource_exhausted = 8;  // google.rpc.Code
constexpr int unavailable = 14;        // google.rpc.Code

/// google.rpc.Status: {1: code, 2: message}.
std::string status_as_protobuf(int code, std::string_view message) {
    std::string out;
    protozero::pbf_writer status{out};
    status.add_int32(1, code);
    status.add_string(2, message.data(), message.size());
    return out;
}

std::string status_as_json(int code, std::string_view message) {
    return nlohmann::ordered_json{{"code", code}, {"message", message}}.dump(-1, ' ', false,
                                                                             nlohmann::json::error_handler_t::replace);
}

enum class coding { none, packed, unknown };

coding coding_of(const server_request& request) {
    const auto name = net::media_type(request.header("content-encoding").value_or(""));
    if (name.empty() || name == "identity") return coding::none;
    return name == "gzip" || name == "x-gzip" || name == "deflate" ? coding::packed : coding::unknown;
}

std::string counted(std::uint64_t spans) { return std::to_string(spans) + (spans == 1 ? " span" : " spans"); }

tracing::export_response outcome(std::uint64_t without_ids, std::uint64_t too_many) {
    tracing::export_response response;
    response.rejected_spans = static_cast<std::int64_t>(without_ids + too_many);
    if (without_ids > 0) response.message = counted(without_ids) + " without valid trace and span id";
    if (too_many > 0) {
        if (!response.message.empty()) response.message += "; ";
        response.message += counted(too_many) + " of traces that are too large to keep";
    }
    return response;
}

std::optional<tracing::decode_fault> decode_json(std::string_view body, const tracing::decode_limits& limits,
                                                 tracing::span_batch& into, std::uint64_t& rejected) {
    auto decoded = tracing::decode_otlp_json(body, limits);
    if (!decoded) return decoded.error();
    rejected = decoded->rejected;
    into.take(std::move(decoded->spans));
    return std::nullopt;
}

}  // namespace

server_response otlp_ingest::handle(const server_request& request) {
    if (request.method != "POST") return net::method_not_allowed("POST");
    const auto type = net::media_type(request.header("content-type").value_or(""));
    const auto in = type == protobuf_type ? encoding::protobuf : encoding::json;
    if (type != protobuf_type && type != json_type)
        return refuse(encoding::json, 415, "OTLP/HTTP is sent as application/x-protobuf or application/json");
    switch (coding_of(request)) {
        case coding::none:
            return take(in, request.body);
        case coding::unknown:
            break;
        case coding::packed: {
            const auto unpacked = net::inflate(request.body, most_bytes_);
            if (unpacked) return take(in, *unpacked);
            if (unpacked.error() == net::inflate_error::too_large)
                return refuse(in, 413, "the unpacked request is larger than " + std::to_string(most_bytes_) + " bytes");
            return refuse(in, 400, "the body is not what its Content-Encoding says, or is cut off");
        }
    }
    auto answer = refuse(in, 415, "only gzip and deflate are known as Content-Encoding");
    answer.headers.emplace_back("Accept-Encoding", "gzip, deflate");  // RFC 7694
    return answer;
}

server_response otlp_ingest::take(encoding in, std::string_view body) {
    tracing::decode_limits limits;
    limits.memory = most_memory_;
    const bool json = in == encoding::json;
    auto batch = into_.spare_batch();
    std::uint64_t rejected = 0;
    const auto error = json ? decode_json(body, limits, *batch, rejected) : batch->decode(batch->keep(body), limits);
    if (error) {
        if (*error != tracing::decode_error::too_large) return refuse(in, 400, tracing::describe(*error));
        return refuse(in, 413,
                      "the spans of the request would take more than " + std::to_string(most_memory_) +
                          " bytes once decoded: send fewer at once, or give the collector more (--memory)");
    }
    if (!json) rejected = batch->rejected();
    const auto taken = into_.take(std::move(batch), json ? log_row::json : log_row::protobuf, body);
    if (!taken.taken) return postpone(in, taken.reason);
    counters_.accepted.fetch_add(1, std::memory_order_relaxed);
    counters_.rejected_spans.fetch_add(rejected, std::memory_order_relaxed);
    const auto response = outcome(rejected, taken.dropped);
    if (json) return {200, std::string{json_type}, tracing::encode_export_response_json(response), {}};
    return {200, std::string{protobuf_type}, tracing::encode_export_response(response), {}};
}

server_response otlp_ingest::refuse(encoding in, unsigned status, std::string_view message) {
    auto& counter = status == 413 ? counters_.too_large : status == 415 ? counters_.unsupported : counters_.malformed;
    counter.fetch_add(1, std::memory_order_relaxed);
    return status_answer(in, status, status == 413 ? resource_exhausted : invalid_argument, message);
}

server_response otlp_ingest::postpone(encoding in, std::string_view message) {
    counters_.postponed.fetch_add(1, std::memory_order_relaxed);
    auto answer = status_answer(in, 503, unavailable, message);
    answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

server_response otlp_ingest::status_answer(encoding in, unsigned status, int code, std::string_view message) {
    if (in == encoding::json) return {status, std::string{json_type}, status_as_json(code, message), {}};
    return {status, std::string{protobuf_type}, status_as_protobuf(code, message), {}};
}

}  // namespace outrider::collector
