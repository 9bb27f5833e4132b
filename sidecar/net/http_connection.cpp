#include "sidecar/net/http_connection.hpp"

#include <optional>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <netdb.h>

#include "sidecar/net/job_thread.hpp"
#include "sidecar/net/own_mark.hpp"

namespace outrider::net {
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using tls_stream = asio::ssl::stream<tcp_socket>;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;
using time_point = std::chrono::steady_clock::time_point;
using endpoints = std::vector<tcp::endpoint>;

constexpr std::uint32_t response_head_bytes = 64 * 1024;

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::size_t body_bytes(const http_request& request) {
    std::size_t total = 0;
    for (const auto part : request.body) total += part.size();
    return total;
}

/// The request's head, or empty when a field can't be written.
std::string request_head(const http_request& request, const std::string& user_agent) {
    if (has_line_break(request.url.target) || has_line_break(request.method)) return {};
    std::string head = request.method + " " + request.url.target + " HTTP/1.1\r\nHost: " + request.url.authority() +
                       "\r\nUser-Agent: " + user_agent + "\r\n";
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || name.find(':') != std::string::npos || has_line_break(name) || has_line_break(value))
            return {};
        head += name + ": " + value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
        head += "Content-Length: " + std::to_string(body_bytes(request)) + "\r\n";
    return head + "\r\n";
}

http_response convert(http::response<http::string_body>&& from) {
    http_response out;
    out.status = from.result_int();
    for (const auto& field : from)
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(from.body());
    return out;
}

/// Recognizes what answers that is no HTTP/1.1: a frame header of HTTP/2's SETTINGS on stream 0, or a record of TLS.
http_failure classify_malformed(std::string_view bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() >= 9 && byte(0) == 0 && byte(3) == 4 && (byte(5) | byte(6) | byte(7) | byte(8)) == 0)
        return http_failure::http2_peer;
    if (bytes.size() >= 3 && (byte(0) == 0x15 || byte(0) == 0x16) && byte(1) == 3) return http_failure::tls_peer;
    return http_failure::malformed;
}

http_error describe_malformed(std::string_view bytes, const std::string& peer, const error_code& ec) {
    const auto failure = classify_malformed(bytes);
    if (failure == http_failure::http2_peer) return {failure, peer + " speaks HTTP/2, as gRPC does, not HTTP/1.1"};
    if (failure == http_failure::tls_peer) return {failure, peer + " speaks TLS: use https"};
    return {failure, peer + " does not answer in HTTP/1.1: " + ec.message()};
}

/// getaddrinfo has no deadline, therefore it runs on a thread that can be left behind.
std::pair<endpoints, std::string> look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); rc != 0) return {{}, ::gai_strerror(rc)};
    endpoints out;
    for (const auto* a = found; a; a = a->ai_next) {
        tcp::endpoint endpoint;
        if (a->ai_addrlen > endpoint.capacity()) continue;
        endpoint.resize(a->ai_addrlen);
        std::memcpy(endpoint.data(), a->ai_addr, a->ai_addrlen);
        endpoint.port(port);
        out.push_back(endpoint);
    }
    ::freeaddrinfo(found);
    return {std::move(out), {}};
}

}  // namespace

/// Lives as long as anyone needs it: the connection, a request under way, the timer's and the resolver's handlers.
struct http_connection::state : std::enable_shared_from_this<state> {
    state(asio::io_context& c, http_client_options o) : context(c), options(std::move(o)), deadline_timer(c) {}

    asio::io_context& context;
    http_client_options options;
    timer deadline_timer;
    std::optional<job_thread> resolver;
    std::optional<tcp_socket> plain;
    std::optional<tls_stream> tls;
    boost::beast::flat_buffer input;
    std::string origin;  ///< scheme and authority of the open connection
    bool timed_out = false;
    std::uint64_t generation = 0;  ///< of requests: late handlers of a former one do nothing

    tcp_socket* lower() { return tls ? &tls->next_layer() : plain ? &*plain : nullptr; }

    void close() {
        error_code ignored;
        if (auto* socket = lower()) socket->close(ignored);
    }

