#include "sidecar/http/server_exchange.hpp"

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/refusal.hpp"
#include "sidecar/http/tunnel.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

server_exchange::server_exchange(data_path& path)
    : path_(path),
      up_(path.blocks),
      capture_(path.tracer.capture()),
      governed_(path.worker.get_executor()),
      times_(&path.settings.timeouts),
      pause_timer_(path.worker.get_executor()) {}

server_exchange::~server_exchange() { abandon_attempt(); }

void server_exchange::fail(failure_code code, origin whose, bool retryable, std::string detail) {
    failure_ = {code, whose, retryable};
    detail_ = std::move(detail);
}

void server_exchange::reset_state() {
    abandon_attempt();
    remembered_.forget();
    open_.end();
    governed_.reset();
    ruling_.clear();
    refusal_ = {};
    stale_answer_.reset();
    copy_.reset();
    limit_ = {};
    attempt_ = attempt_stage::none;
    relay_ = relay_step::none;
    times_ = &path_.settings.timeouts;
    facts_ = {};
    attempt_facts_ = {};
    failure_ = {};
    malformed_ = head_error::none;
    detail_.clear();
    out_.clear();
    up_.reset();
    endpoint_ = nullptr;
    group_.reset();
    target_.reset();
    head_.method = {};
    head_.target = {};
    head_.fields.clear();
    request_ = {};
    response_ = {};
    upload_.reset();
    body_in_buffer_ = 0;
    body_buffered_ = keeps_body_ = repeatable_ = may_retry_ = learns_ = false;
    answer_started_ = stale_ = finished_ = charges_bytes_ = false;
    client_keeps_ = true;
}

server_exchange::progress server_exchange::begin(server_connection& connection) {
    connection_ = &connection;
    reset_state();
    facts_.started = net::steady_clock::now();
    next_ = next_step::read_head;
    if (parse_request_head(connection.in.data(), path_.shared.heads, head_).state != parse_state::complete)
        return progress::hands_over;
    next_ = judge_request();
    return next_ == next_step::attempt ? attempt_at_once() : progress::hands_over;
}

/// What is to be done for a request whose head is here.
server_exchange::next_step server_exchange::judge_request() {
    auto error = check_request(head_, request_);
    identify();
    if (error != head_error::none) {
        refuse_malformed(error);
        return next_step::refuse;
    }
    set_time_limit(times().total, time_limit::word::setting);
    if (refuse_early()) return next_step::refuse;
    if (head_.method == "OPTIONS") {
        // RFC 9110 7.6.2: this is the last hop that the client asked for.
        auto* hops = head_.fields.find(field_id::max_forwards);
        if (hops && hops->value == "0") return next_step::tell_options;
    }
    if (!find_target() || refuse_late()) return next_step::refuse;
    if (application_is_sick()) {
        refuse_for_sick();
        return next_step::refuse;
    }
    return path_.governor.policies()->set->empty() ? admitted() : ask_policies();
}

server_exchange::next_step server_exchange::admitted() const {
    return request_.form == target_form::authority ? next_step::tunnel : next_step::attempt;
}

/// The life of an exchange, in order, from where it is.
net::awaitable<after_exchange> server_exchange::run() {
    if (next_ == next_step::read_head) {
        bool whole = co_await read_head();
        if (whole) {
            next_ = judge_request();
        } else if (failure_) {
            identify();
            next_ = next_step::refuse;
        } else {
            next_ = next_step::leave;  // the client left before a request was there
        }
    }
    if (next_ == next_step::leave) co_return after_exchange::close;
    if (next_ == next_step::wait_for_turn) {
        co_await wait_for_policies();
        next_ = heed(governed_.decision().verdict);
    }
    if (next_ == next_step::tell_options) co_return co_await tell_options();
    if (next_ == next_step::tunnel) co_return co_await connect_tunnel();
    if (next_ == next_step::attempt) {
        bool answered = co_await attempt_until_answered();
        next_ = answered ? next_step::answer : next_step::refuse;
    }
    if (next_ == next_step::refuse) co_return co_await answer_locally(own_answer());
    co_return co_await forward_answer();
}

