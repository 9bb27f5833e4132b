#include "sidecar/exchange/metrics.hpp"

#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;

std::uint64_t total(const request_table& table) {
    std::uint64_t sum = table.overflow();
    for (const auto& row : table.rows()) sum += row.count;
    return sum;
}

TEST(RequestTable, CountsByTargetMethodAndStatus) {
    auto table = std::make_unique<request_table>();
    table->add(1, 2, 200);
    table->add(1, 2, 200);
    table->add(1, 2, 404);
    table->add(65'535, 9, 65'535);
    table->add(0, 0, 0);
    auto rows = table->rows();
    ASSERT_EQ(rows.size(), 4U);
    for (const auto& row : rows) {
        if (row.target == 1 && row.status == 200) {
            EXPECT_EQ(row.count, 2U);
        }
        if (row.target == 65'535) {
            EXPECT_EQ(row.method, 9);
            EXPECT_EQ(row.status, 65'535);
        }
    }
    EXPECT_EQ(total(*table), 5U);
}

TEST(RequestTable, CountsWhatItHasNoRowFor) {
    auto table = std::make_unique<request_table>();
    for (std::uint16_t status = 0; status < 2'000; ++status) table->add(3, 1, status);
    auto rows = table->rows();
    EXPECT_EQ(rows.size(), request_table::slots * 3 / 4) << "never full, so that a search ends";
    EXPECT_EQ(table->overflow(), 2'000 - rows.size());
    table->add(3, 1, rows[0].status);
    EXPECT_EQ(total(*table), 2'001U) << "rows that exist go on counting";
}

TEST(RequestTable, IsReadWhileItIsWritten) {
    auto table = std::make_unique<request_table>();
    constexpr std::uint64_t rounds = 200;
    std::atomic<bool> stop{false};
    auto read = [&] {
        std::uint64_t last = 0;
        while (!stop) {
            auto now = total(*table);
            EXPECT_GE(now, last) << "a counter never goes back";
            last = now;
            std::set<std::uint64_t> keys;
            for (const auto& row : table->rows()) {
                EXPECT_LT(row.status, 800);
                EXPECT_GE(row.count, 1U);
                EXPECT_TRUE(keys.insert(std::uint64_t{row.target} << 32 | row.method << 16 | row.status).second);
            }
        }
    };
    std::thread one{read}, two{read};
    for (std::uint64_t round = 0; round < rounds; ++round)
        for (std::uint16_t status = 0; status < 800; ++status) table->add(7, 3, status);
    stop = true;
    one.join();
    two.join();
    EXPECT_EQ(total(*table), rounds * 800);
}

TEST(DurationHistogram, FilesADurationUnderItsUpperBound) {
    duration_histogram histogram;
    histogram.observe(0ns);
    histogram.observe(500us);
    histogram.observe(501us);
    histogram.observe(30s);
    histogram.observe(31s);
    EXPECT_EQ(histogram.buckets[0].value(), 2U) << "bounds are inclusive";
    EXPECT_EQ(histogram.buckets[1].value(), 1U);
    EXPECT_EQ(histogram.buckets[duration_bounds.size() - 1].value(), 1U);
    EXPECT_EQ(histogram.buckets[duration_bounds.size()].value(), 1U);
    EXPECT_EQ(histogram.sum_microseconds.value(), 500U + 501U + 61'000'000U);
}

TEST(Method, HasAnIndexAndOthersShareOne) {
    for (std::size_t i = 0; i + 1 < known_methods.size(); ++i) EXPECT_EQ(method_index(known_methods[i]), i);
    for (auto method : {"", "get", "PROPFIND", "_OTHER", "GETT"})
        EXPECT_EQ(method_index(method), known_methods.size() - 1);
}

TEST(WorkerMetrics, FileAFinishedExchange) {
    worker_metrics metrics{2};
    http_facts facts;
    facts.target = 1;
    facts.method = "POST";
    facts.status = 502;
    facts.failure = {failure_code::upstream_closed, origin::upstream, false};
    facts.request_bytes = 10;
    facts.response_bytes = 20;
    facts.finished = facts.started + 3ms;
    metrics.finish(facts);
    auto rows = metrics.requests.rows();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].target, 1);
    EXPECT_EQ(rows[0].status, 502);
    EXPECT_EQ(known_methods[rows[0].method], "POST");
    EXPECT_EQ(metrics.failures[static_cast<std::size_t>(failure_code::upstream_closed)].value(), 1U);
    EXPECT_EQ(metrics.durations[1].sum_microseconds.value(), 3'000U);
    EXPECT_EQ(metrics.durations[0].sum_microseconds.value(), 0U);
    EXPECT_EQ(metrics.request_bytes.value(), 10U);
    EXPECT_EQ(metrics.response_bytes.value(), 20U);
}

TEST(FailureCode, HasAStableNameOfItsOwn) {
    std::set<std::string_view> names;
    for (std::size_t code = 0; code < failure_codes; ++code)
        EXPECT_TRUE(names.insert(name_of(static_cast<failure_code>(code))).second) << code;
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_EQ(name_of(failure_code::none), "");
    EXPECT_EQ(failure_codes, worker_metrics{1}.failures.size());
}

}  // namespace
}  // namespace outrider::exchange
