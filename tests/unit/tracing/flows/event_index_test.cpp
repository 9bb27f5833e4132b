#include "tracing/flows/event_index.hpp"

#include <algorithm>

#include "tests/unit/tracing/flows/flow_spans.hpp"
#include "tracing/flows/patterns.hpp"

namespace outrider::flows::test {
namespace {

using tracing::span_kind;

/// The names of the events that a span means.
std::string found_in(const std::vector<named_event>& events, const tracing::span_data& span) {
    event_index index;
    index.add(7, events);
    span_event read;
    std::vector<tracing::attribute_view> attributes;
    read_event(tracing::view_of(span, attributes), read);
    std::vector<event_number> found;
    index.find(read, found);
    std::vector<std::string> names;
    for (const auto& one : found) {
        EXPECT_EQ(one.flow, 7);
        names.push_back(events[one.event].name);
    }
    std::sort(names.begin(), names.end());
    std::string out;
    for (const auto& name : names) out += name + " ";
    return out;
}

event_match requested(event_kind kind, std::string method, std::string path, wanted_status status = {}) {
    event_match out;
    out.kind = kind;
    out.method = std::move(method);
    out.path = std::move(path);
    out.status = status;
    return out;
}

TEST(EventIndex, FindsRecordsByTopicAndService) {
    event_match consumed = produced("stock");
    consumed.kind = event_kind::consume;
    const std::vector<named_event> events{{"exact", produced("stock")},
                                          {"of-inventory", produced("stock", "inventory")},
                                          {"glob", produced("st*k")},
                                          {"other", produced("stocks")},
                                          {"consumed", consumed}};
    EXPECT_EQ(found_in(events, sent("stock", "1", zero)), "exact glob ");
    EXPECT_EQ(found_in(events, sent("stock", "1", zero, "inventory")), "exact glob of-inventory ");
    auto handled = sent("stock", "1", zero);
    handled.kind = span_kind::consumer;
    EXPECT_EQ(found_in(events, handled), "consumed ");
    auto polled = sent("stock", "1", zero);
    polled.attributes[1] = text_of("messaging.operation.type", "receive");
    EXPECT_EQ(found_in(events, polled), "") << "a poll is waiting, not an event";
    auto anchor = sent("stock", "1", zero);
    anchor.attributes.push_back({"outrider.anchor", tracing::attribute_value{true}});
    EXPECT_EQ(found_in(events, anchor), "") << "it stands for a send that has a span of its own";
}

TEST(EventIndex, TakesWhatFailedForNoEventUnlessAsked) {
    auto failing = produced("stock");
    failing.status.is = wanted_status::kind::error;
    auto any = produced("stock");
    any.status.is = wanted_status::kind::any;
    const std::vector<named_event> events{{"any", any}, {"failing", failing}, {"ok", produced("stock")}};
    auto span = sent("stock", "1", zero);
    EXPECT_EQ(found_in(events, span), "any ok ");
    span.status = tracing::status_code::error;
    EXPECT_EQ(found_in(events, span), "any failing ");
}

TEST(EventIndex, FindsRequestsByMethodPathAndStatus) {
    using status = wanted_status::kind;
    const std::vector<named_event> events{
        {"any-path", requested(event_kind::inbound, "POST", "")},
        {"created", requested(event_kind::inbound, "POST", "/orders/{id}/charge", {status::code, 201})},
        {"good", requested(event_kind::inbound, "POST", "/orders/{id}/charge", {status::one_class, 2})},
        {"out", requested(event_kind::outbound, "", "/orders/{rest...}")},
        {"parameter", requested(event_kind::inbound, "", "/{what}/4711/charge")},
        {"refused", requested(event_kind::inbound, "POST", "/orders/{id}/charge", {status::one_class, 4})}};
    const auto request = [](span_kind of, std::int64_t answered) {
        return asked(of, "POST", "/orders/4711/charge", answered, zero, zero + ms);
    };
    EXPECT_EQ(found_in(events, request(span_kind::server, 201)), "any-path created good parameter ");
    EXPECT_EQ(found_in(events, request(span_kind::server, 402)), "refused ");
    EXPECT_EQ(found_in(events, request(span_kind::client, 200)), "out ");
    EXPECT_EQ(found_in(events, request(span_kind::internal, 200)), "");
    EXPECT_EQ(found_in(events, asked(span_kind::server, "GET", "/orders/4711", 200, zero, zero)), "");
}

TEST(Patterns, OfPathsAreComparedBySegment) {
    EXPECT_TRUE(matches_path("/orders/{id}", "/orders/1"));
    EXPECT_FALSE(matches_path("/orders/{id}", "/orders/"));
    EXPECT_FALSE(matches_path("/orders/{id}", "/orders"));
    EXPECT_FALSE(matches_path("/orders/{id}", "/orders/1/2"));
    EXPECT_FALSE(matches_path("/orders/{id}", "/order/1"));
    EXPECT_TRUE(matches_path("/orders/{rest...}", "/orders/1/2"));
    EXPECT_TRUE(matches_path("/orders/{rest...}", "/orders/"));
    EXPECT_TRUE(matches_path("/", "/"));
    EXPECT_FALSE(matches_path("/", "/a"));
    EXPECT_TRUE(matches_path("/orders/{id}", "/orders/{order}"));
    EXPECT_FALSE(matches_path("/orders", ""));
}

TEST(Patterns, OfNamesKnowStars) {
    EXPECT_TRUE(matches_glob("*", ""));
    EXPECT_TRUE(matches_glob("order-*", "order-placed"));
    EXPECT_TRUE(matches_glob("*a*b*", "xaxxbx"));
    EXPECT_FALSE(matches_glob("*a*b", "xaxxbx"));
    EXPECT_FALSE(matches_glob("order", "orders"));
    EXPECT_FALSE(matches_glob(std::string(200, '*') + "b", std::string(2'000, 'a')));
}

TEST(Patterns, FindThePathOfAUrl) {
    EXPECT_EQ(path_of_url("http://stock:80/a/b?c=d"), "/a/b");
    EXPECT_EQ(path_of_url("http://stock"), "/");
    EXPECT_EQ(path_of_url("http://stock?a=/b"), "/");
    EXPECT_EQ(path_of_url("/a#b"), "/a");
    EXPECT_EQ(path_of_url("stock/a"), "");
}

}  // namespace
}  // namespace outrider::flows::test
