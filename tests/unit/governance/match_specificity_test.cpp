#include "governance/match_specificity.hpp"

#include <array>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

match http(std::string method, std::string path) {
    match out;
    out.kind = traffic::inbound;
    out.method = std::move(method);
    out.path = std::move(path);
    return out;
}

match topic(std::string glob) {
    match out;
    out.kind = traffic::produce;
    out.topic = std::move(glob);
    return out;
}

match with_header(match of, std::string name, std::string value) {
    of.headers.emplace_back(std::move(name), std::move(value));
    return of;
}

match with_host(match of, std::string host) {
    of.host = std::move(host);
    return of;
}

match to_upstream(std::string upstream, match of = {}) {
    of.kind = traffic::outbound;
    of.upstream = std::move(upstream);
    return of;
}

TEST(Specificity, GrowsAsDocumented) {
    match any;
    any.kind = traffic::inbound;
    const std::array ascending{
        match{},
        any,
        to_upstream("stock-*"),
        to_upstream("stock"),
        with_host(any, "*.example"),
        with_host(any, "a.example"),
        with_header(any, "x-a", "*"),
        with_header(with_header(any, "x-a", "*"), "x-b", "*"),
        http("GET", ""),
        http("", "/{id}"),
        http("GET", "/{id}"),
        http("", "/{id}/{part}"),
        http("", "/orders/{rest...}"),
        http("", "/orders"),
        http("POST", "/orders"),
        with_header(http("POST", "/orders"), "x-a", "1"),
        http("", "/orders/{id}"),
        http("", "/orders/{id}/{line}"),
        http("", "/orders/lines"),
    };
    for (std::size_t i = 1; i < ascending.size(); ++i)
        EXPECT_LT(specificity(ascending[i - 1]), specificity(ascending[i])) << i;
}

TEST(Specificity, OfTopicsGrowsWithWhatIsLiteral) {
    EXPECT_EQ(specificity(topic("*")), specificity(topic("")));
    EXPECT_LT(specificity(topic("*")), specificity(topic("orders.*")));
    EXPECT_LT(specificity(topic("orders.*")), specificity(topic("orders.eu.*")));
    EXPECT_LT(specificity(topic("orders.eu.*")), specificity(topic("a")));
    EXPECT_LT(specificity(topic(std::string(200, 'a') + "*")), specificity(topic("a")));
}

TEST(Specificity, KeepsItsOrderWhenACountIsBeyondItsField) {
    std::string many, more;
    for (int i = 0; i < 70; ++i) many += "/{p}";
    more = "/a" + many;
    EXPECT_LT(specificity(http("", many)), specificity(http("", more)));
    EXPECT_LT(specificity(http("", many)), specificity(http("", "/a")));
}

TEST(Globs, MeetWhenSomeTextIsMatchedByBoth) {
    for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{{"", "a"},
                                                                                         {"*", "a"},
                                                                                         {"a*", "*b"},
                                                                                         {"a*c", "ab*"},
                                                                                         {"*.eu", "orders.*"},
                                                                                         {"a*", "a"},
                                                                                         {"a**", "*a"},
                                                                                         {"a", "a"}}) {
        EXPECT_TRUE(globs_meet(a, b)) << a << " " << b;
        EXPECT_TRUE(globs_meet(b, a)) << b << " " << a;
    }
    for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
             {"a", "b"}, {"a*", "b*"}, {"*a", "*b"}, {"a*b", "a"}, {"orders.*", "payments.*"}, {"ab", "a"}}) {
        EXPECT_FALSE(globs_meet(a, b)) << a << " " << b;
        EXPECT_FALSE(globs_meet(b, a)) << b << " " << a;
    }
}

/// Whether `text` is matched, tried in the simplest way.
bool matches(std::string_view glob, std::string_view text) {
    if (glob.empty()) return text.empty();
    if (glob.front() == '*') return matches(glob.substr(1), text) || (!text.empty() && matches(glob, text.substr(1)));
    return !text.empty() && glob.front() == text.front() && matches(glob.substr(1), text.substr(1));
}