    void forget() {
        close();
        tls.reset();
        plain.reset();
        input.clear();
        origin.clear();
    }

    void arm(time_point deadline) {
        timed_out = false;
        deadline_timer.expires_at(deadline);
        deadline_timer.async_wait([self = shared_from_this(), g = generation](error_code ec) {
            if (ec || g != self->generation) return;
            self->timed_out = true;
            self->close();
        });
    }

    http_error failed(http_failure failure, const std::string& what, const std::string& why) {
        if (timed_out) return {http_failure::timeout, what + ": timed out"};
        return {failure, what + ": " + why};
    }

    /// Whether the kept connection is still of use: open, and the server has neither closed nor said anything.
    bool reusable(const std::string& wanted) {
        auto* socket = lower();
        if (origin != wanted || !socket || !socket->is_open() || input.size() != 0) return false;
        char byte;
        return ::recv(socket->native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               (errno == EAGAIN || errno == EWOULDBLOCK);
    }

    awaitable<std::pair<endpoints, std::string>> resolve(const std::string& host, std::uint16_t port);
    awaitable<std::optional<http_error>> connect(const url& to);
    awaitable<std::optional<http_error>> handshake(const url& to);
    template <typename Stream>
    awaitable<http_result> exchange(Stream& stream, const http_request& request, std::string_view head);
    template <typename Stream>
    awaitable<http_result> read_answer(Stream& stream, const http_request& request, const error_code& write_error);
    awaitable<http_result> send(const http_request& request, time_point deadline);
};

awaitable<std::pair<endpoints, std::string>> http_connection::state::resolve(const std::string& host,
                                                                             std::uint16_t port) {
    error_code ec;
    if (const auto address = asio::ip::make_address(host, ec); !ec)
        co_return std::pair{endpoints{{address, port}}, std::string{}};
    // The answer comes back through the io_context, which may be gone by then: `alive` is checked under its lock.
    struct pending {
        std::mutex mutex;
        bool alive = true;
        bool done = false;
        std::pair<endpoints, std::string> found;
    };
    auto answer = std::make_shared<pending>();
    auto wake = std::make_shared<timer>(context, deadline_timer.expiry());
    if (!resolver) resolver.emplace("resolver");
    resolver->post([answer, host, port, weak = std::weak_ptr(wake), &io = context] {
        auto found = look_up(host, port);
        const std::lock_guard lock(answer->mutex);
        if (!answer->alive) return;
        answer->found = std::move(found);
        answer->done = true;
        asio::post(io, [weak] {
            if (const auto w = weak.lock()) w->cancel();
        });
    });
    struct guard {
        pending& p;
        ~guard() {
            const std::lock_guard lock(p.mutex);
            p.alive = false;
        }
    } guarded{*answer};
    while (true) {
        {
            const std::lock_guard lock(answer->mutex);
            if (answer->done) co_return std::move(answer->found);
        }
        if (timed_out || std::chrono::steady_clock::now() >= wake->expiry()) break;
        co_await wake->async_wait(use_tuple);
    }
    resolver.reset();
    timed_out = true;
    co_return std::pair{endpoints{}, std::string("no answer in time")};
}

awaitable<std::optional<http_error>> http_connection::state::connect(const url& to) {
    auto [found, why] = co_await resolve(to.host, to.port);
    if (found.empty()) co_return failed(http_failure::resolve, "resolve " + to.host, why);
    error_code last = asio::error::host_not_found;
    for (const auto& endpoint : found) {
        if (timed_out) break;
        plain.emplace(context.get_executor());
        error_code not_opened;  // the connect will tell
        plain->open(endpoint.protocol(), not_opened);
        mark_as_own(plain->native_handle());
        auto [ec] = co_await plain->async_connect(endpoint, use_tuple);
        last = ec;
        if (!ec) break;
    }
    if (last || timed_out) co_return failed(http_failure::connect, "connect to " + to.authority(), last.message());
    error_code ignored;
    plain->set_option(tcp::no_delay(true), ignored);
    if (to.tls) co_return co_await handshake(to);
    co_return std::nullopt;
}

awaitable<std::optional<http_error>> http_connection::state::handshake(const url& to) {
    if (!options.tls) options.tls = std::make_shared<tls_context>(config::tls_client{});
    const auto reload_error = options.tls->reload_if_changed();
    auto ssl = options.tls->new_connection(to.host);
    tls.emplace(std::move(*plain), ssl.get());
    auto* handle = ssl.release();  // the stream owns it now
    plain.reset();
    auto [ec] = co_await tls->async_handshake(tls_stream::client, use_tuple);
    if (!ec) co_return std::nullopt;
    auto why = SSL_get_verify_result(handle) != X509_V_OK ? tls_failure_text(handle) : ec.message();
    if (!reload_error.empty()) why += " (" + reload_error + ")";
    co_return failed(http_failure::tls, "TLS with " + to.authority(), why);
}

template <typename Stream>
awaitable<http_result> http_connection::state::exchange(Stream& stream, const http_request& request,
                                                        std::string_view head) {
    std::vector<asio::const_buffer> out;
    out.reserve(1 + request.body.size());
    out.emplace_back(head.data(), head.size());
    for (const auto part : request.body) out.emplace_back(part.data(), part.size());
    auto [ec, written] = co_await asio::async_write(stream, out, use_tuple);
    // A server may refuse before it has read everything, and close: its answer is worth more than our broken pipe.
    co_return co_await read_answer(stream, request, ec);
}

template <typename Stream>
awaitable<http_result> http_connection::state::read_answer(Stream& stream, const http_request& request,
                                                           const error_code& write_error) {
    while (true) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(response_head_bytes);
        parser.body_limit(options.response_bytes);
        parser.skip(request.method == "HEAD");
        auto [ec, n] = co_await http::async_read(stream, input, parser, use_tuple);
        if (ec) {
            const auto peer = request.url.authority();
            if (ec == http::error::body_limit || ec == http::error::header_limit || ec == http::error::buffer_overflow)
                co_return failed(http_failure::too_large, "exchange with " + peer, "the answer is too large");
            const bool transport = ec.category() != make_error_code(http::error::bad_version).category() ||
                                   ec == http::error::end_of_stream || ec == http::error::partial_message;
            const std::string_view seen{static_cast<const char*>(input.data().data()), input.size()};
            if (!timed_out && !parser.is_header_done() && !seen.empty() &&
                (!transport || classify_malformed(seen) != http_failure::malformed))
                co_return describe_malformed(seen, peer, ec);
            co_return failed(http_failure::broken, "exchange with " + peer, (write_error ? write_error : ec).message());
        }
        if (parser.get().result_int() / 100 == 1) continue;
        if (write_error || !parser.get().keep_alive() || parser.get().need_eof()) close();
        co_return convert(parser.release());
    }
}

