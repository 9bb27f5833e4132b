#include "sidecar/net/http_server_connection.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

namespace outrider::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::beast::iequals;

namespace {

constexpr std::size_t piece = 64 * 1024;
constexpr std::chrono::seconds linger_time{2};

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Splits the target; an absolute one ("http://host/path") names the host itself (RFC 9112 3.2.2).
void fill_target(server_request& request) {
    std::string_view rest = request.target;
    request.host = request.header("host").value_or("");
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (rest.size() < scheme.size() || !iequals(rest.substr(0, scheme.size()), scheme)) continue;
        rest.remove_prefix(scheme.size());
        const auto authority = rest.substr(0, rest.find_first_of("/?"));
        request.host = authority;
        rest.remove_prefix(authority.size());
    }
    const auto mark = rest.find('?');
    request.path = rest.substr(0, mark);
    if (request.path.empty()) request.path = "/";
    if (mark != std::string_view::npos) request.query = rest.substr(mark + 1);
}

server_request neutral(const http::request_header<>& head) {
    server_request request;
    request.method = std::string_view{head.method_string().data(), head.method_string().size()};
    request.target = std::string_view{head.target().data(), head.target().size()};
    for (const auto& field : head) {
        const auto name = field.name_string();
        const auto value = field.value();
        request.headers.emplace_back(lower({name.data(), name.size()}), std::string{value.data(), value.size()});
    }
    fill_target(request);
    return request;
}

/// What Beast's parser lets pass although RFC 9112 (3.2, 6.1) does not.
std::string_view framing_fault(const server_request& request, unsigned version) {
    if (version >= 11 && request.count("host") != 1) return "exactly one Host field is required";
    const auto coding = request.header("transfer-encoding");
    if (!coding) return {};
    if (version < 11) return "HTTP/1.0 has no Transfer-Encoding";
    if (request.count("content-length") != 0) return "Content-Length beside Transfer-Encoding";
    if (request.count("transfer-encoding") != 1 || !iequals(*coding, "chunked"))
        return "Transfer-Encoding is not chunked";
    return {};
}

/// Status line and fields of an answer.
std::string head_of(const server_response& answer, unsigned version, bool keep_alive, bool with_length) {
    const auto reason = http::obsolete_reason(static_cast<http::status>(answer.status));
    std::string out = version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ";
    out.reserve(512);
    out.append(std::to_string(answer.status)).append(" ").append(reason.data(), reason.size()).append("\r\n");
    auto field = [&out](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    field("Server", "outrider");
    const bool may_be_kept = std::any_of(answer.headers.begin(), answer.headers.end(),
                                         [](const auto& one) { return one.first == "Cache-Control"; });
    if (!may_be_kept) field("Cache-Control", "no-store");
    // A browser that is tricked into showing an answer must not guess that it is a page.
    field("X-Content-Type-Options", "nosniff");
    if (!answer.content_type.empty()) field("Content-Type", answer.content_type);
    for (const auto& [name, value] : answer.headers) field(name, value);
    if (!keep_alive) field("Connection", "close");
    if (keep_alive && version < 11) field("Connection", "keep-alive");
    if (with_length) field("Content-Length", std::to_string(answer.body.size()));
    return out.append("\r\n");
}

}  // namespace

bool held_body_bytes::grow(std::uint64_t more) {
    if (shared_.body_bytes + more > shared_.options.all_bodies_bytes) return false;
    shared_.body_bytes += more;
    held_ += more;
    return true;
}

awaitable<void> server_connection::serve() {
    error_code ignored;
    stream_.socket().non_blocking(true, ignored);
    auto next = after::keep_alive;
    while (next == after::keep_alive) {
        const bool more = co_await first_byte();
        next = after::close;
        if (more) next = co_await exchange();
    }
    if (next == after::linger) co_await linger();
    cut();
}

bool server_connection::evict() {
    if (!idle_ || evicted_) return false;
    evicted_ = true;
    stream_.cancel();
    return true;
}

void server_connection::give_up_head() {
    head_since_.reset();
    stream_.cancel();
}

std::optional<std::chrono::steady_clock::time_point> server_connection::idle_since() const {
    if (!idle_ || evicted_) return std::nullopt;
    return idle_since_;
}

void server_connection::cut() {
    error_code ignored;
    stream_.socket().close(ignored);
}

awaitable<bool> server_connection::first_byte() {
    if (buffer_.size() > 0) co_return true;
    if (evicted_ || (shared_.draining && served_)) co_return false;
    idle_ = true;
    idle_since_ = std::chrono::steady_clock::now();
    // A connection that was still in the accept queue when draining began has its request under way or none at all.
    stream_.expires_after(shared_.draining ? std::min<std::chrono::milliseconds>(shared_.options.idle, linger_time)
                                           : shared_.options.idle);
    const auto [ec, n] = co_await stream_.async_read_some(buffer_.prepare(4096), use_tuple);
    idle_ = false;
    buffer_.commit(n);
    co_return !ec;
}

