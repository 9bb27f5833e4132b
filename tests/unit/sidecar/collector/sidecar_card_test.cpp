#include "sidecar/collector/sidecar_card.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace outrider::collector {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json whole() {
    return json::parse(R"({
        "secret": "00112233445566778899aabbccddeeff", "service": "orders", "instance": "orders-1", "version": "0.1.0",
        "startedUnixNano": "1700000000000000000", "state": "running",
        "health": {"verdict": "degraded", "sinceUnixNano": "1700000000000000001", "reasons": ["upstream stock: refused"]},
        "dependencies": [{"name": "stock", "kind": "upstream", "endpoint": "127.0.0.1:8081", "verdict": "down", "reason": "refused"}],
        "policies": [{"policy": "protect", "rule": "breaker", "kind": "breaker", "mode": "enforce", "target": "stock",
                      "state": "half_open", "why": "5 failures in a row", "sinceUnixNano": 1700000000000000002,
                      "level": 0.3, "allowed": 7, "refused": 2, "delayed": 0}],
        "rates": {"inbound": {"perSecond": 12.5, "errorsPerSecond": 0.5, "p50Nano": "1000000", "p99Nano": "9000000"}},
        "leftOut": 3})");
}

json read_back(const json& card) {
    const auto read = read_sidecar_card(card.dump());
    if (!read) return read.error().why;
    return json::parse("{" + read->body + "}");
}

std::string fault_of(const std::string& text) {
    const auto read = read_sidecar_card(text);
    return read ? "" : read.error().why;
}

TEST(SidecarCard, KeepsWhatIsKnownAndNotTheSecret) {
    auto card = whole();
    card["somethingNewer"] = {{"a", 1}};
    const auto read = read_sidecar_card(card.dump());
    ASSERT_TRUE(read) << read.error().why;
    EXPECT_EQ(read->service, "orders");
    EXPECT_EQ(read->instance, "orders-1");
    EXPECT_FALSE(read->stopped);
    EXPECT_THAT(read->id, testing::MatchesRegex("[0-9a-f]{16}"));
    EXPECT_THAT(read->body, testing::Not(HasSubstr("00112233")));
    auto expected = whole();
    expected.erase("secret");
    expected.erase("state");
    expected["policies"][0]["sinceUnixNano"] = "1700000000000000002";
    EXPECT_EQ(json::parse("{" + read->body + "}"), expected);
}

TEST(SidecarCard, IsNamedByItsSecretAlone) {
    auto one = whole(), other = whole(), same = whole();
    other["secret"] = "ffeeddccbbaa99887766554433221100";
    same["service"] = "another";
    const auto id = read_sidecar_card(one.dump())->id;
    EXPECT_NE(read_sidecar_card(other.dump())->id, id);
    EXPECT_EQ(read_sidecar_card(same.dump())->id, id);
}

TEST(SidecarCard, LeavesOutWhatIsNotThere) {
    EXPECT_EQ(read_back({{"secret", "0123456789abcdef"}, {"service", "a"}}), json({{"service", "a"}}));
    EXPECT_EQ(
        read_back(
            {{"secret", "0123456789abcdef"}, {"service", "a"}, {"health", nullptr}, {"rates", {{"inbound", nullptr}}}}),
        json({{"service", "a"}, {"rates", json::object()}}));
}

