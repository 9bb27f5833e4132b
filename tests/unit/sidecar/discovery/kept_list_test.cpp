#include "sidecar/discovery/kept_list.hpp"

#include <gtest/gtest.h>

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;

const clock::time_point start{1h};

config::upstream_endpoint member(const std::string& host, std::uint16_t port = 80) { return {{host, port}, false}; }

kept_list::rules by_dns(milliseconds stale = 5min) {
    kept_list::rules out;
    out.registry = "DNS";
    out.service = "stock:80";
    out.stale = stale;
    return out;
}

TEST(KeptList, UsesWhatTheRegistrySays) {
    kept_list list{by_dns()};
    EXPECT_FALSE(list.heard());
    EXPECT_TRUE(list.members({member("a"), member("b")}, start));
    EXPECT_TRUE(list.heard());
    EXPECT_EQ(list.in_use(), (member_list{member("a"), member("b")}));
    EXPECT_EQ(list.why_none(), "");
    EXPECT_FALSE(list.members({member("a"), member("b")}, start + 1s)) << "nothing new";
    EXPECT_TRUE(list.members({member("b")}, start + 2s));
    EXPECT_EQ(list.due(), clock::time_point::max());
}

TEST(KeptList, AFirstEmptyListIsBelievedAtOnce) {
    kept_list list{by_dns()};
    EXPECT_TRUE(list.members({}, start));
    EXPECT_EQ(list.why_none(), "DNS has no member of 'stock:80'");
}

TEST(KeptList, AnEmptyListIsBelievedOnlyWhenItStaysSo) {
    kept_list list{by_dns()};
    list.members({member("a")}, start);
    EXPECT_FALSE(list.members({}, start + 10s));
    EXPECT_TRUE(list.doubts_empty());
    EXPECT_EQ(list.due(), start + 10s + kept_list::believe_empty);
    EXPECT_FALSE(list.members({}, start + 11s)) << "said again, it is no older";
    EXPECT_FALSE(list.pass(start + 12s));
    EXPECT_EQ(list.in_use().size(), 1U);
    EXPECT_TRUE(list.pass(start + 13s));
    EXPECT_TRUE(list.in_use().empty());
    EXPECT_FALSE(list.doubts_empty());
}

TEST(KeptList, ThatKnownMembersAreNotReadyIsNoDoubt) {
    kept_list list{by_dns()};
    list.members({member("a")}, start);
    list.members({}, start + 1s);
    EXPECT_TRUE(list.none_ready());
    EXPECT_TRUE(list.in_use().empty());
    EXPECT_EQ(list.why_none(), "none of the members that DNS has of 'stock:80' is ready");
    EXPECT_FALSE(list.doubts_empty());
    EXPECT_FALSE(list.none_ready()) << "nothing new";
    list.failed("gone", start + 2s);
    EXPECT_TRUE(list.none_ready());
    EXPECT_EQ(list.problem(), "");
    EXPECT_EQ(list.age(start + 3s), 0s);
    EXPECT_TRUE(list.members({}, start + 4s)) << "another reason";
    EXPECT_TRUE(list.members({member("a")}, start + 5s));
}

TEST(KeptList, ARegistryThatCameBackEmptyAndFillsUpCostsNothing) {
    kept_list list{by_dns()};
    list.members({member("a")}, start);
    list.members({}, start + 1s);
    EXPECT_FALSE(list.members({member("a")}, start + 2s));
    EXPECT_FALSE(list.pass(start + 1h));
    EXPECT_EQ(list.in_use().size(), 1U);
}

TEST(KeptList, ARegistryThatFailsWhileItIsDoubtedIsWaitedFor) {
    kept_list list{by_dns(0ms)};
    list.members({member("a")}, start);
    list.members({}, start + 1s);
    EXPECT_FALSE(list.failed("connection refused", start + 2s));
    EXPECT_FALSE(list.pass(start + 1h));
    EXPECT_EQ(list.in_use().size(), 1U);
    EXPECT_FALSE(list.members({}, start + 2h)) << "doubted anew";
}

TEST(KeptList, TheLastListStaysForAsLongAsItMay) {
    kept_list list{by_dns(10s)};
    list.members({member("a")}, start);
    EXPECT_FALSE(list.failed("timeout", start + 60s));
    EXPECT_EQ(list.age(start + 65s), 5s);
    EXPECT_EQ(list.due(), start + 70s) << "counted from when it could not be asked";
    EXPECT_FALSE(list.failed("refused", start + 69s));
    EXPECT_TRUE(list.pass(start + 70s));
    EXPECT_TRUE(list.in_use().empty());
    EXPECT_EQ(list.why_none(),
              "DNS could not be asked for 10s, which is as long as its last word stays in use: refused");
    EXPECT_TRUE(list.members({member("a")}, start + 80s));
    EXPECT_EQ(list.age(start + 90s), 0s);
    EXPECT_EQ(list.problem(), "");
}

TEST(KeptList, StaysForEverWithoutABound) {
    kept_list list{by_dns(0ms)};
    list.members({member("a")}, start);
    list.failed("gone", start + 1s);
    EXPECT_EQ(list.due(), clock::time_point::max());
    EXPECT_EQ(list.problem(), "gone");
}

TEST(KeptList, OneThatNeverAnsweredSaysSo) {
    kept_list list{by_dns()};
    EXPECT_TRUE(list.failed("connection refused", start));
    EXPECT_TRUE(list.heard());
    EXPECT_EQ(list.why_none(), "DNS can't be asked: connection refused");
    EXPECT_TRUE(list.failed("timeout", start + 1s)) << "callers are told the latest reason";
    EXPECT_FALSE(list.failed("timeout", start + 2s));
    EXPECT_EQ(list.due(), clock::time_point::max());
}

TEST(KeptList, LeavesOutWhatCannotBeOrMayNotBe) {
    auto by = by_dns();
    by.judge = [](const config::upstream_endpoint& each) {
        return std::string{each.address.host == "169.254.169.254" ? "it is a link-local address" : ""};
    };
    kept_list list{by};
    list.members({member("a"), member("a"), member("b", 0), member("c d"), member("0.0.0.0"), member(""),
                  member("169.254.169.254"), member("::1")},
                 start);
    EXPECT_EQ(list.in_use(), (member_list{member("a"), member("::1")}));
    EXPECT_EQ(list.left_out(), 6U);
    EXPECT_EQ(list.problem(), "DNS names a:80 more than once");
}

TEST(KeptList, WhenNobodyCanBeUsedItSaysWhy) {
    kept_list list{by_dns()};
    list.members({member("0.0.0.0")}, start);
    EXPECT_NE(list.why_none().find("none of the 1 members that it has can be used: DNS names a member that can't be:"),
              std::string::npos)
        << list.why_none();
}

TEST(KeptList, HasABound) {
    member_list many;
    for (int i = 0; i < 5'000; ++i) many.push_back(member("h" + std::to_string(i)));
    kept_list list{by_dns()};
    list.members(many, start);
    EXPECT_EQ(list.in_use().size(), kept_list::most_members);
    EXPECT_EQ(list.left_out(), 4'000U);
    EXPECT_EQ(list.problem(), "DNS names 5000 members; the first 1000 are used");
}

TEST(KeptList, SpeaksTlsWhereThatIsConfigured) {
    auto by = by_dns();
    by.tls = true;
    kept_list list{by};
    list.members({member("a", 443)}, start);
    EXPECT_TRUE(list.in_use().front().tls);
}

}  // namespace
}  // namespace outrider::discovery