awaitable<server_connection::after> server_connection::exchange() {
    parser in;
    in.header_limit(shared_.options.head_bytes);
    in.body_limit(shared_.options.body_bytes);
    held_body_bytes held{shared_};
    server_request request;
    const auto refused = co_await read(in, request, held);
    if (refused && refused->status == 0) co_return after::close;
    server_response answer = refused ? refuse(*refused) : handle(request);
    const bool keep_alive = !refused && in.keep_alive() && !shared_.draining;
    const bool head_only = in.is_header_done() && in.get().method() == http::verb::head;
    const unsigned version = in.is_header_done() ? in.get().version() : 11;
    if (!co_await write(std::move(answer), version, head_only, keep_alive)) co_return after::close;
    served_ = true;
    if (keep_alive) co_return after::keep_alive;
    co_return refused || buffer_.size() > 0 ? after::linger : after::close;
}

awaitable<std::optional<server_connection::refusal>> server_connection::read(parser& in, server_request& request,
                                                                             held_body_bytes& held) {
    // What has come with the first byte is read without a deadline: of most requests that is all.
    error_code ec;
    buffer_.consume(in.put(buffer_.data(), ec));
    if (ec == http::error::need_more) {
        stream_.expires_after(shared_.options.head);
        head_since_ = std::chrono::steady_clock::now();
        std::tie(ec, std::ignore) = co_await http::async_read_header(stream_, buffer_, in, use_tuple);
        head_since_.reset();
    }
    if (ec) co_return classify(ec);
    request = neutral(in.get());
    const unsigned version = in.get().version();
    if (const auto fault = framing_fault(request, version); !fault.empty()) co_return refusal{400, fault};
    if (in.is_done()) co_return std::nullopt;
    stream_.expires_after(shared_.options.body);
    if (const auto expect = request.header("expect"); expect && version >= 11) {
        if (!iequals(*expect, "100-continue")) co_return refusal{417, "the only expectation met is 100-continue"};
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const auto [write_error, written] = co_await asio::async_write(stream_, asio::buffer(go_on), use_tuple);
        if (write_error) co_return refusal{};
    }
    co_return co_await read_body(in, request.body, held);
}

awaitable<std::optional<server_connection::refusal>> server_connection::read_body(parser& in, std::string& body,
                                                                                  held_body_bytes& held) {
    while (!in.is_done()) {
        const std::size_t before = body.size();
        if (!held.grow(piece)) co_return refusal{503, "too many request bodies at once"};
        body.resize(before + piece);
        in.get().body() = {body.data() + before, piece, true};
        auto [ec, n] = co_await http::async_read(stream_, buffer_, in, use_tuple);
        body.resize(before + piece - in.get().body().size);
        if (ec == http::error::need_buffer) ec = {};
        if (ec) co_return classify(ec);
    }
    co_return std::nullopt;
}

awaitable<bool> server_connection::write(server_response answer, unsigned version, bool head_only, bool keep_alive) {
    const bool bodiless = answer.status == 204 || answer.status == 304;
    const auto head = head_of(answer, version, keep_alive, !bodiless);
    if (bodiless || head_only) answer.body.clear();
    std::array<asio::const_buffer, 2> rest{asio::buffer(head), asio::buffer(answer.body)};
    // Most answers fit into what the kernel takes at once, and need neither a deadline nor a wait.
    error_code ec;
    auto sent = stream_.socket().write_some(rest, ec);
    if (ec == asio::error::would_block) ec = {};
    if (ec || sent == head.size() + answer.body.size()) co_return !ec;
    for (auto& part : rest) {
        const auto gone = std::min(sent, part.size());
        part += gone;
        sent -= gone;
    }
    stream_.expires_after(shared_.options.write);
    std::tie(ec, std::ignore) = co_await asio::async_write(stream_, rest, use_tuple);
    co_return !ec;
}

/// Reads on for a moment after a refusal: closing a socket with unread bytes resets it, and the client would lose the
/// answer that tells it why.
awaitable<void> server_connection::linger() {
    error_code ec;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    stream_.expires_after(linger_time);
    std::array<char, 4096> discarded;
    while (!ec) std::tie(ec, std::ignore) = co_await stream_.async_read_some(asio::buffer(discarded), use_tuple);
}

server_response server_connection::handle(const server_request& request) {
    shared_.requests.fetch_add(1, std::memory_order_relaxed);
    try {
        return shared_.handle(request);
    } catch (const std::exception& error) {
        return problem(500, error.what());
    }
}

server_response server_connection::refuse(const refusal& why) {
    shared_.bad.fetch_add(1, std::memory_order_relaxed);
    auto answer = problem(why.status, why.detail);
    if (why.status == 503) answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

server_connection::refusal server_connection::classify(error_code error) {
    if (error == http::error::header_limit) return {431, "the request head is too large"};
    if (error == http::error::body_limit) return {413, "the request body is too large"};
    if (error == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
    if (error.category() == http::make_error_code(http::error::bad_method).category())
        return {400, "malformed request"};
    return {};
}

}  // namespace outrider::net
