// The request body on its way up, when it is not complete with the head.

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

void server_exchange::start_upload() {
    // The head's views point into the read buffer, so the body moves on through one of its own.
    auto behind = connection_->in.data().substr(head_.size);
    body_.reset();
    body_.append(behind);
    replay_.clear();
    upload_ = std::make_unique<upload_state>(path_.worker.get_executor());
    path_.worker.tasks().spawn(upload());
}

net::awaitable<void> server_exchange::upload() {
    auto& state = *upload_;
    co_await upload_pieces(state);
    if (state.complete) connection_->arm(times().first_byte, waiting_for::first_byte);
    // Whoever waits for the answer of a request that will never be complete is woken.
    if (state.failure && upstream_) upstream_->stream.cancel();
    state.ended.set();
}

net::awaitable<void> server_exchange::upload_pieces(upload_state& state) {
    body_decoder body;
    body.start(request_.body, path_.settings.limits.trailer_bytes);
    rate_guard rate{path_.settings.timeouts.lowest_rate};
    bool upstream_gone = false;
    std::string size_line, tail;
    auto give_up = [&state](failure_code code, const char* detail) {
        state.failure = {code, origin::client, false};
        state.detail = detail;
    };
    while (true) {
        auto piece = body.take(body_);
        if (body.malformed())
            co_return give_up(failure_code::malformed_request, "the chunked request body is malformed");
        upload_frame_.clear();
        if (body.ended() && body.kind() == body_kind::chunked && !filter_trailers(body.trailers(), upload_frame_))
            co_return give_up(failure_code::malformed_request, "a trailer of the request is malformed");
        facts_.request_bytes += piece.size();
        capture_.request_piece(head_, piece, body.ended());
        // An announced length was asked for before.
        if (charges_bytes_ && body.kind() == body_kind::chunked) governed_.passed(piece.size());
        frame_upload(piece, body, size_line, tail);
        if (!upstream_gone && co_await write_upstream_piece(size_line, piece, tail)) upstream_gone = true;
        // The upstream's answer, if any, tells more. What is small enough to go to another one is read to its end.
        if (upstream_gone && !keeps_body_) co_return;
        if (body.ended()) {
            state.complete = !upstream_gone;
            state.received = true;
            co_return;
        }
        if (body_.empty()) body_.reset();
        body_.make_room(body.next_piece());
        connection_->arm(times().body, waiting_for::request_body);
        auto [ec, n] = co_await connection_->client.read_some(body_.room());
        if (ec) {
            if (connection_->timed_out())
                co_return give_up(failure_code::request_timeout,
                                  "nothing of the request body came within timeouts.body");
            co_return give_up(failure_code::client_gone, "the client closed within the request body");
        }
        body_.commit(n);
        if (rate.too_slow(n, net::steady_clock::now()))
            co_return give_up(failure_code::request_timeout, "the request body came slower than timeouts.lowest_rate");
    }
}

net::awaitable<net::error_code> server_exchange::write_upstream_piece(std::string_view size_line,
                                                                      std::string_view piece, std::string_view tail) {
    std::array<boost::asio::const_buffer, 3> parts{boost::asio::buffer(size_line), boost::asio::buffer(piece),
                                                   boost::asio::buffer(tail)};
    auto whole = size_line.size() + piece.size() + tail.size();
    if (whole == 0) co_return net::error_code{};
    net::error_code ec;
    auto done = upstream_->stream.write_now(parts, ec);
    if (!ec && done < whole) {
        connection_->arm(times().body, waiting_for::first_byte);
        ec = co_await upstream_->stream.write_rest(parts, done);
    }
    co_return ec;
}

/// The chunk's framing around `piece`; `upload_frame_` holds the trailers, when the body has ended. What is kept for
/// another attempt is kept as it goes out.
void server_exchange::frame_upload(std::string_view piece, const body_decoder& body, std::string& size_line,
                                   std::string& tail) {
    size_line.clear();
    tail.clear();
    if (body.kind() == body_kind::chunked) {
        if (!piece.empty()) {
            add_chunk_size(size_line, piece.size());
            tail = "\r\n";
        }
        if (body.ended()) tail += "0\r\n" + upload_frame_ + "\r\n";
    }
    if (!keeps_body_) return;
    if (facts_.request_bytes > path_.settings.limits.replay_bytes) {
        // Longer than what is kept: it goes on, and this attempt is the last.
        keeps_body_ = repeatable_ = may_retry_ = false;
        replay_.clear();
        return;
    }
    replay_.append(size_line).append(piece).append(tail);
}

/// Waits for the rest of a body that is kept, so that the next attempt can send it whole. A client that does not send
/// it ends the exchange. @return whether it is here
net::awaitable<bool> server_exchange::complete_replay() {
    if (upstream_ && !upload_->complete) upstream_->stream.cancel();
    if (!upload_->ended.is_set()) co_await upload_->ended.wait();
    if (upload_->failure) {
        failure_ = upload_->failure;
        detail_ = upload_->detail;
    }
    body_buffered_ = upload_->complete = upload_->received;
    co_return body_buffered_&& keeps_body_;
}

/// Stops an upload that nobody needs any more, and waits until it has let go of both streams.
net::awaitable<void> server_exchange::end_upload() {
    if (!upload_->ended.is_set()) {
        connection_->client.cancel();
        if (upstream_) upstream_->stream.cancel();
        co_await upload_->ended.wait();
    }
}

}  // namespace outrider::http
