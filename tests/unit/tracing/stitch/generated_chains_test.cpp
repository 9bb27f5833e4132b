#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/chain_generator.hpp"

namespace outrider::test {
namespace {

using tracing::span_data;
using tracing::span_key;

generator_options few(std::uint64_t seed) {
    generator_options out;
    out.seed = seed;
    out.rate = 100;
    out.requests = 60;
    return out;
}

std::map<span_key, const span_data*> by_key(const generated_chains& from) {
    std::map<span_key, const span_data*> out;
    for (const auto& each : from.spans) out[{each.span.trace, each.span.span}] = &each.span;
    return out;
}

class GeneratedChains : public ::testing::TestWithParam<traffic_class> {};

std::string name_of(const ::testing::TestParamInfo<traffic_class>& info) {
    auto out = info.param.name;
    for (auto& each : out)
        if (std::isalnum(static_cast<unsigned char>(each)) == 0) each = '_';
    return out;
}

TEST_P(GeneratedChains, AreTheSameForASeed) {
    std::ostringstream first, second, other;
    write_csv(first, GetParam(), few(7));
    write_csv(second, GetParam(), few(7));
    write_csv(other, GetParam(), few(8));
    EXPECT_EQ(first.str(), second.str());
    EXPECT_NE(first.str(), other.str());
}

TEST_P(GeneratedChains, HaveEveryParentOrATruthAboutIt) {
    const auto made = generate(GetParam(), few(3));
    const auto spans = by_key(made);
    ASSERT_EQ(spans.size(), made.spans.size()) << "ids are unique";
    std::set<span_key> roots;
    for (const auto& each : made.roots) {
        EXPECT_TRUE(spans.contains(each.root));
        EXPECT_TRUE(roots.insert(each.root).second);
        for (const auto& cause : each.causes) EXPECT_TRUE(spans.contains(cause));
        for (const auto& cause : each.ancestors) EXPECT_TRUE(spans.contains(cause));
    }
    for (const auto& [key, span] : spans) {
        const bool explained = span->parent.valid() && spans.contains({key.trace, span->parent});
        EXPECT_NE(explained, roots.contains(key));
        EXPECT_LE(span->start_unix_ns, span->end_unix_ns);
    }
}

TEST_P(GeneratedChains, LeaveProcessesOnlyAfterTheirCausesEnteredThem) {
    const auto made = generate(GetParam(), few(5));
    const auto spans = by_key(made);
    for (const auto& each : made.roots) {
        if (each.is != true_root::what::call && each.is != true_root::what::send) continue;
        for (const auto& cause : each.causes) {
            EXPECT_EQ(tracing::service_of(*spans.at(each.root)), tracing::service_of(*spans.at(cause)));
            EXPECT_GE(spans.at(each.root)->start_unix_ns, spans.at(cause)->start_unix_ns);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Classes, GeneratedChains, ::testing::ValuesIn(traffic_classes()), name_of);

TEST(GeneratedChains, ComeAtTheLoadThatWasAskedFor) {
    auto options = few(4);
    options.rate = 0;
    options.requests = 300;
    options.in_flight = 6;
    for (const auto* name : {"sequential", "thread pools", "joins", "mixed"}) {
        const auto reached = generate(traffic_class_named(name), options).busiest_in_flight;
        EXPECT_GT(reached, 3) << name;
        EXPECT_LT(reached, 12) << name;
    }
}

TEST(GeneratedChains, LoseWhatTheyAreToldToLose) {
    const auto whole = generate(traffic_class_named("fan-out"), few(9)).spans.size();
    auto kind = traffic_class_named("fan-out");
    kind.lost = 0.5;
    const auto half = generate(kind, few(9)).spans.size();
    EXPECT_NEAR(static_cast<double>(half), static_cast<double>(whole) / 2, static_cast<double>(whole) / 10);
    kind.lost = 0;
    kind.head_sampling = 0.1;
    EXPECT_LT(generate(kind, few(9)).spans.size(), whole / 4);
}

TEST(GeneratedChains, SayWhatSidecarsCaptureWhenAsked) {
    auto options = few(2);
    options.inbound_open = options.echo = options.keys = true;
    const auto made = generate(traffic_class_named("sequential"), options);
    const auto has = [&](std::string_view key) {
        return std::count_if(made.spans.begin(), made.spans.end(), [&](const received_span& each) {
            return tracing::find_attribute(each.span.attributes, key) != nullptr;
        });
    };
    const auto all = static_cast<std::ptrdiff_t>(made.spans.size());
    EXPECT_EQ(has("outrider.echo"), all);
    EXPECT_EQ(has("chain.key.order"), all);
    EXPECT_GT(has("outrider.inbound_open"), all / 4);
}

}  // namespace
}  // namespace outrider::test
