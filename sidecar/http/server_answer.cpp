// The answer on its way to the client, and what becomes of both connections.

#include "sidecar/http/connector.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"
#include "sidecar/http/tunnel.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

namespace {

constexpr std::size_t joined_below = 2 * 1024;

}  // namespace

/// @return whether the body goes out chunked
bool server_exchange::build_answer_head() {
    bool outbound = facts_.direction == exchange::direction::outbound;
    response_rewrite rewrite;
    bool unknown_length = response_.body.kind == body_kind::chunked || response_.body.kind == body_kind::until_close;
    rewrite.chunked = unknown_length && head_.minor_version == 1;
    if (unknown_length && head_.minor_version == 0) client_keeps_ = false;
    if (upload_ && !upload_->complete) client_keeps_ = false;
    if (path_.draining(connection_->role)) client_keeps_ = false;
    rewrite.close = !client_keeps_;
    rewrite.keep_alive_10 = client_keeps_ && head_.minor_version == 0;
    rewrite.drop_length = answer_.status == 204 || rewrite.chunked;
    rewrite.upgrade = response_.switches_protocol;
    if (rewrite.upgrade) rewrite.close = false;
    if (outbound && path_.settings.via == config::via::enabled) rewrite.via = path_.shared.via_out;
    if (!response_.has_date) rewrite.date = path_.date();
    out_.clear();
    build_response(out_, answer_, rewrite);
    return rewrite.chunked;
}

/// The answer's head, together with what is here of its body.
void server_exchange::begin_answer() {
    note_answered();
    if (replaces_answer()) {
        relay_ = relay_step::instead;
        return;
    }
    facts_.status = attempt_facts_.status = answer_.status;
    begin_copying();
    if (path_.tracer.capture().answers()) {
        capture_request();
        capture_.begin_answer(answer_);
    }
    chunked_ = build_answer_head();
    up_.consume(answer_.size);
    if (response_.switches_protocol) {
        relay_ = relay_step::tunnel;
        return;
    }
    answer_body_.start(response_.body, path_.settings.limits.trailer_bytes);
    relay_ = relay_piece();  // `out_` holds the head: it goes out together with the first piece of the body
}

/// What follows a piece of the answer, as long as nobody but the upstream is waited for.
server_exchange::progress server_exchange::answer_at_once() {
    if (relay_ == relay_step::more) {
        await_answer_piece();
        return progress::waits;
    }
    if (relay_ != relay_step::ended || upload_) return progress::hands_over;
    after_ = settle(true);
    return progress::ended;
}

/// From where the exchange is.
net::awaitable<after_exchange> server_exchange::forward_answer() {
    if (relay_ == relay_step::none) begin_answer();
    if (relay_ == relay_step::instead) co_return co_await answer_instead();
    if (relay_ == relay_step::tunnel) co_return co_await tunnel(exchange::tunnel_kind::websocket, out_);
    if (relay_ == relay_step::failed && !answer_started_) {
        finish_attempt(failure_);
        co_return co_await answer_locally(own_answer());
    }
    while (relay_ != relay_step::ended) {
        if (relay_ == relay_step::blocked && co_await write_rest_of_piece())
            relay_ = answer_body_.ended() ? relay_step::ended : relay_step::more;
        else if (relay_ == relay_step::more && co_await read_answer_piece())
            relay_ = relay_piece();
        else
            co_return co_await cut_off();
    }
    bool uploaded = !upload_ || upload_->complete;
    if (upload_) co_await end_upload();
    co_return settle(uploaded);
}

/// Frames the body's next piece and writes what the client takes at once.
server_exchange::relay_step server_exchange::relay_piece() {
    piece_ = answer_body_.take(up_.bytes());
    if (answer_body_.malformed()) {
        fail(failure_code::upstream_truncated, origin::upstream, false, "the upstream's chunked answer is malformed");
        return relay_step::failed;
    }
    facts_.response_bytes += piece_.size();
    if (copy_) copy_piece(piece_);
    capture_.answer_piece(piece_, answer_body_.ended());
    if (charges_bytes_) governed_.passed(piece_.size());
    tail_.clear();
    if (chunked_ && !frame_chunk()) {
        fail(failure_code::upstream_truncated, origin::upstream, false, "a trailer of the answer is malformed");
        return relay_step::failed;
    }
    if (piece_.size() <= joined_below && !out_.empty()) {
        // One short copy costs less than a gathering write.
        out_.append(piece_).append(tail_);
        piece_ = {};
        tail_.clear();
    }
    auto parts = answer_parts();
    auto whole = out_.size() + piece_.size() + tail_.size();
    net::error_code ec;
    answer_started_ = true;
    sent_ = whole > 0 ? connection_->client.write_now(parts, ec) : 0;
    if (ec) {
        fail(failure_code::client_gone, origin::client, false, "the client closed the connection");
        return relay_step::failed;
    }
    if (sent_ < whole) return relay_step::blocked;
    out_.clear();
    return answer_body_.ended() ? relay_step::ended : relay_step::more;
}

std::array<boost::asio::const_buffer, 3> server_exchange::answer_parts() const {
    return {boost::asio::buffer(out_), boost::asio::buffer(piece_), boost::asio::buffer(tail_)};
}

/// Puts `piece_` into a chunk, and the last chunk with the trailers behind the last piece. @return false for bad
/// trailers
bool server_exchange::frame_chunk() {
    if (!piece_.empty()) {
        add_chunk_size(out_, piece_.size());
        tail_ = "\r\n";
    }
    if (!answer_body_.ended()) return true;
    tail_ += "0\r\n";
    if (!filter_trailers(answer_body_.trailers(), tail_)) return false;
    tail_ += "\r\n";
    return true;
}

