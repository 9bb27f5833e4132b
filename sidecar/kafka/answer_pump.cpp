#include "sidecar/kafka/answer_pump.hpp"

#include <algorithm>
#include <cstring>

#include "sidecar/kafka/api_versions.hpp"
#include "sidecar/kafka/commit_exchange.hpp"
#include "sidecar/kafka/fetch_exchange.hpp"
#include "sidecar/kafka/own_answers.hpp"
#include "sidecar/kafka/produce_exchange.hpp"
#include "sidecar/kafka/rewrite.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::kafka {
namespace {

constexpr std::size_t answer_head = size_prefix + 4;  ///< with the correlation id
/// Answers that name nodes are held whole. Metadata of 100,000 partitions is about 10 MiB.
constexpr std::size_t most_held_answer = 32U << 20;
/// Fetch answers up to this size are held, so that the addresses in them are rewritten and not only hidden.
constexpr std::size_t most_held_fetch = 64U << 10;

}  // namespace

net::awaitable<void> answer_pump::run() {
    bool more = true;
    while (more) more = co_await one_frame();
    of_.broker_lost = relay_.source_ended() && !of_.over && !of_.ends_with_answers();
    (void)co_await relay_.flush();
    of_.talk.answers_at_rest = false;
}

net::awaitable<bool> answer_pump::own_answers() {
    auto& expected = of_.talk.expected;
    while (!expected.empty() && !expected.front().own.empty()) {
        auto own = std::move(expected.front().own);
        expected.front().own.clear();
        if (!co_await relay_.write(own)) co_return false;
        expected.pop_front();
    }
    co_return true;
}

net::awaitable<bool> answer_pump::wait_for_head() {
    // A raw token may be shorter than an answer's head.
    while (relay_.unseen().size() < (broker_sends_token() ? size_prefix : answer_head)) {
        if (!co_await relay_.flush()) co_return false;
        if (!co_await own_answers()) co_return false;
        if (of_.ends_with_answers() && of_.talk.expected.empty()) co_return false;
        of_.talk.answers_at_rest = relay_.unseen().empty();
        bool more = co_await relay_.read(answer_head);
        of_.talk.answers_at_rest = false;
        if (!more) co_return false;
    }
    co_return true;
}

net::awaitable<bool> answer_pump::one_frame() {
    if (!co_await own_answers()) co_return false;
    if (!co_await wait_for_head()) co_return false;
    wire_reader in{relay_.unseen()};
    auto size = in.int32();
    if (broker_sends_token()) co_return co_await token(size);
    if (size < 4 || static_cast<std::uint32_t>(size) > path_.cluster.settings.frame_bytes)
        co_return malformed("an answer of " + std::to_string(size) + " bytes");
    left_ = size_prefix + static_cast<std::size_t>(size);
    auto correlation = in.int32();
    auto& expected = of_.talk.expected;
    const bool awaited =
        !expected.empty() && expected.front().own.empty() && expected.front().correlation == correlation;
    if (!awaited) co_return co_await unexpected(correlation);
    path_.metrics.of(expected.front().key).answer_bytes.add(left_);
    if (!co_await pass_answer(expected.front())) co_return false;
    // The reference is looked up again: requests may have been added while this one passed.
    of_.talk.expected.pop_front();
    of_.answer_passed();
    co_return true;
}

net::awaitable<bool> answer_pump::unexpected(std::int32_t correlation) {
    auto& unanswered = of_.talk.unanswered;
    auto found = std::find(unanswered.begin(), unanswered.end(), correlation);
    if (found == unanswered.end())
        co_return malformed("an answer that nobody waits for, with correlation id " + std::to_string(correlation));
    unanswered.erase(unanswered.begin(), found + 1);
    path_.metrics.dropped_answers.add();
    co_return co_await relay_.discard(left_);
}

net::awaitable<bool> answer_pump::pass_answer(expected_answer& to) {
    if (to.which() == api::fetch) {
        if (auto* fetch = static_cast<fetch_exchange*>(to.exchange.get())) co_return co_await fetched(to, *fetch);
    }
    const bool names = names_nodes(to.which(), to.version);
    const bool held = names || to.exchange || to.which() == api::api_versions || to.which() == api::sasl_handshake;
    if (!held) co_return co_await pass_rest();
    if (left_ > most_held_answer) {
        if (names && !keeps()) co_return malformed("an answer with addresses that is too long to be held");
        co_return co_await pass_rest();
    }
    if (!co_await relay_.ensure(left_)) co_return false;
    co_return co_await held_answer(to, names);
}

