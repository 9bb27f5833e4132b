#include "sidecar/net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "sidecar/net/http_client_message.hpp"
#include "sidecar/net/name_lookup.hpp"
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

constexpr std::uint32_t response_head_bytes = 64 * 1024;
constexpr std::size_t input_bytes = 256 * 1024;  // more than a head or a trailer; bounds the line of a chunk's size
constexpr std::size_t piece_bytes = 16 * 1024;

/// Zero: never.
time_point deadline_after(std::chrono::milliseconds patience) {
    const auto now = std::chrono::steady_clock::now();
    return patience.count() == 0 ? now + std::chrono::hours(24 * 365) : now + patience;
}

}  // namespace

/// Lives as long as anyone needs it: the connection, a request under way, the timer's and the resolver's handlers.
struct http_connection::state : std::enable_shared_from_this<state> {
    state(asio::io_context& c, http_client_options o) : context(c), options(std::move(o)), deadline_timer(c) {}

    asio::io_context& context;
    http_client_options options;
    timer deadline_timer;
    name_lookup names{context};
    std::optional<tcp_socket> plain;
    std::optional<tls_stream> tls;
    boost::beast::flat_buffer input{input_bytes};
    std::string origin;  ///< scheme and authority of the open connection
    bool timed_out = false, cancelled = false;
    bool kept = false;             ///< the request under way goes over a connection of an earlier one
    bool unanswered = false;       ///< the last request ended before a byte of its answer had come
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

    bool ended() const { return timed_out || cancelled; }

    void cancel() {
        cancelled = true;
        close();
        names.cancel();
    }

    void begin(time_point deadline) {
        timed_out = cancelled = false;
        arm(deadline);
    }

    void finish() {
        ++generation;
        deadline_timer.cancel();
    }

    /// A deadline in place of the last one.
    void arm(time_point deadline) {
        ++generation;
        deadline_timer.expires_at(deadline);
        deadline_timer.async_wait([self = shared_from_this(), g = generation](error_code ec) {
            if (ec || g != self->generation) return;
            self->timed_out = true;
            self->close();
        });
    }