awaitable<http_result> http_connection::state::send(const http_request& request, time_point deadline) {
    const auto keep = shared_from_this();
    const auto head = request_head(request, options.user_agent);
    if (head.empty()) co_return failed(http_failure::bad_request, "request", "a header field is malformed");
    ++generation;
    arm(deadline);
    const auto wanted = (request.url.tls ? "https://" : "http://") + request.url.authority();
    if (!reusable(wanted)) {
        forget();
        if (auto error = co_await connect(request.url)) {
            deadline_timer.cancel();
            forget();
            co_return std::move(*error);
        }
        origin = wanted;
    }
    http_result answer = http_error{};
    // No conditional expression: g++ 12 copies the temporaries of a co_await in one bit by bit.
    if (tls)
        answer = co_await exchange(*tls, request, head);
    else
        answer = co_await exchange(*plain, request, head);
    ++generation;
    deadline_timer.cancel();
    if (!answer || !lower()->is_open()) forget();
    co_return answer;
}

http_connection::http_connection(asio::io_context& context, http_client_options options)
    : state_(std::make_shared<state>(context, std::move(options))) {}
http_connection::~http_connection() {
    ++state_->generation;
    state_->deadline_timer.cancel();
    state_->close();
}

awaitable<http_result> http_connection::send(const http_request& request, time_point deadline) {
    return state_->send(request, deadline);
}

void http_connection::cancel() { state_->close(); }

}  // namespace outrider::net