net::awaitable<bool> answer_pump::held_answer(expected_answer& to, bool names) {
    if (to.which() == api::api_versions) co_return co_await versions(to);
    if (to.which() == api::sasl_handshake) co_return co_await handshake(to);
    std::string completed;  // with what the client is told of topics that were refused here
    if (to.which() == api::produce && produced(to, completed)) names = false;
    if (to.which() == api::offset_commit) committed(to);
    if (!names && completed.empty()) co_return co_await pass_rest();
    if (!names) co_return co_await replace(completed);
    learned facts;
    std::string out;
    const auto whole = completed.empty() ? answer() : std::string_view{completed};
    auto outcome = rewrite_answer(to.which(), to.version, whole, of_.plan(), facts, out);
    // Where addresses stay as they are none can pass by mistake.
    if (outcome == rewrite_outcome::malformed && keeps()) {
        path_.metrics.malformed_answers.add();
        outcome = rewrite_outcome::unchanged;
    }
    if (outcome == rewrite_outcome::malformed)
        co_return malformed("a " + std::string{name_of(to.key)} +
                            " answer that cannot be read, so an address might pass");
    path_.cluster.learn(facts);
    if (outcome == rewrite_outcome::unchanged && completed.empty()) co_return co_await pass_rest();
    if (outcome == rewrite_outcome::unchanged) out = std::move(completed);
    if (!co_await replace(out)) co_return false;
    if (!of_.provisional || to.which() != api::metadata) co_return true;
    // The client was held by a stand-in; now that the map is known it finds its broker when it comes again.
    of_.abort();
    co_return false;
}

net::awaitable<bool> answer_pump::replace(const std::string& out) {
    std::string framed;
    framed.reserve(size_prefix + out.size());
    wire_writer{framed}.int32(static_cast<std::int32_t>(out.size()));
    framed += out;
    if (!co_await relay_.flush()) co_return false;
    relay_.drop(left_);
    left_ = 0;
    co_return co_await relay_.write(framed);
}

net::awaitable<bool> answer_pump::versions(const expected_answer& to) {
    auto decoded = decode_api_versions(answer(), to.version);
    if (!decoded) {
        if (!refuses_version(answer())) co_return malformed("an ApiVersions answer that cannot be read");
        path_.metrics.malformed_answers.add();
        co_return co_await pass_rest();
    }
    offer_what_passes(*decoded);
    auto out = encode(*decoded);
    co_return co_await replace(out);
}

net::awaitable<bool> answer_pump::handshake(const expected_answer& to) {
    auto decoded = decode_sasl_handshake(answer());
    if (!decoded) co_return co_await pass_rest();
    if (to.version == 0 && decoded->error == 0) {
        of_.talk.tokens = raw_sasl::after_handshake(of_.talk.mechanism);
        if (!of_.talk.tokens)
            co_return malformed("agreement to the SASL mechanism " + of_.talk.mechanism +
                                ", whose tokens are not known; SaslHandshake version 1 is needed");
    }
    offer_what_passes(*decoded);
    auto out = encode(*decoded);
    co_return co_await replace(out);
}

bool answer_pump::produced(expected_answer& to, std::string& completed) {
    auto* exchange = static_cast<produce_exchange*>(to.exchange.get());
    if (!exchange) return false;
    wire_reader in{answer()};
    read_response_header(in, api::produce, to.version);
    thread_local produce_response response;
    bool read = read_produce_response(in, to.version, response);
    if (!read) path_.metrics.malformed_answers.add();
    if (read && response.throttle_ms > 0)
        path_.metrics.of(to.key).throttle_milliseconds.add(static_cast<std::uint64_t>(response.throttle_ms));
    if (read && response.throttle_at > 0) tell_throttle(size_prefix + response.throttle_at, exchange->throttle_ms());
    const bool as_it_is = read && !response.tagged && in.left() == 0 && exchange->refused().empty();
    // The client need not wait until its spans are written.
    if (as_it_is) relay_.write_ahead(left_);
    exchange->finish(read ? &response : nullptr);
    if (exchange->refused().empty()) return as_it_is;
    if (!add_refused_topics(answer(), to.version, exchange->refused(), completed)) completed.clear();
    return false;
}

void answer_pump::tell_throttle(std::size_t at, std::int32_t our_ms) {
    if (our_ms <= wire_reader{relay_.unseen().substr(at)}.int32()) return;
    std::string text;
    wire_writer{text}.int32(our_ms);
    std::memcpy(relay_.unseen_data() + at, text.data(), text.size());
}

void answer_pump::committed(expected_answer& to) {
    auto* exchange = static_cast<commit_exchange*>(to.exchange.get());
    if (!exchange) return;
    wire_reader in{answer()};
    read_response_header(in, api::offset_commit, to.version);
    if (!exchange->finish(answer().substr(in.position()))) path_.metrics.malformed_answers.add();
}

