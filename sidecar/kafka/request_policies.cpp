// Requests under their policies: what waits, what is refused here, and what the client is told then.

#include <algorithm>

#include "sidecar/kafka/fetch_exchange.hpp"
#include "sidecar/kafka/fetch_request.hpp"
#include "sidecar/kafka/request_pump.hpp"

namespace outrider::kafka {
namespace {

/// A request that is in debt waits no longer: clients give a request up after 30 s, and others may stand behind it.
constexpr std::chrono::seconds longest_silence{10};
constexpr std::size_t most_fetch_topics = 10'000;

/// What it asked for; nothing where that cannot be seen in the first bytes.
std::optional<std::int16_t> acks_of(std::string_view body, std::int16_t version) {
    wire_reader in{body};
    if (version >= 3) (void)in.string(encoding_of(api::produce, version));
    const auto acks = in.int16();
    return in.failed() ? std::nullopt : std::optional{acks};
}

/// The topics of the connection's fetches, as far as its requests and answers name them.
void note_topics(const cluster& of, const fetch_request& request, std::set<std::string, std::less<>>& into) {
    if (request.session_epoch <= 0) into.clear();  // it names all that it wants
    for (const auto& each : request.forgotten) into.erase(topic_name(of, each.topic, each.id));
    for (const auto& each : request.partitions)
        if (into.size() < most_fetch_topics) into.insert(topic_name(of, each.topic, each.id));
}

}  // namespace

net::awaitable<bool> request_pump::stay_silent(governance::time_point until) {
    bool written = co_await relay_.flush();
    if (!written) co_return false;
    co_await of_.pause(std::min(until, net::steady_clock::now() + longest_silence));
    co_return !of_.over;
}

net::awaitable<bool> request_pump::produce_judged(const request_header& head,
                                                  std::unique_ptr<produce_exchange> exchange) {
    const auto whole = left_;
    auto& own = *exchange;
    auto expected = expect(head);
    expected.exchange = std::move(exchange);
    if (!path_.may_hold(whole)) {
        const auto acks = acks_of(relay_.unseen().substr(body_at_), head.version);
        if (acks && *acks != 0 && own.refused_unseen()) co_return co_await refuse_unseen(head, own);
        co_return co_await pass_produced(own, expected);
    }
    const hold_permit permit{path_, whole};
    bool read = co_await hold(whole);
    if (!read) co_return false;
    (void)own.feed(relay_.unseen().substr(body_at_, left_ - body_at_));
    if (!own.whole()) path_.metrics.malformed_requests.add();
    auto refused = own.judge();
    if (refused.empty()) co_return co_await send_held(own, expected, {});
    if (refused.size() == own.topics()) co_return co_await refuse_produce(head, refused);
    co_return co_await produce_rest(head, own, std::move(refused));
}

net::awaitable<bool> request_pump::produce_rest(const request_header& head, produce_exchange& whole,
                                                std::vector<refused_topic> refused) {
    auto exchange = std::make_unique<produce_exchange>(path_, of_.talk, head.version);
    auto& rest = *exchange;
    auto expected = expect(head);
    expected.exchange = std::move(exchange);
    auto frame = std::string{relay_.unseen().substr(0, body_at_)};
    frame += whole.without(refused, relay_.unseen().substr(body_at_, left_ - body_at_));
    (void)rest.feed(std::string_view{frame}.substr(body_at_));
    rest.takes_over(whole, std::move(refused));
    bool sent = co_await send_held(rest, expected, frame);
    co_return sent;
}

net::awaitable<bool> request_pump::refuse_produce(const request_header& head,
                                                  const std::vector<refused_topic>& refused) {
    path_.metrics.of(head.key).answered_here.add();
    auto answer = refused_produce_answer(head.correlation, head.version, refused, 0);
    co_return co_await answer_here(head, std::move(answer));
}

net::awaitable<bool> request_pump::refuse_unseen(const request_header& head, produce_exchange& own) {
    auto skip = body_at_;
    bool more = co_await relay_.flush();
    while (more && left_ > 0) {
        if (relay_.unseen().empty()) {
            more = co_await relay_.ensure(1);
            of_.frame_moves();
            continue;
        }
        auto piece = relay_.unseen().substr(0, left_);
        (void)own.feed(piece.substr(std::min(skip, piece.size())));
        skip -= std::min(skip, piece.size());
        left_ -= piece.size();
        relay_.drop(piece.size());
    }
    if (!more) co_return false;
    if (!own.whole()) co_return malformed("a Produce request that cannot be read, so that it cannot be refused");
    const auto refused = own.all_refused();
    co_return co_await refuse_produce(head, refused);
}

net::awaitable<bool> request_pump::fetch(const request_header& head) {
    if (path_.cluster.pauses()) {
        auto how = co_await keep_fetch(head);
        if (how != kept::goes_on) co_return how == kept::answered;
    }
    const auto came = net::steady_clock::now();
    const auto from = of_.talk.fetches_from;
    const bool in_debt = from > came;
    if (in_debt && !co_await stay_silent(from)) co_return false;
    if (const auto now = net::steady_clock::now(); in_debt && from > now) {
        const auto rest = throttle_time(from, now);
        co_return co_await fetch_nothing(head, {}, rest);
    }
    auto exchange = std::make_unique<fetch_exchange>(path_, of_.talk, head.version);
    auto& own = *exchange;
    if (in_debt) own.kept_back(net::steady_clock::now() - came);
    auto expected = expect(head);
    expected.exchange = std::move(exchange);
    if (path_.policies.of(governance::traffic::consume).breakers) {
        std::chrono::milliseconds wait{0};
        bool read = co_await look_into_fetch(head, wait);
        if (!read) co_return false;
        if (own.refused(of_.talk.fetch_topics)) co_return co_await fetch_nothing(head, wait, 1);
    }
    of_.talk.expected.push_back(std::move(expected));
    co_return co_await pass_rest();
}

net::awaitable<bool> request_pump::look_into_fetch(const request_header& head, std::chrono::milliseconds& wait) {
    wait = wait_of_paused_fetch(0);
    // A longer one is from a client with thousands of partitions; what it asks for is learned from its answers.
    if (left_ > net::block_pool::block_size) co_return true;
    bool read = co_await relay_.ensure(left_);
    if (!read) co_return false;
    thread_local fetch_request request;
    wire_reader in{relay_.unseen().substr(body_at_, left_ - body_at_)};
    if (read_fetch_request(in, head.version, request)) {
        wait = wait_of_paused_fetch(request.max_wait_ms);
        if (path_.policies.of(governance::traffic::consume).topics)
            note_topics(path_.cluster, request, of_.talk.fetch_topics);
    }
    co_return true;
}

net::awaitable<bool> request_pump::fetch_nothing(const request_header& head, std::chrono::milliseconds wait,
                                                 std::int32_t throttle_ms) {
    const auto until = net::steady_clock::now() + wait;
    path_.metrics.of(head.key).answered_here.add();
    if (!co_await stay_silent(until)) co_return false;
    auto answer = empty_fetch_answer(head.correlation, head.version, throttle_ms);
    co_return co_await answer_here(head, std::move(answer));
}

}  // namespace outrider::kafka
