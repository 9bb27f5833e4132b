#include "sidecar/app/collect_flags.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/app/parsed.hpp"

namespace outrider::app::test {
namespace {

TEST(CollectFlags, ReadsTheOptionsOfCollect) {
    const auto options =
        must_be<collector::collect_options>({"collect", "--listen", "[::1]:4318", "--memory", "1GiB", "--max-traces",
                                             "10", "--max-request", "1MiB", "--host", "a", "--host", "b"});
    EXPECT_EQ(options.listen.text(), "[::1]:4318");
    EXPECT_EQ(options.memory_bytes, 1ULL << 30);
    EXPECT_EQ(options.max_traces, 10U);
    EXPECT_EQ(options.request_bytes, 1ULL << 20);
    EXPECT_EQ(options.hosts, (strings{"a", "b"}));
    const auto usual = must_be<collector::collect_options>({"collect"});
    EXPECT_EQ(usual.listen.text(), "127.0.0.1:4318");
    EXPECT_EQ(usual.keep, std::chrono::hours{1});
    EXPECT_EQ(usual.store, "");
    EXPECT_EQ(usual.forward.url, "");
    EXPECT_TRUE(usual.forward.gzip);
}

TEST(CollectFlags, ReadsWhereCollectKeepsAndForwardsChains) {
    const auto options = must_be<collector::collect_options>({"collect",
                                                              "--keep",
                                                              "30m",
                                                              "--store",
                                                              "spans.db",
                                                              "--store-size",
                                                              "2GiB",
                                                              "--confidence",
                                                              "0.9",
                                                              "--forward",
                                                              "https://jaeger:4318",
                                                              "--sample",
                                                              "10%",
                                                              "--slow",
                                                              "1s",
                                                              "--forward-header",
                                                              "authorization=Bearer a=b",
                                                              "--forward-ca",
                                                              "ca.pem",
                                                              "--forward-cert",
                                                              "c.pem",
                                                              "--forward-key",
                                                              "k.pem",
                                                              "--forward-plain"});
    EXPECT_EQ(options.keep, std::chrono::minutes{30});
    EXPECT_EQ(options.store, "spans.db");
    EXPECT_EQ(options.store_bytes, 2ULL << 30);
    EXPECT_FLOAT_EQ(options.confidence, 0.9F);
    EXPECT_EQ(options.forward.url, "https://jaeger:4318");
    EXPECT_DOUBLE_EQ(options.forward.share, 0.1);
    EXPECT_EQ(options.forward.slow, std::chrono::seconds{1});
    ASSERT_EQ(options.forward.headers.size(), 1U);
    EXPECT_EQ(options.forward.headers[0].second, "Bearer a=b");
    EXPECT_EQ(options.forward.tls.ca, "ca.pem");
    EXPECT_FALSE(options.forward.gzip);
}

TEST(CollectFlags, SaysWhatIsWrongWithTheFlagsOfCollect) {
    EXPECT_EQ(
        refusal({"collect", "--keep", "ages", "--forward", "jaeger", "--sample", "110%", "--slow", "0s", "--confidence",
                 "2", "--forward-header", "x", "--forward-cert", "c.pem", "--store-size", "1GiB"}),
        "outrider collect: --keep: 'ages' is not a duration such as 1h\n"
        "outrider collect: --confidence: '2' is not between 0 and 1\n"
        "outrider collect: --forward: 'jaeger' is no URL: a URL begins with http:// or https://\n"
        "outrider collect: --sample: '110%' is not a share such as 10% or 0.1\n"
        "outrider collect: --slow: '0s' is not a duration such as 1h\n"
        "outrider collect: --forward-header: 'x' is not NAME=VALUE such as authorization=secret\n"
        "outrider collect: --store-size: there is no --store\n"
        "outrider collect: --forward-cert and --forward-key: one needs the other\n"
        "'outrider collect --help' lists the flags.\n");
    EXPECT_NE(refusal({"collect", "--sample", "10%"}).find("they need --forward"), std::string::npos);
}

}  // namespace
}  // namespace outrider::app::test
