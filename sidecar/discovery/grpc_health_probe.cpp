#include "sidecar/discovery/grpc_health_probe.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <nghttp2/nghttp2.h>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace outrider::discovery {
namespace {

/// A HealthCheckResponse is 2 bytes; further fields may come with later versions.
constexpr std::size_t most_message = 4'096;
constexpr std::size_t most_words = 200;
constexpr std::size_t prefix_bytes = 5;  ///< of a message: compressed or not, its length
constexpr int not_found = 5, unimplemented = 12;

constexpr std::array<std::string_view, 17> status_names{
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
constexpr std::array<std::string_view, 4> serving_names{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
constexpr std::int32_t serving = 1;

std::string check_request(const std::string& service) {
    std::string message;
    if (!service.empty()) protozero::pbf_writer{message}.add_string(1, service);
    std::string out(prefix_bytes, '\0');
    out[3] = static_cast<char>(message.size() >> 8);
    out[4] = static_cast<char>(message.size());
    return out + message;
}

/// The status of a HealthCheckResponse; -1 when it cannot be read.
std::int32_t serving_status(std::string_view message) {
    if (message.size() < prefix_bytes || message[0] != 0) return -1;
    std::uint32_t size = 0;
    for (const auto byte : message.substr(1, 4)) size = size << 8 | static_cast<std::uint8_t>(byte);
    message.remove_prefix(prefix_bytes);
    if (message.size() != size) return -1;
    try {
        std::int32_t status = 0;
        protozero::pbf_reader in{message.data(), message.size()};
        while (in.next()) {
            if (in.tag() == 1 && in.wire_type() == protozero::pbf_wire_type::varint)
                status = in.get_enum();
            else
                in.skip();
        }
        return status;
    } catch (const protozero::exception&) {
        return -1;
    }
}

int number(std::string_view text) {
    int out = -1;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc{} && end == text.data() + text.size() ? out : -1;
}

template <std::size_t Size>
std::string name_in(const std::array<std::string_view, Size>& names, int index) {
    if (index >= 0 && static_cast<std::size_t>(index) < Size)
        return std::string{names[static_cast<std::size_t>(index)]};
    return "status " + std::to_string(index);
}

nghttp2_nv field(std::string_view name, std::string_view value) {
    auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct grpc_health_call::state {
    nghttp2_session* session = nullptr;
    std::string service, request;
    std::size_t sent = 0;
    std::int32_t stream = -1;
    std::string beginning;  ///< of what was received, to tell other protocols by
    bool closed = false;
    std::uint32_t reset = NGHTTP2_NO_ERROR;
    int broken = 0;  ///< nghttp2's error
    int http_status = 0, grpc_status = -1;
    std::string grpc_message, message;

    ~state() { nghttp2_session_del(session); }

    static state& of(void* self) { return *static_cast<state*>(self); }
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self);
    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t which, const std::uint8_t* data, std::size_t size,
                       void* self);
    static int on_close(nghttp2_session*, std::int32_t which, std::uint32_t error, void* self);
    static ssize_t read_request(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source* from, void*);
    void open();
    void begin(const std::string& authority, std::chrono::milliseconds patience);
    probe_result by_grpc_status() const;
};

int grpc_health_call::state::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                                       std::uint8_t, void* self) {
    auto& own = of(self);
    if (frame->hd.stream_id != own.stream) return 0;
    const std::string_view key{reinterpret_cast<const char*>(name), name_size};
    const std::string_view text{reinterpret_cast<const char*>(value), value_size};
    if (key == ":status") own.http_status = number(text);
    if (key == "grpc-status") own.grpc_status = number(text);
    if (key == "grpc-message") own.grpc_message = text.substr(0, most_words);
    return 0;
}

int grpc_health_call::state::on_data(nghttp2_session*, std::uint8_t, std::int32_t which, const std::uint8_t* data,
                                     std::size_t size, void* self) {
    auto& own = of(self);
    if (which != own.stream) return 0;
    if (own.message.size() + size > most_message) return NGHTTP2_ERR_CALLBACK_FAILURE;
    own.message.append(reinterpret_cast<const char*>(data), size);
    return 0;
}

int grpc_health_call::state::on_close(nghttp2_session*, std::int32_t which, std::uint32_t error, void* self) {
    auto& own = of(self);
    if (which != own.stream) return 0;
    own.closed = true;
    own.reset = error;
    return 0;
}

ssize_t grpc_health_call::state::read_request(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                              std::uint32_t* flags, nghttp2_data_source* from, void*) {
    auto& own = of(from->ptr);
    const auto piece = std::min(size, own.request.size() - own.sent);
    std::memcpy(into, own.request.data() + own.sent, piece);
    own.sent += piece;
    if (own.sent == own.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(piece);
}

void grpc_health_call::state::open() {
    nghttp2_session_callbacks* calls = nullptr;
    if ((broken = nghttp2_session_callbacks_new(&calls)) != 0) return;
    nghttp2_session_callbacks_set_on_header_callback(calls, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, &on_close);
    broken = nghttp2_session_client_new(&session, calls, this);
    nghttp2_session_callbacks_del(calls);
}

void grpc_health_call::state::begin(const std::string& authority, std::chrono::milliseconds patience) {
    // Nothing is pushed to us, and an answer of more fields than this is not what was asked for.
    const std::array<nghttp2_settings_entry, 2> settings{
        {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 16'384}}};
    broken = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    const auto timeout = std::to_string(patience.count()) + "m";
    const std::array<nghttp2_nv, 8> fields{
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":path", "/grpc.health.v1.Health/Check"),
        field(":authority", authority),
        field("te", "trailers"),
        field("content-type", "application/grpc"),
        field("grpc-timeout", timeout),
        field("user-agent", "outrider-probe/" OUTRIDER_VERSION),
    };
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = &read_request;
    stream = nghttp2_submit_request(session, nullptr, fields.data(), fields.size(), &body, nullptr);
    if (stream < 0) broken = stream;
}

grpc_health_call::grpc_health_call(const std::string& authority, std::string service,
                                   std::chrono::milliseconds patience)
    : state_(std::make_unique<state>()) {
    state_->request = check_request(service);
    state_->service = std::move(service);
    state_->open();
    if (state_->broken == 0) state_->begin(authority, patience);
}

grpc_health_call::~grpc_health_call() = default;

std::string grpc_health_call::to_send() {
    std::string out;
    while (state_->broken == 0) {
        const std::uint8_t* bytes = nullptr;
        const auto size = nghttp2_session_mem_send(state_->session, &bytes);
        if (size < 0) state_->broken = static_cast<int>(size);
        if (size <= 0) break;
        out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    return out;
}

void grpc_health_call::receive(std::string_view bytes) {
    if (state_->broken != 0) return;
    state_->beginning.append(bytes.substr(0, 8 - std::min<std::size_t>(state_->beginning.size(), 8)));
    const auto taken =
        nghttp2_session_mem_recv(state_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0) state_->broken = static_cast<int>(taken);
}

bool grpc_health_call::finished() const {
    return state_->broken != 0 || state_->closed || !nghttp2_session_want_read(state_->session);
}

probe_result grpc_health_call::result() const {
    const auto& own = *state_;
    if (own.beginning.starts_with("HTTP/1")) return {false, "it speaks HTTP/1.1 and not gRPC; it is probed by 'http'"};
    if (own.broken == NGHTTP2_ERR_CALLBACK_FAILURE) return {false, "its answer is longer than a HealthCheckResponse"};
    if (own.broken != 0 || !own.closed) {
        const auto* why = own.broken != 0 ? nghttp2_strerror(own.broken) : "it ended the session";
        return {false, std::string{"it does not speak HTTP/2 as gRPC does: "} + why};
    }
    if (own.reset != NGHTTP2_NO_ERROR && own.grpc_status < 0)
        return {false, std::string{"it reset the call: "} + nghttp2_http2_strerror(own.reset)};
    if (own.http_status != 200) return {false, "answered " + std::to_string(own.http_status) + " and not in gRPC"};
    return own.by_grpc_status();
}

probe_result grpc_health_call::state::by_grpc_status() const {
    if (grpc_status < 0) return {false, "its answer has no grpc-status"};
    if (grpc_status == unimplemented)
        return {false, "UNIMPLEMENTED: this server has no grpc.health.v1.Health; add it there, or probe by 'tcp'"};
    if (grpc_status == not_found) return {false, "NOT_FOUND: it knows no service '" + service + "'"};
    if (grpc_status != 0)
        return {false, name_in(status_names, grpc_status) + (grpc_message.empty() ? "" : ": " + grpc_message)};
    const auto status = serving_status(message);
    if (status < 0) return {false, "its answer is no HealthCheckResponse"};
    return {status == serving, name_in(serving_names, status)};
}

net::awaitable<probe_result> probe_grpc(probe_io& io, const config::endpoint& where, const std::string& service) {
    probe_connection connection{io};
    probe_result out;
    out.text = co_await connection.connect(where, nullptr);
    if (!out.text.empty()) co_return out;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(io.time.end() - net::steady_clock::now());
    grpc_health_call call{where.text(), service, std::max(left, std::chrono::milliseconds{1})};
    std::string answer;
    while (true) {
        const auto bytes = call.to_send();
        if (!bytes.empty()) out.text = co_await connection.send(bytes);
        if (!out.text.empty() || call.finished()) break;
        answer.clear();
        out.text = co_await connection.receive(answer);
        if (!out.text.empty()) break;
        call.receive(answer);
        // The stream is closed, and what the peer should still hear of it does not matter.
        if (call.finished()) break;
    }
    if (call.finished()) out = call.result();
    co_return out;
}

}  // namespace outrider::discovery