net::awaitable<bool> answer_pump::withheld(expected_answer& to) {
    to.exchange->unanswered(false);
    to.exchange.reset();
    path_.metrics.paused_fetches.add();
    // Outside of its fetch session, which begins anew: so the broker's idea of what the client has does not matter.
    auto nothing = empty_fetch_answer(to.correlation, to.version, 1);
    if (!co_await relay_.discard(left_)) co_return false;
    co_return co_await replace(nothing);
}

net::awaitable<bool> answer_pump::fetched(expected_answer& to, fetch_exchange& fetch) {
    if (path_.cluster.pauses()) co_return co_await withheld(to);
    fetch.answer_begins();
    if (left_ <= most_held_fetch) {
        if (!co_await relay_.ensure(left_)) co_return false;
        auto whole = answer();
        wire_reader in{whole};
        read_response_header(in, api::fetch, to.version);
        const bool read = fetch.feed(whole.substr(in.position())) && fetch.whole();
        if (read && to.version >= 1) tell_throttle(size_prefix + in.position(), fetch.throttle_ms());
        if (!read) path_.metrics.malformed_answers.add();
        fetch.hands_over();
        if (fetch.addresses_at() || (!read && names_nodes(api::fetch, to.version))) {
            if (!co_await held_answer(to, true)) co_return false;
        } else if (!co_await pass_rest()) {
            co_return false;
        }
    } else if (!co_await stream_fetched(to, fetch)) {
        co_return false;
    }
    relay_.write_ahead();
    fetch.finish();
    of_.talk.fetches_from = std::max(of_.talk.fetches_from, fetch.silent_until());
    co_return true;
}

net::awaitable<bool> answer_pump::stream_fetched(const expected_answer& to, fetch_exchange& fetch) {
    const bool flexible = encoding_of(api::fetch, to.version) == encoding::flexible;
    // Behind the size and the correlation id: no tagged fields have been defined for this header, so their count
    // is one byte. If there were some, the body could not be told from them in pieces.
    std::size_t skip = answer_head;
    if (flexible) {
        if (!co_await relay_.ensure(answer_head + 1)) co_return false;
        if (relay_.unseen()[answer_head] != 0) co_return malformed("a Fetch answer with an unknown header");
        ++skip;
    }
    // From version 1 on the throttle time comes first.
    if (!co_await relay_.ensure(skip + sizeof(std::int32_t))) co_return false;
    if (to.version >= 1) tell_throttle(skip, fetch.throttle_ms());
    bool read = true;
    while (left_ > 0) {
        const auto unread = std::min<std::uint64_t>(left_, fetch.passes());
        if (relay_.unseen().empty() && unread >= frame_relay::least_unread) {
            std::size_t gone = 0;
            fetch.hands_over();
            if (!co_await relay_.pass_unread(unread, gone)) co_return false;
            left_ -= gone;
            if (gone > 0) read = fetch.went_by(gone);
            if (gone > 0) continue;
        }
        if (!co_await relay_.ensure(1)) co_return false;
        auto piece = relay_.unseen().substr(0, left_);
        auto used = std::min(skip, piece.size());
        if (read) read = fetch.feed(piece.substr(used));
        if (read && fetch.addresses_at() && !keeps()) relay_.unseen_data()[used + *fetch.addresses_at()] = hidden_tag;
        skip -= used;
        left_ -= piece.size();
        if (!read && !keeps() && names_nodes(api::fetch, to.version))
            co_return malformed("a Fetch answer that cannot be read, so an address might pass");
        fetch.hands_over();
        relay_.pass(piece.size());
    }
    if (!read || !fetch.whole()) path_.metrics.malformed_answers.add();
    co_return true;
}

net::awaitable<bool> answer_pump::pass_rest() {
    while (left_ > 0) {
        if (!co_await relay_.ensure(1)) co_return false;
        auto now = std::min(left_, relay_.unseen().size());
        relay_.pass(now);
        left_ -= now;
    }
    co_return true;
}

net::awaitable<bool> answer_pump::token(std::int32_t size) {
    if (size < 0 || static_cast<std::uint32_t>(size) > path_.cluster.settings.frame_bytes)
        co_return malformed("a SASL token of " + std::to_string(size) + " bytes");
    of_.talk.tokens->broker_token(static_cast<std::size_t>(size));
    left_ = size_prefix + static_cast<std::size_t>(size);
    co_return co_await pass_rest();
}

bool answer_pump::malformed(const std::string& why) {
    path_.metrics.malformed_answers.add();
    of_.refuse("the broker sent " + why);
    return false;
}

net::awaitable<void> pump_answers(session& of) {
    answer_pump pump{of};
    co_await pump.run();
}

}  // namespace outrider::kafka
