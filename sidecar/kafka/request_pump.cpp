#include "sidecar/kafka/request_pump.hpp"

#include <algorithm>
#include <array>

#include "sidecar/kafka/api_versions.hpp"
#include "sidecar/kafka/commit_exchange.hpp"
#include "sidecar/kafka/fetch_exchange.hpp"
#include "sidecar/kafka/group_requests.hpp"
#include "sidecar/kafka/produce_exchange.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::kafka {
namespace {

/// So much of a frame is waited for before it is judged: the header, and where APIs name a group first, the group.
constexpr std::size_t looked_at = 512;
constexpr std::size_t most_unanswered = 1'024;
constexpr std::size_t most_committed = 10'000;

/// What a connection speaks that does not speak Kafka; empty when it may. A frame's first byte is 0 up to 16 MiB.
std::string_view foreign_protocol(std::string_view first) {
    if (first[0] == 0x16 && first[1] == 0x03) return "TLS";
    constexpr std::array<std::string_view, 8> verbs{"GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "CONN", "PRI "};
    return std::find(verbs.begin(), verbs.end(), first.substr(0, 4)) != verbs.end() ? std::string_view{"HTTP"}
                                                                                    : std::string_view{};
}

}  // namespace

net::awaitable<void> request_pump::run() {
    if (!co_await greet()) co_return;
    bool more = true;
    while (more) {
        more = co_await one_frame();
        of_.frame_ends();
    }
}

net::awaitable<bool> request_pump::begin_frame() {
    if (relay_.unseen().empty()) {
        // A broker may stop taking requests for as long as a frame may stand still, not for ever.
        of_.frame_moves();
        bool taken = co_await relay_.flush();
        of_.frame_ends();
        if (!taken) co_return false;
    }
    bool more = co_await relay_.ensure(1);
    if (more && path_.draining()) {
        co_await of_.last_answers();
        more = false;
    }
    if (!more) co_return false;
    if (relay_.unseen().size() < size_prefix) of_.frame_moves();
    more = co_await relay_.ensure(size_prefix);
    co_return more;
}

net::awaitable<bool> request_pump::greet() {
    if (!co_await begin_frame()) co_return false;
    auto foreign = foreign_protocol(relay_.unseen());
    if (foreign.empty()) co_return true;
    path_.metrics.foreign_protocol.add();
    of_.refuse(foreign == "TLS" ? "it speaks TLS; towards the sidecar use security.protocol=PLAINTEXT or SASL_PLAINTEXT"
                                : "it speaks HTTP; this port speaks Kafka");
    co_return false;
}

net::awaitable<bool> request_pump::one_frame() {
    if (of_.is_full()) {
        // What is owed may not even have been asked for yet.
        bool written = co_await relay_.flush();
        if (!written) co_return false;
        co_await of_.wait_for_room();
    }
    if (!co_await begin_frame()) co_return false;
    auto size = wire_reader{relay_.unseen()}.int32();
    if (size < 8 && !sends_token()) co_return malformed("a request of " + std::to_string(size) + " bytes");
    if (size < 0 || static_cast<std::uint32_t>(size) > path_.cluster.settings.frame_bytes)
        co_return malformed("a request of " + std::to_string(size) + " bytes, more than frame_bytes allows");
    left_ = size_prefix + static_cast<std::size_t>(size);
    if (sends_token()) co_return co_await token();
    if (relay_.unseen().size() < left_) of_.frame_moves();
    if (!co_await relay_.ensure(std::min(left_, looked_at))) co_return false;
    wire_reader in{relay_.unseen().substr(size_prefix, left_ - size_prefix)};
    auto head = read_request_header(in);
    body_at_ = size_prefix + in.position();
    // A client id that is longer than what was looked at leaves nothing to look into, but the frame may pass.
    bool readable = !in.failed();
    if (readable && head.client_id != of_.talk.client_id) of_.talk.client_id = head.client_id;
    auto& counted = path_.metrics.of(head.key);
    counted.requests.add();
    counted.request_bytes.add(left_);
    co_return co_await dispatch(head, readable);
}

net::awaitable<bool> request_pump::dispatch(const request_header& head, bool readable) {
    const auto* facts = find_api(head.key);
    if (!facts || facts->how == treatment::hidden)
        co_return malformed("API " + std::to_string(head.key) + " was not offered to it");
    if (head.which() == api::api_versions && above_ours(head.key, head.version)) {
        auto answer = unsupported_version_answer(head.correlation);
        co_return co_await answer_here(head, std::move(answer));
    }
    if (above_ours(head.key, head.version) || head.version < 0)
        co_return malformed(std::string{facts->name} + " version " + std::to_string(head.version) +
                            " was not offered to it");
    if (head.which() == api::sasl_handshake) co_return co_await handshake(head);
    if (readable && head.which() == api::produce) co_return co_await produce(head);
    if (readable && head.which() == api::fetch) co_return co_await fetch(head);
    if (readable && head.which() == api::share_fetch && path_.cluster.pauses()) {
        bool open = co_await keep_share_fetch(head);
        if (!open) co_return false;
    }
    auto expected = expect(head);
    if (readable) {
        auto body = relay_.unseen().substr(body_at_, std::min(left_, relay_.unseen().size()) - body_at_);
        if (head.which() == api::sasl_authenticate)
            note_principal(wire_reader{body}.bytes(encoding_of(api::sasl_authenticate, head.version)));
        path_.cluster.learn_group(of_.talk.client_id, group_of_request(body, head.key, head.version));
        if (head.which() == api::offset_commit && path_.tracer.enabled()) {
            if (!co_await note_commit(head, expected)) co_return false;
        }
    }
    of_.talk.expected.push_back(std::move(expected));
    co_return co_await pass_rest();
}

expected_answer request_pump::expect(const request_header& head) {
    expected_answer out;
    out.correlation = head.correlation;
    out.key = head.key;
    out.version = head.version;
    return out;
}

net::awaitable<bool> request_pump::pass_rest() {
    while (left_ > 0) {
        if (relay_.unseen().empty()) {
            if (!co_await relay_.ensure(1)) co_return false;
            of_.frame_moves();
        }
        auto now = std::min(left_, relay_.unseen().size());
        relay_.pass(now);
        left_ -= now;
    }
    co_return true;
}

net::awaitable<bool> request_pump::pass_produced(produce_exchange& into, expected_answer& expected) {
    auto skip = body_at_;
    while (left_ > 0) {
        const auto unread = std::min<std::uint64_t>(left_, into.passes());
        if (relay_.unseen().empty() && unread >= frame_relay::least_unread) {
            std::size_t gone = 0;
            if (!co_await relay_.pass_unread(unread, gone)) co_return false;
            of_.frame_moves();
            left_ -= gone;
            if (gone > 0) into.went_by(gone);
            if (left_ == 0) produced_all(into, expected);
            if (gone > 0) continue;
        }
        if (relay_.unseen().empty()) {
            if (!co_await relay_.ensure(1)) co_return false;
            of_.frame_moves();
        }
        auto piece = relay_.unseen().substr(0, left_);
        into.feed(piece.substr(std::min(skip, piece.size())));
        skip -= std::min(skip, piece.size());
        left_ -= piece.size();
        auto size = piece.size();
        if (left_ == 0) produced_all(into, expected);
        relay_.pass(size);
    }
    co_return true;
}

void request_pump::produced_all(produce_exchange& into, expected_answer& expected) {
    if (!into.whole()) path_.metrics.malformed_requests.add();
    owe(into, expected);
}

net::awaitable<bool> request_pump::produce(const request_header& head) {
    const auto from = of_.talk.produces_from;
    if (from > net::steady_clock::now() && !co_await stay_silent(from)) co_return false;
    auto exchange = std::make_unique<produce_exchange>(path_, of_.talk, head.version);
    const auto& rules = path_.policies.of(governance::traffic::produce);
    if (rules.breakers || rules.refusals) co_return co_await produce_judged(head, std::move(exchange));
    auto& into = *exchange;
    auto expected = expect(head);
    expected.exchange = std::move(exchange);
    auto whole = left_;
    // Without a topic that wants headers, only what fits into one block is held, to see whose records they are.
    const bool wanted = path_.cluster.injects || whole <= net::block_pool::block_size;
    if (!path_.tracer.enabled() || !wanted || !path_.may_hold(whole)) co_return co_await pass_produced(into, expected);
    const hold_permit permit{path_, whole};
    bool read = co_await hold(whole);
    if (read) read = co_await produce_held(into, expected);
    co_return read;
}

net::awaitable<bool> request_pump::hold(std::size_t size) {
    bool more = true;
    while (more && relay_.unseen().size() < size) {
        more = co_await relay_.read(size);
        of_.frame_moves();
    }
    co_return more;
}

net::awaitable<bool> request_pump::produce_held(produce_exchange& into, expected_answer& expected) {
    if (!path_.cluster.injects) relay_.write_ahead(left_);
    (void)into.feed(relay_.unseen().substr(body_at_, left_ - body_at_));
    if (!into.whole()) path_.metrics.malformed_requests.add();
    co_return co_await send_held(into, expected, {});
}

net::awaitable<bool> request_pump::send_held(produce_exchange& into, expected_answer& expected,
                                             std::string_view rebuilt) {
    const bool own = rebuilt.data() == nullptr;
    const auto frame = own ? relay_.unseen().substr(0, left_) : rebuilt;
    const bool traced = path_.tracer.enabled();
    const bool may_change = traced && into.may_inject();
    if (!may_change && own) relay_.write_ahead(left_);
    auto changed = may_change || !own ? path_.memory.take_text(frame.size() + frame.size() / 8) : std::string{};
    if (may_change) changed.assign(frame.substr(0, body_at_));
    const bool injected = traced && into.inject(frame.substr(body_at_), changed);
    owe(into, expected);
    if (!injected && own) {
        if (may_change) path_.memory.give_back(std::move(changed));
        co_return co_await pass_rest();
    }
    if (!injected) changed.assign(rebuilt);
    wire_writer{changed}.int32_at(0, static_cast<std::int32_t>(changed.size() - size_prefix));
    if (!co_await relay_.flush()) co_return false;
    relay_.drop(left_);
    left_ = 0;
    bool written = co_await relay_.write(changed);
    path_.memory.give_back(std::move(changed));
    co_return written;
}

void request_pump::owe(produce_exchange& into, expected_answer& expected) {
    of_.talk.produces_from = std::max(of_.talk.produces_from, into.charge());
    if (into.answered()) return of_.talk.expected.push_back(std::move(expected));
    auto& unanswered = of_.talk.unanswered;
    unanswered.push_back(expected.correlation);
    if (unanswered.size() > most_unanswered)
        unanswered.erase(unanswered.begin(), unanswered.begin() + most_unanswered / 2);
    into.finish(nullptr);
}

net::awaitable<bool> request_pump::note_commit(const request_header& head, expected_answer& expected) {
    auto whole = left_;
    if (!path_.may_hold(whole)) co_return true;
    const hold_permit permit{path_, whole};
    bool read = co_await hold(whole);
    if (read) {
        wire_reader in{relay_.unseen().substr(body_at_, left_ - body_at_)};
        offset_commit request;
        if (read_offset_commit(in, head.version, most_committed, request))
            expected.exchange = std::make_unique<commit_exchange>(path_, of_.talk, head.version, request);
        else
            path_.metrics.malformed_requests.add();
    }
    co_return read;
}

net::awaitable<bool> request_pump::handshake(const request_header& head) {
    if (left_ > net::block_pool::block_size) co_return malformed("a SaslHandshake that is too long");
    if (!co_await relay_.ensure(left_)) co_return false;
    auto mechanism = read_sasl_handshake(wire_reader{relay_.unseen().substr(body_at_, left_ - body_at_)});
    if (!mechanism) co_return malformed("a SaslHandshake that cannot be read");
    if (auto why = why_it_cannot_pass(*mechanism); !why.empty()) {
        path_.metrics.refused_mechanisms.add();
        spdlog::warn("Kafka cluster '{}': SASL mechanism {} of {} is refused: {}", path_.cluster.name,
                     std::string{*mechanism}, of_.peer, std::string{why});
        auto refusal = refuse_sasl_mechanism(head.correlation);
        co_return co_await answer_here(head, std::move(refusal));
    }
    if (head.version == 0) of_.talk.mechanism = *mechanism;
    of_.talk.expected.push_back(expect(head));
    co_return co_await pass_rest();
}

net::awaitable<bool> request_pump::token() {
    bool read = co_await relay_.ensure(std::min(left_, looked_at));
    if (!read) co_return false;
    note_principal(relay_.unseen().substr(size_prefix, left_ - size_prefix));
    of_.talk.tokens->client_token();
    co_return co_await pass_rest();
}

net::awaitable<bool> request_pump::answer_here(const request_header& head, std::string body) {
    bool discarded = co_await relay_.discard(left_);
    if (!discarded) co_return false;
    auto expected = expect(head);
    wire_writer{expected.own}.int32(static_cast<std::int32_t>(body.size()));
    expected.own += body;
    of_.talk.expected.push_back(std::move(expected));
    if (of_.talk.expected.size() > 1 || !of_.talk.answers_at_rest) co_return true;
    auto own = std::move(of_.talk.expected.front().own);
    of_.talk.expected.pop_front();
    co_return !(co_await of_.client.write(boost::asio::buffer(own)));
}

bool request_pump::malformed(const std::string& why) {
    path_.metrics.malformed_requests.add();
    of_.refuse("it sent " + why);
    return false;
}

net::awaitable<void> pump_requests(session& of) {
    request_pump pump{of};
    co_await pump.run();
}

}  // namespace outrider::kafka
