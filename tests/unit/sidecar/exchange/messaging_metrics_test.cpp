#include "sidecar/exchange/messaging_metrics.hpp"

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

std::vector<std::string> names(const messaging_metrics& of) {
    std::vector<std::string> out;
    of.each_topic([&](const topic_metrics& row) { out.push_back(row.name); });
    return out;
}

TEST(MessagingMetrics, HasARowPerTopic) {
    messaging_metrics metrics;
    EXPECT_TRUE(names(metrics).empty());
    auto& orders = metrics.topic("orders");
    orders.sent_records.add(3);
    EXPECT_EQ(&metrics.topic("orders"), &orders);
    EXPECT_NE(&metrics.topic("stock"), &orders);
    EXPECT_EQ(names(metrics), (std::vector<std::string>{"orders", "stock"}));
}

TEST(MessagingMetrics, CountsTopicsBeyondTheBoundAsOther) {
    messaging_metrics metrics;
    for (std::size_t i = 0; i < messaging_metrics::most_topics; ++i) metrics.topic("t" + std::to_string(i));
    auto& one = metrics.topic("one-more");
    EXPECT_EQ(one.name, "other");
    EXPECT_EQ(&metrics.topic("and-another"), &one);
    EXPECT_EQ(metrics.topic("t999").name, "t999") << "those that have a row keep it";
    EXPECT_EQ(names(metrics).size(), messaging_metrics::most_topics + 1);
}

TEST(MessagingMetrics, SumsTheLagOfPartitions) {
    messaging_metrics metrics;
    auto& row = metrics.topic("orders");
    EXPECT_EQ(row.total_lag(), 0);
    row.set_lag(0, 5);
    row.set_lag(1023, 7);
    row.set_lag(0, 2);
    EXPECT_EQ(row.total_lag(), 9);
    // What has no place is left out.
    row.set_lag(1024, 100);
    row.set_lag(-1, 100);
    EXPECT_EQ(row.total_lag(), 9);
}

TEST(MessagingMetrics, CountsUnknownApisInTheLastRow) {
    messaging_metrics metrics;
    auto& last = metrics.of(127);
    EXPECT_EQ(&metrics.of(-1), &last);
    EXPECT_EQ(&metrics.of(0x7fff), &last);
    EXPECT_NE(&metrics.of(0), &last);
}

}  // namespace
}  // namespace outrider::exchange
