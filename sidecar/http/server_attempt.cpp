// Attempts: a connection, the request out, the answer's head in.

#include "governance/time_budget.hpp"
#include "sidecar/http/connector.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

namespace {

/// A request that must not be repeated takes a pooled connection only when that one carried an answer a moment ago and
/// is open: the upstream's own idle limit cannot be about to strike then. Otherwise it gets a fresh one.
constexpr std::chrono::milliseconds certainly_alive{1'000};
/// A connection of which the reactor has heard nothing is not looked at: that would cost a system call per request. It
/// does not hear of an end right behind the last answer, so what has been idle for longer is; nor does it hear, below
/// TLS, of what comes without a pause.
constexpr std::chrono::milliseconds looked_at_after{50};
constexpr std::chrono::milliseconds tls_looked_at_after{1};
constexpr int most_interim = 100;

}  // namespace

/// The first attempt, as far as it needs no waiting: over a pooled connection, with the whole request in one write.
server_exchange::progress server_exchange::attempt_at_once() {
    if (!begin_attempts()) {
        next_ = next_step::refuse;
        return progress::hands_over;
    }
    if (!reused_) return progress::hands_over;
    build_head();
    sent_how_ = send_at_once();
    attempt_ = attempt_stage::sent;
    if (sent_how_ == send_outcome::partly || !body_buffered_ || !upstream_->stream.plain()) return progress::hands_over;
    await_more_of_answer(learns_ ? attempt_began_ : attempt_facts_.started);
    return progress::waits;
}

/// A part of the answer came, or there is none. Every read of an answer's head or body ends here, unless run() has
/// been asked to go on.
server_exchange::progress server_exchange::take(const net::io_result& got) {
    auto [ec, n] = got;
    if (relay_ == relay_step::more) {
        if (!take_answer_piece(ec, n)) {
            relay_ = relay_step::failed;
            return progress::hands_over;
        }
        relay_ = relay_piece();
        return answer_at_once();
    }
    if (ec) {
        fail_read(ec);
        attempt_ = judge_attempt(false);
        return progress::hands_over;
    }
    up_.commit(n);
    switch (look_at_answer()) {
        case arrived::part:
            await_more_of_answer(net::steady_clock::now());
            return progress::waits;
        case arrived::interim:
            return progress::hands_over;
        case arrived::bad:
            attempt_ = judge_attempt(false);
            return progress::hands_over;
        case arrived::final:
            attempt_ = judge_attempt(true);
    }
    if (attempt_ == attempt_stage::unwanted) return progress::hands_over;
    next_ = next_step::answer;
    begin_answer();
    return answer_at_once();
}

/// From where the exchange is.
net::awaitable<bool> server_exchange::attempt_until_answered() {
    if (attempt_ == attempt_stage::none && !begin_attempts()) co_return false;
    while (true) {
        if (attempt_ == attempt_stage::begun) attempt_ = co_await send_request();
        if (attempt_ == attempt_stage::sent) {
            bool answered = co_await read_answer();
            attempt_ = judge_attempt(answered);
        }
        if (attempt_ == attempt_stage::answered) co_return true;
        bool answered = attempt_ == attempt_stage::unwanted;
        auto next = co_await after_attempt(answered);
        if (next == next_attempt::none) co_return answered;
        begin_attempt(next);
    }
}

/// @return whether the first one has begun
bool server_exchange::begin_attempts() {
    frame_request();
    plan_attempts();
    if (!may_begin()) return false;
    begin_attempt(next_attempt::any_endpoint);
    return true;
}

/// @return sent, which says nothing of how much, or failed
net::awaitable<server_exchange::attempt_stage> server_exchange::send_request() {
    bool connected = reused_ || co_await connect();
    if (!connected) co_return judge_attempt(false);
    build_head();
    sent_how_ = send_at_once();
    co_return attempt_stage::sent;
}

/// What an attempt that has come to its end, or to an answer's head, is worth.
server_exchange::attempt_stage server_exchange::judge_attempt(bool answered) {
    note_application(answered);
    if (!answered) return attempt_stage::failed;
    tell_breakers();
    return plan_.retries(answer_.status) ? attempt_stage::unwanted : attempt_stage::answered;
}

/// Whether the whole request body is in the read buffer already, so that it goes out with the head.
void server_exchange::frame_request() {
    auto behind = connection_->in.size() - head_.size;
    bool known_length = request_.body.kind == body_kind::length;
    if (request_.body.kind == body_kind::none) {
        body_buffered_ = true;
    } else if (known_length && request_.body.length <= behind) {
        body_in_buffer_ = static_cast<std::size_t>(request_.body.length);
        body_buffered_ = true;
        facts_.request_bytes = body_in_buffer_;
    }
}

/// Facts, a span of its own for every further attempt, and a pooled connection if one may be used.
void server_exchange::begin_attempt(next_attempt how) {
    attempt_facts_ = {};
    attempt_facts_.number = facts_.attempts++;
    attempt_facts_.started = attempt_facts_.number == 0 ? facts_.started : net::steady_clock::now();
    attempt_span_ = &span_;
    if (attempt_facts_.number > 0 && facts_.direction == exchange::direction::outbound) {
        retry_span_ = path_.tracer.another(span_);
        attempt_span_ = &retry_span_;
    }
    failure_ = {};
    stale_ = false;
    attempt_ = attempt_stage::begun;
    up_.reset();
    bool anew = how == next_attempt::any_endpoint;
    if (anew) pick_endpoint();
    // The exchange may have waited for its turn since it started.
    auto now = learns_ ? attempt_began_ : attempt_facts_.started;
    reused_ = anew && request_.form != target_form::authority && may_reuse(now);
}

bool server_exchange::may_reuse(net::steady_clock::time_point now) {
    auto longest = repeatable_ ? times().upstream_idle : std::min(times().upstream_idle, certainly_alive);
    while ((upstream_ = endpoint_->take_idle(now, longest))) {
        // What an upstream sends unasked must not answer the next request; a close is seen here too.
        auto idle_for = now - upstream_->idle_since;
        bool look =
            !repeatable_ || idle_for > looked_at_after ||
            (upstream_->stream.plain() ? upstream_->stream.lower().may_have_news() : idle_for > tls_looked_at_after);
        if (!look || upstream_->stream.quiet_and_open()) return true;
    }
    return false;
}

/// For the span. Of an intercepted connection's destination the address is all that is known here, and Host its name.
void server_exchange::name_server(const config::upstream_endpoint& place) {
    const bool named = connection_->by_host() && target_ == connection_->target && !request_.host.host.empty();
    attempt_facts_.server_address = named ? request_.host.host : std::string_view{place.address.host};
    attempt_facts_.server_port = place.address.port;
}

net::awaitable<bool> server_exchange::connect() {
    connection_->arm(times().connect, waiting_for::connect);
    auto& endpoint = *endpoint_;
    name_server(endpoint.configured);
    connect_watch watch{[](void* owner, net::stream* stream) { static_cast<server_connection*>(owner)->watch(stream); },
                        connection_};
    auto wait = times().connect.count() > 0 ? times().connect : std::chrono::milliseconds{60'000};
    auto deadline = std::min(net::steady_clock::now() + wait, limit_.end());
    auto opened = co_await open_connection(path_, target_, endpoint, deadline, watch);
    if (!opened.connection) {
        failure_ = opened.failure;
        detail_ = std::move(opened.detail);
        if (connection_->total_passed() || (limit_.any() && net::steady_clock::now() >= limit_.end())) fail_time();
        if (connection_->client_gone())
            fail(failure_code::client_gone, origin::client, false, "the client reset the connection");
        co_return false;
    }
    upstream_ = std::move(opened.connection);
    co_return true;
}

void server_exchange::build_head() {
    connection_->watch(&upstream_->stream);
    const auto& place = upstream_->endpoint->configured;
    facts_.https = place.tls;
    name_server(place);
    attempt_facts_.peer_address = upstream_->peer_address;
    attempt_facts_.peer_port = upstream_->peer.port();
    bool inbound = facts_.direction == exchange::direction::inbound;
    request_rewrite rewrite;
    if (path_.settings.via == config::via::enabled) rewrite.via = inbound ? path_.shared.via_in : path_.shared.via_out;
    if (inbound) {
        rewrite.client =
            connection_->peer_address().empty() ? std::string_view{"unknown"} : connection_->peer_address();
        rewrite.trust_forwarded = connection_->role.trust_forwarded;
        rewrite.drop_context = connection_->role.trust != config::trust::continue_;
        rewrite.add_request_id =
            path_.tracer.enabled() && (rewrite.drop_context || !head_.fields.find(field_id::x_request_id));
    } else if (target_->rewrite_host || connection_->role.kind == listener_kind::upstream ||
               request_.host.text.empty()) {
        rewrite.host = upstream_->endpoint->text;
    }
    std::string left_ms, left_grpc;
    if (limit_.any()) {
        auto left = limit_.end() - net::steady_clock::now();
        left_ms = governance::timeout_ms_text(left);
        rewrite.timeout_ms = left_ms;
        if (head_.fields.find(field_id::grpc_timeout)) left_grpc = governance::grpc_timeout_text(left);
        rewrite.grpc_timeout = left_grpc;
    }
    rewrite.upgrade = request_.upgrade_websocket;
    rewrite.drop_expect = body_buffered_ || head_.minor_version == 0;
    rewrite.trailers = request_.body.kind == body_kind::chunked;
    out_.clear();
    build_request(out_, head_, request_, rewrite, path_.tracer, *attempt_span_);
}

std::array<boost::asio::const_buffer, 2> server_exchange::request_parts() const {
    std::string_view body = upload_ ? replay_ : connection_->in.data().substr(head_.size, body_in_buffer_);
    return {boost::asio::buffer(out_), boost::asio::buffer(body)};
}

/// Head, and the body when it is here, in one system call. A failed write is not the end: the upstream may have
/// answered before it closed.
server_exchange::send_outcome server_exchange::send_at_once() {
    auto parts = request_parts();
    net::error_code ec;
    sent_ = upstream_->stream.write_now(parts, ec);
    if (ec) return send_outcome::broken;
    return sent_ == parts[0].size() + parts[1].size() ? send_outcome::whole : send_outcome::partly;
}

net::awaitable<server_exchange::send_outcome> server_exchange::send_rest() {
    auto parts = request_parts();
    connection_->arm(times().body, waiting_for::first_byte);
    auto ec = co_await upstream_->stream.write_rest(parts, sent_);
    if (!ec) co_return send_outcome::whole;
    if (!connection_->timed_out()) co_return send_outcome::broken;
    fail(failure_code::upstream_timeout, origin::upstream, false, "the upstream took no bytes within timeouts.body");
    co_return send_outcome::timed_out;
}

/// What there is of an answer, in `up_`.
server_exchange::arrived server_exchange::look_at_answer() {
    auto parsed = parse_response_head(up_.data(), path_.shared.heads, answer_);
    if (parsed.state == parse_state::incomplete) return arrived::part;
    if (parsed.state == parse_state::bad) {
        fail(failure_code::upstream_malformed, origin::upstream, false,
             "the upstream's answer is malformed (" + std::string{describe(parsed.error).text} + ")");
        return arrived::bad;
    }
    if (!judge_answer()) return arrived::bad;
    return answer_.status >= 200 || response_.switches_protocol ? arrived::final : arrived::interim;
}

void server_exchange::await_more_of_answer(net::steady_clock::time_point now) {
    connection_->arm(times().first_byte, waiting_for::first_byte, now);
}

/// The rest of the request, and then the answer until a final head is there; interim ones are passed on.
net::awaitable<bool> server_exchange::read_answer() {
    if (sent_how_ == send_outcome::partly) sent_how_ = co_await send_rest();
    if (sent_how_ == send_outcome::whole && !body_buffered_) start_upload();
    if (sent_how_ == send_outcome::timed_out) co_return false;
    for (int interim = 0; interim < most_interim;) {
        auto what = up_.empty() ? arrived::part : look_at_answer();
        if (what == arrived::final) co_return true;
        if (what == arrived::bad) co_return false;
        if (what == arrived::interim) {
            bool passed = co_await pass_interim();
            if (!passed) co_return false;
            ++interim;
            continue;
        }
        if (!upload_ || upload_->complete) await_more_of_answer(net::steady_clock::now());
        if (upload_ && upload_->failure) {
            fail_read({});
            co_return false;
        }
        net::io_result got;
        if (upstream_->stream.plain()) {
            got = co_await upstream_->stream.read_plain(up_, false);
        } else {
            got = co_await upstream_->stream.read_some(up_);
        }
        if (auto ec = std::get<0>(got)) {
            fail_read(ec);
            co_return false;
        }
        up_.commit(std::get<1>(got));
    }
    fail(failure_code::upstream_malformed, origin::upstream, false, "the upstream sent more than 100 interim answers");
    co_return false;
}

/// An answer that breaks the framing rules, or switches to a protocol that nobody asked for, is no answer.
bool server_exchange::judge_answer() {
    auto error = check_response(answer_, head_.method, response_);
    bool unasked = response_.switches_protocol && !request_.upgrade_websocket;
    if (response_.switches_protocol && !unasked) {
        auto* protocol = answer_.fields.find(field_id::upgrade);
        unasked = !protocol || !same_name(protocol->value, "websocket");
    }
    if (error == head_error::none && !unasked) return true;
    fail(failure_code::upstream_malformed, origin::upstream, false,
         unasked ? "the upstream switched protocols unasked"
                 : "the upstream's answer is malformed (" + std::string{describe(error).text} + ")");
    return false;
}

/// What a failed read from the upstream means.
void server_exchange::fail_read(net::error_code ec) {
    if (upload_ && upload_->failure) {
        failure_ = upload_->failure;
        detail_ = upload_->detail;
    } else if (connection_->client_gone()) {
        fail(failure_code::client_gone, origin::client, false, "the client reset the connection");
    } else if (connection_->total_passed()) {
        fail_time();
    } else if (connection_->timed_out() && connection_->waited_for() == waiting_for::request_body) {
        fail(failure_code::request_timeout, origin::client, false,
             "nothing of the request body came within timeouts.body");
    } else if (connection_->timed_out()) {
        fail(failure_code::upstream_timeout, origin::upstream, false,
             "the upstream did not answer within timeouts.first_byte");
    } else if (ec == boost::asio::error::operation_aborted) {
        fail(failure_code::draining, origin::self, false, "the sidecar is stopping");
    } else {
        // A pooled connection that ends without a byte was closed by the upstream's own idle limit.
        stale_ = reused_ && up_.empty() && !answer_started_ && repeatable_;
        fail(failure_code::upstream_closed, origin::upstream, stale_,
             up_.empty() ? "the upstream closed the connection without an answer"
                         : "the upstream closed the connection within its answer's head");
    }
}

net::awaitable<bool> server_exchange::pass_interim() {
    bool wanted = head_.minor_version == 1;
    std::string head;
    if (wanted) {
        response_rewrite rewrite;
        rewrite.drop_length = true;
        build_response(head, answer_, rewrite);
    }
    up_.consume(answer_.size);
    if (!wanted) co_return true;
    answer_started_ = true;  // from here on another attempt would be seen
    boost::asio::const_buffer whole = boost::asio::buffer(head);
    co_return co_await write_client({&whole, 1});
}

void server_exchange::finish_attempt(const exchange::failure& why) {
    end_attempt(why);
    record_attempt(why);
}

/// Metrics, and the CLIENT span.
void server_exchange::record_attempt(const exchange::failure& why) {
    if (why) count_timeout(why.code);
    path_.metrics.attempts[facts_.target].add();
    if (why) path_.metrics.failed_attempts[facts_.target].add();
    if (facts_.direction == exchange::direction::inbound) return;
    attempt_facts_.failure = why;
    bool last = facts_.finished != net::steady_clock::time_point{};
    attempt_facts_.finished = last ? facts_.finished : net::steady_clock::now();
    capture_request();
    path_.tracer.finish_client(*attempt_span_, facts_, attempt_facts_);
}

}  // namespace outrider::http
