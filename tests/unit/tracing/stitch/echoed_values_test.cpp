#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"

namespace outrider::tracing {
namespace {

constexpr auto server = span_kind::server, consumer = span_kind::consumer, producer = span_kind::producer,
               client = span_kind::client;

TEST(EchoedValues, ABusinessKeyTellsOrdersOfOneCustomerApart) {
    // The number of an order is in no request: its answer gave it out, and the event names it.
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        const auto order = std::to_string(4700 + i);
        spans.push_back(with(echoing(span_of("b", server, i, i, 0, 0.1 * static_cast<double>(i), 30), {77}),
                             "chain.key.order", order));
        auto send = span_of("b", producer, 100 + i, 100 + i, 0, 20 - 0.1 * static_cast<double>(i), 1);
        spans.push_back(with(echoing(std::move(send), {77, 1'000 + i}), "chain.key.order", order));
    }
    const auto all = decided(spans);
    for (std::uint64_t i = 1; i <= 20; ++i) {
        const auto& found = all.at({trace_of(100 + i), id_of(100 + i)}).cause;
        EXPECT_EQ(found.cause, (span_key{trace_of(i), id_of(i)})) << i;
        EXPECT_EQ(found.source, link_source::echo);
        EXPECT_GE(found.confidence, 0.9F);
    }
}

TEST(EchoedValues, WhatIsOpenCountsMoreThanWhatWasHandledLongAgo) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 12; ++i)
        spans.push_back(echoing(span_of("b", server, i, i, 0, 300.0 * static_cast<double>(i), 5), {1'000 + i}));
    auto paid = echoing(handed_over("payment-charged", 50, 1, 10), {500});
    for (std::uint64_t i = 0; i < 4; ++i)
        spans.push_back(
            echoing(handed_over("payment-charged", 60 + i, 2 + static_cast<std::int64_t>(i), 20), {600 + i}));
    const auto again = echoing(span_of("b", server, 70, 70, 0, 3'000, 40), {500});
    const auto send = echoing(span_of("b", producer, 80, 80, 0, 3'010, 1), {500});
    spans.insert(spans.end(), {paid, again, send});
    EXPECT_EQ(decision_on(send, spans).cause.cause, key_of(again));
}

TEST(EchoedValues, ALaterRecordOfTheSameTopicTakesNoMoreThanWhatItSays) {
    // Three events of one customer were fetched at once; each has an id of its own.
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 3; ++i)
        spans.push_back(echoing(handed_over("orders", i, static_cast<std::int64_t>(i), 0.1 * static_cast<double>(i)),
                                {900 + i, 7}));
    const auto first = echoing(span_of("b", producer, 10, 10, 0, 5, 1), {901, 7});
    spans.push_back(first);
    EXPECT_EQ(decision_on(first, spans).cause.cause, (span_key{trace_of(1), id_of(1)}));
}

TEST(EchoedValues, ALaterMessageOfAnotherTopicMadeTheServiceAct) {
    std::vector<span_data> spans{echoing(handed_over("stock-reserved", 1, 1, 0), {7, 8}),
                                 echoing(handed_over("payment-failed", 2, 1, 10), {7})};
    const auto release = echoing(span_of("b", producer, 10, 10, 0, 15, 1), {7, 8});
    spans.push_back(release);
    EXPECT_EQ(decision_on(release, spans).cause.cause, (span_key{trace_of(2), id_of(2)}));
}

TEST(EchoedValues, WhatWasToldLongAgoIsRememberedByTheRequestThatIsOpen) {
    // A link that names no user is opened; the service knows whose it is from an event of some seconds ago.
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 9; ++i)
        spans.push_back(
            echoing(handed_over("user-created", i, static_cast<std::int64_t>(i), 300.0 * static_cast<double>(i)), {i}));
    const auto open = echoing(span_of("b", server, 20, 20, 0, 4'000, 20), {777});
    const auto call = echoing(span_of("b", client, 30, 30, 0, 4'005, 10), {5});
    spans.insert(spans.end(), {open, call});
    const auto found = decision_on(call, spans).cause;
    EXPECT_EQ(found.cause, key_of(open));
    EXPECT_EQ(found.source, link_source::timing);

    // What is being handled made the service act, whoever asks it something meanwhile.
    const auto event = echoing(handed_over("user-created", 40, 40, 4'000), {88});
    const auto send = echoing(span_of("b", producer, 50, 50, 0, 4'006, 1), {88});
    spans.insert(spans.end(), {event, send});
    EXPECT_EQ(decision_on(send, spans).cause.cause, key_of(event));
}

/// Two requests of each of so many chains come at once and say the same. The one on /stock calls after 5 ms, the one on
/// /price after 50.
std::vector<span_data> pairs_of_requests(std::uint64_t chains) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= chains; ++i) {
        const auto at = 200.0 * static_cast<double>(i), jitter = static_cast<double>(i * 7 % 10) / 10;
        const auto value = static_cast<std::uint32_t>(1'000 + i);
        auto stock = with(span_of("b", server, 10 * i, 1, 0, at, 60), "url.path", "/stock");
        auto price = with(span_of("b", server, 10 * i + 1, 2, 0, at, 60), "url.path", "/price");
        auto first = with(span_of("b", client, 10 * i + 2, 3, 0, at + 5 + jitter, 2), "url.full", "http://db/stock");
        auto second = with(span_of("b", client, 10 * i + 3, 4, 0, at + 50 + jitter, 2), "url.full", "http://db/price");
        for (const auto* each : {&stock, &price, &first, &second}) spans.push_back(echoing(*each, {value}));
    }
    return spans;
}

TEST(EchoedValues, DoNotTellRequestsOfOneChainApart) {
    const auto all = decided(pairs_of_requests(1));
    for (const auto number : {12U, 13U}) {
        const auto& found = all.at({trace_of(number), id_of(number == 12 ? 3 : 4)}).cause;
        EXPECT_TRUE(found.cause.valid()) << "its chain is sure: " << number;
        EXPECT_EQ(found.source, link_source::echo);
        EXPECT_GE(found.confidence, 0.5F) << number;
        EXPECT_LT(found.confidence, 0.9F) << number;
    }
}

TEST(EchoedValues, OfTheOtherChainsRequestsNoneIsTakenHoweverWellItWouldFit) {
    // A request of another chain is open too, at the very moment when it would make such a call.
    auto spans = pairs_of_requests(30);
    const auto other = echoing(with(span_of("b", server, 900, 1, 0, 3'000 + 45, 60), "url.path", "/stock"), {5'000});
    spans.push_back(other);
    const auto all = decided(spans);
    const auto& found = all.at({trace_of(153), id_of(4)}).cause;  // left at 3,050 ms
    EXPECT_EQ(found.source, link_source::echo);
    EXPECT_TRUE(found.cause == (span_key{trace_of(150), id_of(1)}) ||
                found.cause == (span_key{trace_of(151), id_of(2)}));
}

TEST(EchoedValues, WhatHasNoneInCommonIsDoubtedWhereCausesMostlyHave) {
    std::vector<span_data> spans;
    const auto pair = [&](std::uint64_t i, std::uint32_t said, std::uint32_t called) {
        const auto at = 200.0 * static_cast<double>(i);
        spans.push_back(echoing(span_of("b", server, 10 * i, 1, 0, at, 60), {said}));
        spans.push_back(echoing(span_of("b", client, 10 * i + 1, 2, 0, at + 5, 2), {called}));
    };
    for (std::uint32_t i = 1; i <= 99; ++i) pair(i, 1'000 + i, 1'000 + i);
    pair(100, 5, 6);
    const auto all = decided(spans);
    EXPECT_GE(all.at({trace_of(991), id_of(2)}).cause.confidence, 0.9F);
    const auto& found = all.at({trace_of(1'001), id_of(2)});
    EXPECT_FALSE(found.cause.cause.valid());
    ASSERT_FALSE(found.alternatives.empty());
    EXPECT_EQ(found.alternatives[0].cause, (span_key{trace_of(1'000), id_of(1)}));
}

/// Requests of one chain each say the same and are answered at once; what they asked for is done later, in order.
TEST(EchoedValues, QueuedWorkOfOneChainKeepsItsOrder) {
    std::vector<span_data> spans;
    for (std::uint64_t chain = 1; chain <= 12; ++chain) {
        const auto at = 400.0 * static_cast<double>(chain), jitter = static_cast<double>(chain * 7 % 10);
        const std::vector<std::uint64_t> values{1'000 + chain, 2'000 + chain, 3'000 + chain};
        for (std::uint64_t i = 0; i < 3; ++i) {
            const auto later = 4.0 * static_cast<double>(i);
            spans.push_back(echoing(span_of("b", server, 10 * chain + i, 1, 0, at + later, 1), values));
            spans.push_back(
                echoing(span_of("b", client, 10 * chain + i, 2, 0, at + 30 + jitter + 2 * later, 1), values));
            spans.back().trace = trace_of(1'000 + 10 * chain + i);
        }
    }
    const auto all = decided(spans);
    for (std::uint64_t chain = 1; chain <= 12; ++chain) {
        for (std::uint64_t i = 0; i < 3; ++i) {
            const auto& found = all.at({trace_of(1'000 + 10 * chain + i), id_of(2)}).cause;
            EXPECT_EQ(found.cause, (span_key{trace_of(10 * chain + i), id_of(1)})) << chain << "." << i;
            EXPECT_EQ(found.source, link_source::echo);
        }
    }
}

/// A request and its call for each of so many orders, one after the other; `open` requests are said to be open then.
std::vector<span_data> orders_in_turn(std::uint64_t orders, std::int64_t open) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= orders; ++i) {
        const auto at = 100.0 * static_cast<double>(i);
        const auto value = static_cast<std::uint32_t>(1'000 + i);
        spans.push_back(echoing(span_of("b", server, 10 * i, 1, 0, at, 60), {value}));
        spans.push_back(with(echoing(span_of("b", client, 10 * i + 1, 2, 0, at + 5, 2), {value}),
                             chain_attributes::inbound_open, open));
    }
    return spans;
}

TEST(EchoedValues, WhatWasOpenAndHasNotArrivedIsRatherTheCauseThanWhatHadEnded) {
    // The customer of the first order comes again, and the span of that request is lost.
    auto spans = orders_in_turn(30, 1);
    const auto lost = with(echoing(span_of("b", client, 900, 2, 0, 3'090, 2), {1'001}), chain_attributes::inbound_open,
                           std::int64_t{1});
    spans.push_back(lost);
    EXPECT_FALSE(decision_on(lost, spans).cause.cause.valid());
    // Nothing was open: the work was left over.
    const auto later = with(echoing(span_of("b", client, 900, 2, 0, 3'090, 2), {1'001}), chain_attributes::inbound_open,
                            std::int64_t{0});
    spans.back() = later;
    EXPECT_EQ(decision_on(later, spans).cause.cause, (span_key{trace_of(10), id_of(1)}));
}

TEST(EchoedValues, TimeTellsNothingWhereMostOfWhatWasOpenIsNotThere) {
    // Nine in ten requests were sampled away; the calls of one that is there began like this.
    auto spans = orders_in_turn(60, 10);
    const auto open = echoing(span_of("b", server, 800, 1, 0, 6'200, 60), {7});
    auto call = with(span_of("b", client, 900, 2, 0, 6'205, 2), chain_attributes::inbound_open, std::int64_t{10});
    spans.insert(spans.end(), {open, call});
    EXPECT_FALSE(decision_on(call, spans).cause.cause.valid());
    // Where it is the only one that was open, it is the cause.
    spans = orders_in_turn(60, 1);
    call = with(span_of("b", client, 900, 2, 0, 6'205, 2), chain_attributes::inbound_open, std::int64_t{1});
    spans.insert(spans.end(), {open, call});
    EXPECT_EQ(decision_on(call, spans).cause.cause, key_of(open));
}

TEST(EchoedValues, ThePollBesideItsRecordsIsNotAsked) {
    auto poll = echoing(about(span_of("b", client, 5, 5, 0, 0, 1.004), "receive", "orders", 1), {7});
    auto record = echoing(handed_over("orders", 6, 1, 0), {7});
    poll.origin = record.origin;
    const auto send = echoing(span_of("b", producer, 10, 10, 0, 5, 1), {7});
    EXPECT_EQ(decision_on(send, {poll, record, send}).cause.cause, key_of(record));
}

}  // namespace
}  // namespace outrider::tracing
