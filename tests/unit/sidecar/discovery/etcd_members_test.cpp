#include "sidecar/discovery/etcd_members.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/discovery/listening.hpp"
#include "tracing/base64.hpp"

namespace outrider::discovery {
namespace {

using effect = etcd_members::effect;
using names = std::vector<std::string>;

std::string base64(const std::string& text) { return tracing::encode_base64(text); }

json pair(const std::string& key, const std::string& value) { return {{"key", base64(key)}, {"value", base64(value)}}; }

json range(const json& pairs, const json& revision = "7") {
    return {{"header", {{"revision", revision}}}, {"kvs", pairs}, {"count", "1"}};
}

json put(const std::string& key, const std::string& value) {
    return {{"result", {{"header", {{"revision", "8"}}}, {"events", {{{"kv", pair(key, value)}}}}}}};
}

json removed(const std::string& key) {
    return {{"result", {{"events", {{{"type", "DELETE"}, {"kv", {{"key", base64(key)}}}}}}}}};
}

TEST(EtcdValue, ReadsWhatIsWritten) {
    const auto text =
        write_etcd_value(at("stock-1", 8080, true), {false, "the database \"is\" away"}, "2026-11-27T00:00:00Z");
    const auto value = read_etcd_value(text);
    EXPECT_EQ(value.member, at("stock-1", 8080, true));
    EXPECT_FALSE(value.ready);
    const auto document = *read_json(text);
    EXPECT_EQ(text_of(document, "why"), "the database \"is\" away");
    EXPECT_EQ(text_of(document, "since"), "2026-11-27T00:00:00Z");
    EXPECT_EQ(text_of(document, "version"), OUTRIDER_VERSION);
}

TEST(EtcdValue, NeedsNothingButTheAddress) {
    EXPECT_EQ(read_etcd_value(R"({"address":"[::1]:80","else":[{}]})").member, at("::1", 80));
    EXPECT_TRUE(read_etcd_value(R"({"address":"a:80"})").ready);
    EXPECT_EQ(read_etcd_value("https://stock-1:8443").member, at("stock-1", 8443, true));
    EXPECT_EQ(read_etcd_value("stock-1:8080").member, at("stock-1", 8080));
}

TEST(EtcdValue, SaysWhatIsWrong) {
    const std::pair<std::string, std::string> values[] = {
        {"", "malformed JSON"},
        {"{", "malformed JSON"},
        {"{}", "no \"address\""},
        {R"({"address":7})", "no \"address\""},
        {R"({"address":"a:80","scheme":"ftp"})", "scheme 'ftp'"},
        {R"({"address":"a:80","ready":"yes"})", "\"ready\" is neither true nor false"},
        {R"({"address":"http://a:80"})", "\"address\" is a URL; it is host:port"},
        {R"({"address":"a:0"})", "'0' is not a port"},
        {R"({"address":"a:99999"})", "'99999' is not a port"},
        {R"({"address":"0.0.0.0:80"})", "an address to listen on"},
        {R"({"address":"a b:80"})", "not a host name"},
        {R"({"address":"a:80/path"})", "has a path"},
        {R"({"address":"user@a:80"})", "no user or password"},
        {"\x01\x02", "not a host name"},
        {std::string(70'000, 'x'), "more than 64 KiB"},
    };
    for (const auto& [text, why] : values) {
        const auto value = read_etcd_value(text);
        EXPECT_FALSE(value.member.has_value()) << text;
        EXPECT_NE(value.why.find(why), std::string::npos) << value.why;
    }
}

TEST(EtcdMembers, AreThoseThatAreReadyInTheOrderOfTheirKeys) {
    etcd_members seen;
    EXPECT_EQ(seen.take_range(range({pair("/o/s/b", "b:80"), pair("/o/s/a", R"({"address":"a:80"})"),
                                     pair("/o/s/c", R"({"address":"c:80","ready":false})"), pair("/o/s/d", "what?"),
                                     pair("/o/s/e", "b:80")})),
              "");
    EXPECT_EQ(texts_of(seen.members()), (names{"a:80", "b:80"}));
    EXPECT_EQ(seen.revision(), 7u);
    EXPECT_EQ(seen.skipped(), 1u);
    EXPECT_NE(seen.why_skipped().find("/o/s/d: "), std::string::npos);
    EXPECT_TRUE(seen.any_out());
    EXPECT_EQ(seen.take_range({{"header", {{"revision", 9}}}}), "") << "an empty list has no kvs";
    EXPECT_TRUE(seen.members().empty());
    EXPECT_FALSE(seen.any_out());
    EXPECT_EQ(seen.skipped(), 0u);
}

TEST(EtcdMembers, FollowEvents) {
    etcd_members seen;
    ASSERT_EQ(seen.take_range(range(json::array({pair("k1", "a:80")}))), "");
    EXPECT_EQ(seen.take_message({{"result", {{"created", true}}}}), effect::none);
    EXPECT_EQ(seen.take_message({{"result", {{"header", {{"revision", "8"}}}}}}), effect::none) << "a sign of life";
    EXPECT_EQ(seen.take_message(put("k0", "b:80")), effect::changed);
    EXPECT_EQ(texts_of(seen.members()), (names{"b:80", "a:80"}));
    EXPECT_EQ(seen.take_message(put("k1", R"({"address":"a:80","ready":false})")), effect::changed);
    EXPECT_EQ(texts_of(seen.members()), (names{"b:80"}));
    EXPECT_EQ(seen.take_message(removed("k0")), effect::changed);
    EXPECT_TRUE(seen.members().empty());
    EXPECT_EQ(seen.take_message(put("k1", "garbage %%")), effect::changed);
    EXPECT_EQ(seen.skipped(), 1u);
}

TEST(EtcdMembers, KnowWhenAWatchIsOver) {
    etcd_members seen;
    ASSERT_EQ(seen.take_range(range(json::array())), "");
    EXPECT_EQ(seen.take_message({{"result", {{"canceled", true}, {"compact_revision", "30"}}}}), effect::list_again);
    const json refused{{"result", {{"created", true}, {"canceled", true}, {"cancel_reason", "permission denied"}}}};
    EXPECT_EQ(seen.take_message(refused), effect::broken);
    EXPECT_NE(seen.why().find("permission denied"), std::string::npos);
    EXPECT_EQ(seen.take_message({{"error", {{"message", "etcdserver: no leader"}}}}), effect::broken);
    EXPECT_NE(seen.why().find("no leader"), std::string::npos);
    for (const json& odd :
         {json(7), json::array(), json::object(), json{{"result", 7}}, json{{"result", {{"events", {7}}}}},
          json{{"result", {{"events", {{{"kv", {{"key", "%"}}}}}}}}}})
        EXPECT_NE(seen.take_message(odd), effect::changed) << odd.dump();
}

TEST(EtcdMembers, RefuseAListThatIsNone) {
    etcd_members seen;
    for (const json& revision :
         {json(), json("0"), json("x"), json(-3), json("9223372036854775807"), json("18446744073709551616")})
        EXPECT_NE(seen.take_range(range(json::array(), revision)), "") << revision.dump();
    EXPECT_NE(seen.take_range(json::object()), "");
    EXPECT_NE(seen.take_range(range("kvs")), "");
    EXPECT_NE(seen.take_range(range({{{"key", "=%="}}})), "");
    EXPECT_NE(seen.take_range(range({7})), "");
    EXPECT_EQ(seen.take_range(range({{{"key", base64("k")}, {"value", "=%="}}})), "");
    EXPECT_EQ(seen.why_skipped(), "k: malformed base64");
}

TEST(EtcdMembers, AreAThousandAtMostAndSaySo) {
    etcd_members seen;
    json pairs = json::array();
    for (int i = 0; i < 1200; ++i)
        pairs.push_back(pair("k" + std::to_string(10'000 + i), "a:" + std::to_string(1000 + i)));
    ASSERT_EQ(seen.take_range(range(pairs)), "");
    EXPECT_EQ(seen.members().size(), 1000u);
    EXPECT_NE(seen.why_skipped().find("more than 1000"), std::string::npos);
    EXPECT_EQ(seen.take_message(put("k99999", "b:80")), effect::changed);
    EXPECT_EQ(seen.members().size(), 1000u);
    EXPECT_EQ(seen.take_message(removed("k10000")), effect::list_again) << "another one has a place now";
}

TEST(EtcdMembers, SurviveEveryByteThatIsAnother) {
    const auto text = put("/outrider/stock/a", R"({"address":"a:80","ready":true})").dump();
    const auto listed = range(json::array({pair("/outrider/stock/a", "a:80")})).dump();
    for (const auto& whole : {text, listed}) {
        for (std::size_t i = 0; i < whole.size(); ++i) {
            for (const char byte : {'\0', '"', '}', '[', 'x', '9', '\xff'}) {
                auto mutated = whole;
                mutated[i] = byte;
                const auto document = read_json(mutated);
                if (!document) continue;
                etcd_members seen;
                (void)seen.take_range(*document);
                (void)seen.take_message(*document);
                for (const auto& one : seen.members()) EXPECT_NE(one.address.port, 0);
            }
            EXPECT_FALSE(read_json(std::string_view(whole).substr(0, i)).has_value());
        }
    }
}

TEST(EtcdKeys, EndWhereThePrefixEnds) {
    EXPECT_EQ(range_end_of("/o/stock/"), "/o/stock0");
    EXPECT_EQ(range_end_of("a\xff"), "b");
    EXPECT_EQ(range_end_of("\xff"), std::string(1, '\0'));
}

}  // namespace
}  // namespace outrider::discovery