TEST(SidecarCard, RefusesWhatIsNoCard) {
    for (const auto* text :
         {"", "{", "[]", "null", "7", "\"x\"", "{}", R"({"secret":"0123456789abcdef"})",
          R"({"secret":"short","service":"a"})", "{\"secret\":\"0123456789abcdef\",\"service\":\"\xff\"}"})
        EXPECT_NE(fault_of(text), "") << text;
    EXPECT_NE(fault_of(std::string(100'000, '[')), "");
    EXPECT_THAT(fault_of(R"({"secret":"0123456789abcdef","service":"a","x":)" + std::string(20, '[') +
                         std::string(20, ']') + "}"),
                HasSubstr("deep"));
}

TEST(SidecarCard, RefusesEveryFieldOfAnotherType) {
    for (const auto* pointer : {"/secret",
                                "/service",
                                "/instance",
                                "/version",
                                "/startedUnixNano",
                                "/state",
                                "/health",
                                "/health/verdict",
                                "/health/sinceUnixNano",
                                "/health/reasons",
                                "/health/reasons/0",
                                "/dependencies",
                                "/dependencies/0",
                                "/dependencies/0/name",
                                "/dependencies/0/kind",
                                "/dependencies/0/verdict",
                                "/policies",
                                "/policies/0",
                                "/policies/0/policy",
                                "/policies/0/kind",
                                "/policies/0/mode",
                                "/policies/0/state",
                                "/policies/0/level",
                                "/policies/0/allowed",
                                "/policies/0/sinceUnixNano",
                                "/rates",
                                "/rates/inbound",
                                "/rates/inbound/perSecond",
                                "/rates/inbound/p50Nano",
                                "/leftOut"}) {
        auto card = whole();
        card[json::json_pointer{pointer}] = json::array({json::array()});
        EXPECT_NE(fault_of(card.dump()), "") << pointer;
        card[json::json_pointer{pointer}] = true;
        EXPECT_NE(fault_of(card.dump()), "") << pointer;
    }
}

TEST(SidecarCard, RefusesNumbersAndWordsThatCannotBe) {
    const auto with = [](const char* pointer, const json& value) {
        auto card = whole();
        card[json::json_pointer{pointer}] = value;
        return fault_of(card.dump());
    };
    EXPECT_NE(with("/policies/0/level", -0.1), "");
    EXPECT_NE(with("/policies/0/allowed", -1), "");
    EXPECT_NE(with("/policies/0/allowed", 1e300), "");
    EXPECT_NE(with("/policies/0/allowed", 1.5), "");
    EXPECT_NE(with("/rates/inbound/perSecond", -5), "");
    EXPECT_NE(with("/startedUnixNano", "soon"), "");
    EXPECT_NE(with("/startedUnixNano", "-1"), "");
    EXPECT_NE(with("/health/verdict", "splendid"), "");
    EXPECT_NE(with("/policies/0/state", "<script>"), "");
    EXPECT_NE(with("/state", "dead"), "");
    EXPECT_EQ(with("/policies/0/allowed", UINT64_MAX), "");
    EXPECT_EQ(with("/policies/0/level", 17), "") << "is cut to 1";
    auto endless = whole().dump();
    endless.replace(endless.find("12.5"), 4, "1e999");
    EXPECT_NE(fault_of(endless), "") << "infinite";
}

TEST(SidecarCard, CutsTextsAndRefusesLists) {
    auto card = whole();
    card["service"] = std::string(1'000'000, 'x');
    card["health"]["reasons"] = {std::string(10'000, 'y')};
    card["instance"] = std::string(199, 'a') + "\xc3\xa9";
    const auto cut = read_back(card);
    EXPECT_EQ(cut["service"].get<std::string>().size(), 200u);
    EXPECT_EQ(cut["health"]["reasons"][0].get<std::string>().size(), 500u);
    EXPECT_EQ(cut["instance"], std::string(199, 'a')) << "never within a character";
    card = whole();
    card["policies"] = json::array();
    for (int i = 0; i < 2'001; ++i) card["policies"].push_back({{"policy", "p"}});
    EXPECT_THAT(fault_of(card.dump()), HasSubstr("more than 2000"));
    card = whole();
    card["health"]["reasons"] = std::vector<std::string>(17, "r");
    EXPECT_THAT(fault_of(card.dump()), HasSubstr("more than 16"));
}

TEST(SidecarCard, KeepsTextAsText) {
    auto card = whole();
    const std::string odd = "</script><script>alert(1)</script>\u202e\u0007\"\\\n";
    card["service"] = odd;
    EXPECT_EQ(read_back(card)["service"], odd);
}

}  // namespace
}  // namespace outrider::collector