    http_error failed(http_failure failure, const std::string& what, const std::string& why) {
        if (cancelled) return {http_failure::cancelled, what + ": cancelled"};
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

    awaitable<std::optional<http_error>> connect(const url& to);
    awaitable<std::optional<http_error>> handshake(const url& to);
    awaitable<std::optional<http_error>> prepare(const http_request& request);
    bool once_more(const http_request& request, const http_result& answer);
    template <typename Stream>
    awaitable<error_code> write(Stream& stream, const http_request& request, std::string_view head);
    template <typename Stream>
    awaitable<http_result> exchange(Stream& stream, const http_request& request, std::string_view head);
    template <typename Stream>
    awaitable<error_code> read_more(Stream& stream);
    template <typename Stream>
    awaitable<http_result> stream_answer(Stream& stream, const http_request& request, std::string_view head,
                                         const http_sink& to, std::chrono::milliseconds idle, time_point end);
    awaitable<http_result> send(const http_request& request, time_point deadline);
    awaitable<http_result> stream(const http_request& request, const http_sink& to, stream_timeouts timeouts);

    http_error read_failed(const error_code& ec, bool in_head, const http_request& request,
                           const error_code& write_error) {
        const auto peer = request.url.authority();
        if (ended()) return failed(http_failure::broken, "exchange with " + peer, {});
        auto why = describe_read_failure(ec, unread(), in_head, peer);
        if (why.failure == http_failure::broken && write_error)
            return failed(http_failure::broken, "exchange with " + peer, write_error.message());
        return why;
    }
    std::string_view unread() const { return {static_cast<const char*>(input.data().data()), input.size()}; }
};

awaitable<std::optional<http_error>> http_connection::state::connect(const url& to) {
    auto [found, why] = co_await names.find(to.host, to.port, deadline_timer.expiry());
    timed_out = timed_out || (found.empty() && deadline_timer.expiry() <= std::chrono::steady_clock::now());
    if (found.empty()) co_return failed(http_failure::resolve, "resolve " + to.host, why);
    error_code last = asio::error::host_not_found;
    for (const auto& endpoint : found) {
        if (ended()) break;
        plain.emplace(context.get_executor());
        error_code not_opened;  // the connect will tell
        plain->open(endpoint.protocol(), not_opened);
        mark_as_own(plain->native_handle());
        auto [ec] = co_await plain->async_connect(endpoint, use_tuple);
        last = ec;
        if (!ec) break;
    }
    if (last || ended()) co_return failed(http_failure::connect, "connect to " + to.authority(), last.message());
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
awaitable<error_code> http_connection::state::write(Stream& stream, const http_request& request,
                                                    std::string_view head) {
    std::vector<asio::const_buffer> out;
    out.reserve(1 + request.body.size());
    out.emplace_back(head.data(), head.size());
    for (const auto part : request.body) out.emplace_back(part.data(), part.size());
    auto [ec, written] = co_await asio::async_write(stream, out, use_tuple);
    co_return ec;
}

template <typename Stream>
awaitable<http_result> http_connection::state::exchange(Stream& stream, const http_request& request,
                                                        std::string_view head) {
    // A server may refuse before it has read everything, and close: its answer is worth more than our broken pipe.
    const auto write_error = co_await write(stream, request, head);
    while (true) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(response_head_bytes);
        parser.body_limit(options.response_bytes);
        parser.skip(request.method == "HEAD");
        auto [ec, n] = co_await http::async_read(stream, input, parser, use_tuple);
        unanswered = ec && !parser.got_some();
        if (ec) co_return read_failed(ec, !parser.is_header_done(), request, write_error);
        if (parser.get().result_int() / 100 == 1) continue;
        if (write_error || !parser.get().keep_alive() || parser.get().need_eof()) close();
        co_return convert(parser.release());
    }
}

/// Something more of the answer, into `input`.
template <typename Stream>
awaitable<error_code> http_connection::state::read_more(Stream& stream) {
    const auto room = std::min(piece_bytes, input.max_size() - input.size());
    if (room == 0) co_return error_code{http::error::buffer_overflow};
    auto [ec, n] = co_await stream.async_read_some(input.prepare(room), use_tuple);
    input.commit(n);
    co_return ec;
}

template <typename Stream>
awaitable<http_result> http_connection::state::stream_answer(Stream& stream, const http_request& request,
                                                             std::string_view head, const http_sink& to,
                                                             std::chrono::milliseconds idle, time_point end) {
    const auto write_error = co_await write(stream, request, head);
    std::optional<http::response_parser<http::buffer_body>> parser;
    while (true) {
        parser.emplace();
        parser->header_limit(response_head_bytes);
        parser->body_limit(boost::none);
        auto [ec, n] = co_await http::async_read_header(stream, input, *parser, use_tuple);
        unanswered = ec && !parser->got_some();
        if (ec) co_return read_failed(ec, true, request, write_error);
        if (parser->get().result_int() / 100 != 1) break;
    }
    auto answer = head_of(parser->get().base());
    bool wanted = to.on_head(answer);
    parser->eager(true);  // as many chunks in one piece as there are
    std::array<char, piece_bytes> piece;
    error_code ec;
    while (wanted && !parser->is_done()) {
        // Not by async_read_some, which keeps a piece until what follows it has come.
        if (input.size() == 0 || ec == http::error::need_more) {
            arm(std::min(end, deadline_after(idle)));
            ec = co_await read_more(stream);
            if (ec == asio::error::eof) parser->put_eof(ec);
            if (ec || ended()) co_return read_failed(ec, false, request, write_error);
            if (parser->is_done()) break;
        }
        parser->get().body() = {piece.data(), piece.size(), true};
        input.consume(parser->put(input.data(), ec));
        const auto bytes = piece.size() - parser->get().body().size;
        if (bytes != 0) wanted = to.on_data({piece.data(), bytes});
        const bool goes_on = !ec || ec == http::error::need_buffer || ec == http::error::need_more;
        if (ended() || !goes_on) co_return read_failed(ec, false, request, write_error);
    }
    if (!wanted || write_error || !parser->get().keep_alive() || parser->get().need_eof()) close();
    co_return answer;
}

/// A connection to the request's origin, the kept one or another.
awaitable<std::optional<http_error>> http_connection::state::prepare(const http_request& request) {
    const auto wanted = (request.url.tls ? "https://" : "http://") + request.url.authority();
    kept = reusable(wanted);
    if (kept) co_return std::nullopt;
    forget();
    auto error = co_await connect(request.url);
    if (!error) {
        origin = wanted;
        co_return std::nullopt;
    }
    finish();
    forget();
    co_return error;
}

/// Whether to ask again over a connection of its own: a kept one may be closed by its server while a request is under
/// way, and what changes nothing when it is done twice may then be sent again (RFC 9110, 9.2.2; RFC 9112, 9.3.1).
bool http_connection::state::once_more(const http_request& request, const http_result& answer) {
    const bool safe =
        request.method == "GET" || request.method == "HEAD" || request.method == "PUT" || request.method == "DELETE";
    if (answer || !kept || !safe || !unanswered || ended() || answer.error().failure != http_failure::broken)
        return false;
    forget();
    return true;
}

awaitable<http_result> http_connection::state::send(const http_request& request, time_point deadline) {
    const auto keep = shared_from_this();
    const auto head = request_head(request, options.user_agent);
    if (head.empty()) co_return failed(http_failure::bad_request, "request", "a header field is malformed");
    begin(deadline);
    http_result answer = http_error{};
    do {
        auto error = co_await prepare(request);
        if (error) co_return std::move(*error);
        // No conditional expression: g++ 12 copies the temporaries of a co_await in one bit by bit.
        if (tls)
            answer = co_await exchange(*tls, request, head);
        else
            answer = co_await exchange(*plain, request, head);
    } while (once_more(request, answer));
    finish();
    if (!answer || !lower()->is_open()) forget();
    co_return answer;
}

awaitable<http_result> http_connection::state::stream(const http_request& request, const http_sink& to,
                                                      stream_timeouts timeouts) {
    const auto keep = shared_from_this();
    const auto head = request_head(request, options.user_agent);
    if (head.empty()) co_return failed(http_failure::bad_request, "request", "a header field is malformed");
    const auto end = deadline_after(timeouts.total);
    begin(std::min(end, deadline_after(timeouts.head)));
    http_result answer = http_error{};
    do {
        auto error = co_await prepare(request);
        if (error) co_return std::move(*error);
        if (tls)
            answer = co_await stream_answer(*tls, request, head, to, timeouts.idle, end);
        else
            answer = co_await stream_answer(*plain, request, head, to, timeouts.idle, end);
    } while (once_more(request, answer));
    finish();
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

awaitable<http_result> http_connection::stream(const http_request& request, const http_sink& to,
                                               stream_timeouts timeouts) {
    return state_->stream(request, to, timeouts);
}

awaitable<http_result> http_connection::send(const http_request& request, time_point deadline) {
    return state_->send(request, deadline);
}

void http_connection::cancel() { state_->cancel(); }

}  // namespace outrider::net