net::awaitable<bool> server_exchange::write_rest_of_piece() {
    auto parts = answer_parts();
    connection_->arm(times().body, waiting_for::client_write);
    auto ec = co_await connection_->client.write_rest(parts, sent_);
    out_.clear();
    if (!ec) co_return true;
    fail(failure_code::client_gone, origin::client, false, "the client closed, or took nothing within timeouts.body");
    co_return false;
}

void server_exchange::await_answer_piece() {
    if (up_.empty()) up_.reset();
    // Such an answer's end may stand right behind its bytes.
    if (response_.body.kind == body_kind::until_close) upstream_->stream.expect_news();
    connection_->arm(times().body, waiting_for::response_body);
}

net::awaitable<bool> server_exchange::read_answer_piece() {
    await_answer_piece();
    auto [ec, n] = co_await upstream_->stream.read_some(up_);
    co_return take_answer_piece(ec, n);
}

/// @return whether the answer goes on, or ends well
bool server_exchange::take_answer_piece(net::error_code ec, std::size_t n) {
    if (!ec) {
        up_.commit(n);
        return true;
    }
    if (ec == boost::asio::error::eof && answer_body_.end_of_stream()) return true;
    if (upload_ && upload_->failure) {  // it cancelled this read
        failure_ = upload_->failure;
        detail_ = upload_->detail;
    } else if (connection_->total_passed()) {
        fail_time();
    } else if (connection_->timed_out()) {
        fail(failure_code::upstream_timeout, origin::upstream, false,
             "nothing of the answer came within timeouts.body");
    } else {
        fail(failure_code::upstream_truncated, origin::upstream, false, "the upstream closed within its answer");
    }
    return false;
}

/// The client has a part of the answer and will not get the rest: it must notice.
net::awaitable<after_exchange> server_exchange::cut_off() {
    if (upload_) co_await end_upload();
    finish_attempt(failure_);
    finish();
    upstream_.reset();
    connection_->watch(nullptr);
    // A body that ends with the connection would look complete after an orderly close.
    co_return !chunked_ && response_.body.kind != body_kind::length ? after_exchange::reset : after_exchange::close;
}

/// The answer is out: connections go back or are closed, the exchange is accounted for.
after_exchange server_exchange::settle(bool uploaded) {
    facts_.finished = net::steady_clock::now();
    finish_attempt({});
    if (copy_) keep_copy();
    connection_->watch(nullptr);
    if (response_.keep_alive && uploaded && up_.empty()) {
        return_connection(facts_.finished);
    } else {
        upstream_.reset();
    }
    finish();
    if (!uploaded) return after_exchange::linger;
    if (upload_) {
        // Everything behind the body belongs to the next request.
        connection_->in.reset();
        connection_->in.append(body_.data());
    } else {
        connection_->in.consume(head_.size + body_in_buffer_);
    }
    if (client_keeps_) return after_exchange::keep;
    // RFC 9112 9.6: a client that said "close" sends no further request, so there is nothing that a close could cut
    // off.
    bool over = !request_.keep_alive && connection_->in.empty();
    return over ? after_exchange::close : after_exchange::linger;
}

void server_exchange::return_connection(net::steady_clock::time_point now) {
    ++upstream_->exchanges;
    upstream_->endpoint->give_back(std::move(upstream_), now, path_.settings.limits.pool_per_upstream);
}

/// Sends the answer that opens a tunnel, and carries bytes both ways until it ends.
net::awaitable<after_exchange> server_exchange::tunnel(exchange::tunnel_kind kind, std::string_view answer) {
    boost::asio::const_buffer whole = boost::asio::buffer(answer);
    capture_request();
    net::io_buffer held;  // what the facts are views into, to the end
    if (co_await write_client({&whole, 1})) {
        path_.metrics.tunnels[static_cast<std::size_t>(kind)].add();
        held = std::move(connection_->in);
        connection_->in = {};
        connection_->in.append(held.data().substr(head_.size));
        passed_bytes count{facts_.request_bytes, facts_.response_bytes};
        if (charges_bytes_) count.meter = &governed_;
        co_await run_tunnel(*connection_, upstream_->stream, up_, count);
    }
    finish_attempt(failure_);
    finish();
    upstream_.reset();
    connection_->watch(nullptr);
    co_return after_exchange::close;
}

/// CONNECT: a tunnel to a host that the application names.
net::awaitable<after_exchange> server_exchange::connect_tunnel() {
    plan_attempts();
    if (!may_begin()) co_return co_await answer_locally(own_answer());
    begin_attempt(next_attempt::any_endpoint);
    if (!co_await connect()) {
        finish_attempt(failure_);
        co_return co_await answer_locally(own_answer());
    }
    connection_->watch(&upstream_->stream);
    note_answered();
    facts_.status = attempt_facts_.status = answer_.status = 200;
    tell_breakers();
    attempt_facts_.peer_address = upstream_->peer_address;
    attempt_facts_.peer_port = upstream_->peer.port();
    up_.reset();
    // Named, not a temporary: g++ 12 emits a trap for the conversion inside a co_await.
    static constexpr std::string_view established = "HTTP/1.1 200 Connection established\r\n\r\n";
    co_return co_await tunnel(exchange::tunnel_kind::connect, established);
}

}  // namespace outrider::http