/// All texts of up to `most` of these letters.
std::vector<std::string> texts(std::string_view letters, std::size_t most) {
    std::vector<std::string> out{""};
    for (std::size_t begin = 0, size = 1; size <= most; ++size) {
        const auto end = out.size();
        for (; begin < end; ++begin)
            for (const char c : letters) out.push_back(out[begin] + c);
    }
    return out;
}

TEST(Globs, MeetExactlyWhereTryingAllTextsSaysSo) {
    const auto globs = texts("ab*", 3);
    const auto all = texts("ab", 6);
    for (const auto& a : globs) {
        for (const auto& b : globs) {
            if (a.empty() || b.empty()) continue;
            bool both = false;
            for (const auto& text : all) both = both || (matches(a, text) && matches(b, text));
            EXPECT_EQ(globs_meet(a, b), both) << a << " " << b;
        }
    }
}

TEST(Paths, MeetWhenSomePathIsMatchedByBoth) {
    for (const auto& [a, b] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", "/a"},
                                                                    {"/a", "/a"},
                                                                    {"/a/{x}", "/{y}/b"},
                                                                    {"/a/{rest...}", "/a/b/c"},
                                                                    {"/{rest...}", "/a/{b}"},
                                                                    {"/a/{x...}", "/a/b/{y...}"}}) {
        EXPECT_TRUE(paths_meet(a, b)) << a << " " << b;
        EXPECT_TRUE(paths_meet(b, a)) << b << " " << a;
    }
    for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{{"/a", "/b"},
                                                                                         {"/a", "/a/"},
                                                                                         {"/a/{x}", "/a"},
                                                                                         {"/a/{rest...}", "/b/c"},
                                                                                         {"/a/{x}", "/b/{x}"},
                                                                                         {"/", "/a"}}) {
        EXPECT_FALSE(paths_meet(a, b)) << a << " " << b;
        EXPECT_FALSE(paths_meet(b, a)) << b << " " << a;
    }
}

TEST(Matches, CanBothHoldUnlessSomethingExcludesIt) {
    EXPECT_TRUE(can_both_match(http("GET", "/a"), http("", "/{x}")));
    EXPECT_FALSE(can_both_match(http("GET", "/a"), http("POST", "/a")));
    EXPECT_FALSE(can_both_match(http("GET", "/a"), to_upstream("stock")));
    EXPECT_FALSE(can_both_match(to_upstream("stock"), to_upstream("pay")));
    EXPECT_TRUE(can_both_match(to_upstream("stock"), to_upstream("", http("GET", "/a"))));
    EXPECT_FALSE(can_both_match(topic("a"), http("", "")));
    EXPECT_TRUE(can_both_match(topic("a.*"), topic("*.b")));
    const auto any = http("", "");
    EXPECT_FALSE(can_both_match(with_header(any, "x", "a*"), with_header(any, "x", "b*")));
    EXPECT_TRUE(can_both_match(with_header(any, "x", "a*"), with_header(any, "y", "b*")));
    match group;
    group.group = "billing";
    EXPECT_FALSE(can_both_match(group, topic("a")));
    EXPECT_TRUE(can_both_match(group, match{}));
}

TEST(Matches, HoldForTheTrafficThatHasAllTheyAskFor) {
    EXPECT_EQ(traffic_of({}), http_traffic | kafka_traffic);
    EXPECT_EQ(traffic_of(with_header({}, "x", "*")), http_traffic);
    EXPECT_EQ(traffic_of(with_header(topic("a"), "x", "*")), 0);
    match cluster;
    cluster.cluster = "main";
    EXPECT_EQ(traffic_of(cluster), kafka_traffic);
    match upstream;
    upstream.upstream = "stock";
    EXPECT_EQ(traffic_of(upstream), only(traffic::outbound));
}

}  // namespace
}  // namespace outrider::governance
