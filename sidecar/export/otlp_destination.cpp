#include <stdexcept>

#include "sidecar/export/destination.hpp"
#include "sidecar/export/gzip.hpp"
#include "sidecar/export/otlp_envelope.hpp"
#include "sidecar/export/retry.hpp"
#include "sidecar/net/http_connection.hpp"
#include "tracing/otlp.hpp"

namespace outrider::exporting {
namespace {

constexpr std::size_t answer_bytes = 4 << 20;  // the specification's bound for responses
constexpr const char* grpc_hint = "this is gRPC; use 4318, the port of OTLP/HTTP";

net::http_client_options client_options(const config::tracing& settings, const net::url& url) {
    net::http_client_options options;
    options.response_bytes = answer_bytes;
    if (url.tls) options.tls = std::make_shared<net::tls_context>(settings.tls);
    return options;
}

net::url usable_url(const std::string& text) {
    const auto url = net::parse_url(text);
    if (!url) throw std::runtime_error("OTLP endpoint '" + text + "': " + net::describe(url.error()));
    return *url;
}

bool speaks_grpc(const net::http_response& answer) {
    return answer.header("content-type").starts_with("application/grpc");
}

bool is_json(const net::http_response& answer) { return answer.header("content-type").starts_with("application/json"); }

delivery_outcome judge(const net::http_response& answer) {
    delivery_outcome out;
    if (answer.status / 100 == 2 && !speaks_grpc(answer)) {
        const auto said = is_json(answer) ? tracing::decode_export_response_json(answer.body)
                                          : tracing::decode_export_response(answer.body);
        out.result = delivery_result::delivered;
        if (!said) return out;  // the status says what matters
        out.rejected_spans = said->rejected_spans > 0 ? static_cast<std::uint64_t>(said->rejected_spans) : 0;
        if (out.rejected_spans != 0 || !said->message.empty())
            out.text = "rejected " + std::to_string(out.rejected_spans) + " spans: " + said->message;
        return out;
    }
    out.text = "answered " + std::to_string(answer.status);
    out.misconfigured = speaks_grpc(answer);
    if (out.misconfigured) out.text += ": " + std::string(grpc_hint);
    out.result = retryable_status(answer.status) ? delivery_result::unavailable : delivery_result::rejected;
    if (out.result == delivery_result::unavailable)
        out.retry_after = parse_retry_after(answer.header("retry-after"), std::chrono::system_clock::now());
    return out;
}

/// No failure of the connection loses spans: they wait for a receiver that can be reached.
delivery_outcome judge(const net::http_error& error) {
    delivery_outcome out;
    out.result = delivery_result::unavailable;
    out.text = error.text;
    out.misconfigured = error.failure == net::http_failure::http2_peer || error.failure == net::http_failure::tls_peer;
    if (error.failure == net::http_failure::http2_peer) out.text += ": " + std::string(grpc_hint);
    return out;
}

class otlp_destination final : public destination {
  public:
    otlp_destination(net::asio::io_context& context, const config::tracing& settings)
        : url_(usable_url(settings.otlp_url)),
          json_(settings.protocol == config::otlp_protocol::http_json),
          gzip_(settings.gzip),
          connection_(context, client_options(settings, url_)) {
        headers_ = settings.headers;
        headers_.emplace_back("Content-Type", json_ ? "application/json" : "application/x-protobuf");
        if (gzip_) headers_.emplace_back("Content-Encoding", "gzip");
    }

    net::awaitable<delivery_outcome> deliver(const shipment& spans,
                                             std::chrono::steady_clock::time_point deadline) override {
        std::string storage;
        const auto request = make_request(spans, storage);
        auto answer = co_await connection_.send(request, deadline);
        if (!answer) co_return judge(answer.error());
        co_return judge(*answer);
    }

    void cancel() override { connection_.cancel(); }
    std::string name() const override { return url_.text(); }

  private:
    /// @param storage  holds what the request's body refers to besides the spans
    net::http_request make_request(const shipment& spans, std::string& storage) const {
        net::http_request request;
        request.method = "POST";
        request.url = url_;
        request.headers = headers_;
        if (spans.resource.empty()) {
            storage = otlp_joined(spans.entries);
            if (json_) storage = otlp_as_json(storage);
            request.body = {storage};
        } else {
            request.body = json_ ? json_body(spans, storage) : protobuf_body(spans, storage);
        }
        if (gzip_) {
            storage = gzip(request.body);
            request.body = {storage};
        }
        return request;
    }

    static std::vector<std::string_view> protobuf_body(const shipment& spans, std::string& storage) {
        std::size_t bytes = 0;
        for (const auto piece : spans.entries) bytes += piece.size();
        storage = otlp_prefix(spans.resource, bytes);
        std::vector<std::string_view> body{storage};
        body.insert(body.end(), spans.entries.begin(), spans.entries.end());
        return body;
    }

    static std::vector<std::string_view> json_body(const shipment& spans, std::string& storage) {
        storage = otlp_json(spans.resource, spans.entries);
        return {storage};
    }

    const net::url url_;
    const bool json_, gzip_;
    net::header_list headers_;
    net::http_connection connection_;
};

}  // namespace

std::unique_ptr<destination> make_otlp_destination(net::asio::io_context& context, const config::tracing& settings) {
    return std::make_unique<otlp_destination>(context, settings);
}

}  // namespace outrider::exporting