net::awaitable<after_exchange> server_exchange::tell_options() {
    // Named, not a temporary: g++ 12 destroys aggregate temporaries of a co_await twice, GCC bug 99576.
    local_answer answer{200, "OK", "", "", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"};
    co_return co_await answer_locally(std::move(answer));
}

net::awaitable<bool> server_exchange::read_head() {
    auto& in = connection_->in;
    connection_->arm(times().head, waiting_for::head);
    auto seen = parse_request_head(in.data(), path_.shared.heads, head_);
    while (seen.state == parse_state::incomplete) {
        in.make_room(4'096);
        auto [ec, n] = co_await connection_->client.read_some(in.room());
        if (ec) {
            bool any = in.data().find_first_not_of("\r\n") != std::string_view::npos;
            parse_request_head(in.data(), path_.shared.heads, head_);  // make_room() may have moved what it views
            head_.fields.clear();
            if (connection_->timed_out() && any)
                fail(failure_code::request_timeout, origin::client, false,
                     "the request head was not complete within timeouts.head");
            else if (any && ec == boost::asio::error::eof)
                fail(failure_code::malformed_request, origin::client, false,
                     "the connection ended within the request head");
            co_return false;
        }
        auto fresh = in.data().size();
        in.commit(n);
        // Only a line's end can complete a head, or show that it is wrong; so a dribbled head is not parsed at every
        // byte.
        if (in.data().find('\n', fresh) == std::string_view::npos && in.size() < path_.shared.heads.head_bytes)
            continue;
        seen = parse_request_head(in.data(), path_.shared.heads, head_);
    }
    if (seen.state == parse_state::complete) co_return true;
    head_.fields.clear();
    refuse_malformed(seen.error);
    co_return false;
}

void server_exchange::refuse_malformed(head_error error) {
    client_keeps_ = false;
    malformed_ = error;
    fail(failure_code::malformed_request, origin::client, false, std::string{describe(error).text});
}

/// The answer to what went wrong.
local_answer server_exchange::own_answer() {
    auto answer = answer_for(failure_, detail_);
    if (may_fall_back() && fall_back(answer)) return answer;
    if (refused_by_rule())
        explain(answer, refusal_, governed_.version(), static_cast<std::uint32_t>(path_.random.next()));
    if (failure_.code == failure_code::application_unhealthy)
        explain_sick(answer, std::chrono::system_clock::now() - connection_->role.application->sick_since(),
                     static_cast<std::uint32_t>(path_.random.next()));
    if (malformed_ == head_error::none) return answer;
    answer.status = describe(malformed_).status;
    answer.title = reason_phrase(answer.status);
    if (answer.status == 405) answer.allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";
    return answer;
}

/// Fills the plain facts and starts the span: from here on the exchange is known.
void server_exchange::identify() {
    const auto& role = connection_->role;
    facts_.direction = role.direction();
    facts_.target = connection_->by_host() ? path_.shared.local_target : connection_->target->target();
    facts_.method = head_.method;
    auto query = request_.path.find('?');
    facts_.path = request_.path.substr(0, query);
    if (query != std::string_view::npos) facts_.query = request_.path.substr(query + 1);
    facts_.host = request_.host.text;
    facts_.peer = connection_->peer_address();
    facts_.peer_port = connection_->peer_port();
    facts_.minor_version = head_.minor_version;
    if (auto* agent = head_.fields.find(field_id::user_agent)) facts_.user_agent = agent->value;
    span_ = path_.tracer.start(context_of(head_.fields), role.trust, facts_.started);
    if (facts_.direction == exchange::direction::inbound)
        open_ = exchange::open_exchange{path_.open_inbound};
    else
        path_.tracer.note_candidates(span_);
    capture_.begin(span_.recorded);
    client_keeps_ = client_keeps_ && request_.keep_alive && !path_.draining(role);
}

/// What the request says for chains, before the first span that tells it.
void server_exchange::capture_request() {
    if (!capture_.on()) return;
    std::string_view body;
    // A tunnel takes the buffer over.
    if (body_in_buffer_ > 0 && connection_->in.size() >= head_.size + body_in_buffer_)
        body = connection_->in.data().substr(head_.size, body_in_buffer_);
    facts_.captured = capture_.of_request(head_, facts_, body);
}

/// Loops, and what an inbound listener never does.
bool server_exchange::refuse_early() {
    const auto& role = connection_->role;
    if (path_.settings.via == config::via::enabled && head_.fields.among(set_of(field_id::via))) {
        const auto& own =
            facts_.direction == exchange::direction::inbound ? path_.shared.via_in_token : path_.shared.via_out_token;
        for (const auto& f : head_.fields) {
            if (f.id != field_id::via || f.value.find(own) == std::string_view::npos) continue;
            fail(failure_code::loop_detected, origin::self, false,
                 "Via shows that this request has passed this sidecar in this direction before: check the upstream's "
                 "address");
            return true;
        }
    }
    if (request_.form == target_form::authority && (role.kind != listener_kind::outbound || role.intercepted)) {
        fail(failure_code::destination_refused, origin::self, false,
             "CONNECT is answered on the outbound listener only");
        return true;
    }
    return false;
}

route server_exchange::find_by_host() {
    if (connection_->target) return path_.router.find_intercepted(request_, connection_->target);
    if (request_.form == target_form::authority) return path_.router.find_tunnel(request_, facts_.started);
    return path_.router.find(request_, connection_->role, facts_.started);
}

bool server_exchange::find_target() {
    if (!connection_->by_host()) {
        // The connection holds it for longer than the exchange may need it: nothing is counted.
        target_ = {std::shared_ptr<void>{}, connection_->target.get()};
        facts_.upstream = target_->name();
        return true;
    }
    auto found = find_by_host();
    if (!found.upstream) {
        failure_ = found.failure;
        detail_ = std::move(found.detail);
        return false;
    }
    target_ = std::move(found.upstream);
    facts_.upstream = target_->name();
    facts_.target = target_->target();
    return true;
}

net::awaitable<after_exchange> server_exchange::answer_locally(local_answer answer) {
    if (upload_) co_await end_upload();
    upstream_.reset();
    connection_->watch(nullptr);
    if (failure_.code == failure_code::client_gone) {
        facts_.failure = failure_;
        finish();
        co_return after_exchange::close;  // nobody is there to be answered
    }
    bool keep = client_keeps_ && request_is_here() && !connection_->timed_out();
    facts_.status = answer.status;
    facts_.failure = failure_;
    out_.clear();
    std::string_view connection = !keep ? "close" : head_.minor_version == 0 ? "keep-alive" : "";
    auto trace = span_.recorded ? span_.own.trace.hex() : std::string{};
    write_answer(out_, answer, trace, path_.date(), head_.method == "HEAD", connection);
    connection_->limit_total(net::steady_clock::time_point::max());
    boost::asio::const_buffer whole = boost::asio::buffer(out_);
    bool sent = co_await write_client({&whole, 1});
    finish();
    connection_->in.consume(std::min(head_.size + body_in_buffer_, connection_->in.size()));
    if (!sent) co_return after_exchange::close;
    co_return keep ? after_exchange::keep : after_exchange::linger;
}

/// Whether the whole request has been read, so that what comes next on the connection is another one. A body that is
/// not here is not waited for.
bool server_exchange::request_is_here() {
    if (failure_.code == failure_code::malformed_request) return false;
    if (request_.body.kind == body_kind::none) return true;
    if (upload_ || request_.body.kind != body_kind::length) return false;
    if (request_.body.length > connection_->in.size() - head_.size) return false;
    body_in_buffer_ = static_cast<std::size_t>(request_.body.length);
    return true;
}

net::awaitable<bool> server_exchange::write_client(std::span<const boost::asio::const_buffer> parts) {
    std::size_t whole = 0;
    for (const auto& part : parts) whole += part.size();
    net::error_code ec;
    auto done = connection_->client.write_now(parts, ec);
    if (!ec && done == whole) co_return true;
    if (!ec) {
        connection_->arm(times().body, waiting_for::client_write);
        ec = co_await connection_->client.write_rest(parts, done);
    }
    if (!ec) co_return true;
    fail(failure_code::client_gone, origin::client, false, "the client closed, or took nothing within timeouts.body");
    co_return false;
}

void server_exchange::finish() {
    if (std::exchange(finished_, true)) return;
    if (facts_.finished == net::steady_clock::time_point{}) facts_.finished = net::steady_clock::now();
    if (!facts_.failure) facts_.failure = failure_;
    plan_.end();
    remembered_.forget();
    open_.end();
    capture_request();
    if (governed_.any()) finish_policies();
    path_.metrics.finish(facts_);
    if (facts_.direction == exchange::direction::inbound) {
        path_.tracer.finish_server(span_, facts_);
    } else if (facts_.attempts == 0) {
        // Refused before any attempt: the CLIENT span that would have been.
        attempt_facts_.server_address = request_.host.host;
        attempt_facts_.server_port = request_.host.port.value_or(0);
        attempt_facts_.status = facts_.status;
        attempt_facts_.failure = facts_.failure;
        attempt_facts_.started = facts_.started;
        attempt_facts_.finished = facts_.finished;
        path_.tracer.finish_client(span_, facts_, attempt_facts_);
    } else if (ruling_.decided == exchange::ruling::kind::degraded) {
        path_.tracer.finish_fallback(span_, facts_);
    }
    path_.log.write(facts_, span_);
}

}  // namespace outrider::http
