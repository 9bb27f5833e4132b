#include "sidecar/kafka/sasl.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"
#include "tests/unit/sidecar/kafka/golden_answers.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

std::vector<golden_answer> golden(api key) {
    auto all = golden_answers();
    std::erase_if(all, [&](const auto& one) { return one.key != static_cast<std::int16_t>(key); });
    EXPECT_FALSE(all.empty());
    return all;
}

TEST(Sasl, KnowsWhichMechanismsBindTheHostName) {
    EXPECT_NE(why_it_cannot_pass("GSSAPI"), "");
    EXPECT_NE(why_it_cannot_pass("AWS_MSK_IAM"), "");
    for (auto mechanism : {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "OWN"})
        EXPECT_EQ(why_it_cannot_pass(mechanism), "") << mechanism;
}

TEST(Sasl, ReadsTheMechanismOfAHandshake) {
    EXPECT_EQ(read_sasl_handshake(wire_reader{"\0\5PLAIN"sv}), "PLAIN");
    EXPECT_EQ(read_sasl_handshake(wire_reader{"\0\5PLAI"sv}), std::nullopt);
    EXPECT_EQ(read_sasl_handshake(wire_reader{"\0\5PLAIN!"sv}), std::nullopt);
    EXPECT_EQ(read_sasl_handshake(wire_reader{"\xff\xff"sv}), std::nullopt);
}

TEST(Sasl, OffersTheMechanismsThatPass) {
    for (const auto& one : golden(api::sasl_handshake)) {
        auto answer = decode_sasl_handshake(one.answer);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->error, unsupported_sasl_mechanism);
        EXPECT_EQ(encode(*answer), one.answer);
        offer_what_passes(*answer);
        EXPECT_EQ(encode(*answer), one.expected);
        for (std::size_t size = 0; size < one.answer.size(); ++size)
            EXPECT_FALSE(decode_sasl_handshake(one.answer.substr(0, size))) << size;
    }
}

TEST(Sasl, RejectsMoreMechanismsThanThereCanBe) {
    auto many = std::string{"\0\0\0\1\0\0\0\0\0\101"sv} + std::string(2 * 65, '\0');
    EXPECT_FALSE(decode_sasl_handshake(many));
}

TEST(Sasl, RefusesWithTheMechanismsThatPass) {
    auto answer = decode_sasl_handshake(refuse_sasl_mechanism(7));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->correlation, 7);
    EXPECT_EQ(answer->error, 33);
    EXPECT_EQ(answer->mechanisms, (std::vector<std::string>{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"}));
}

TEST(Sasl, ReadsTheErrorOfAnAuthentication) {
    for (const auto& one : golden(api::sasl_authenticate)) {
        wire_reader in{one.answer};
        read_response_header(in, api::sasl_authenticate, one.version);
        auto answer = read_sasl_authenticate_answer(in, one.version);
        ASSERT_TRUE(answer) << one.title();
        EXPECT_EQ(answer->error, 58);
        EXPECT_EQ(answer->message, "wrong password");
        EXPECT_EQ(answer->session_lifetime_ms, one.version >= 1 ? 3600000 : 0);
        auto head = in.position();
        for (std::size_t size = head; size < one.answer.size(); ++size) {
            wire_reader cut{std::string_view{one.answer}.substr(head, size - head)};
            EXPECT_FALSE(read_sasl_authenticate_answer(cut, one.version)) << one.title() << " to " << size;
        }
        EXPECT_FALSE(read_sasl_authenticate_answer(in, 3));
        EXPECT_FALSE(read_sasl_authenticate_answer(in, -1));
    }
}

TEST(RawSasl, PlainHasOneTokenEachWay) {
    auto raw = raw_sasl::after_handshake("PLAIN");
    ASSERT_TRUE(raw);
    EXPECT_TRUE(raw->client_sends_token());
    raw->client_token();
    EXPECT_FALSE(raw->client_sends_token());
    EXPECT_TRUE(raw->broker_sends_token());
    EXPECT_FALSE(raw->finished());
    raw->broker_token(0);
    EXPECT_TRUE(raw->finished());
}

TEST(RawSasl, ScramHasTwo) {
    auto raw = raw_sasl::after_handshake("SCRAM-SHA-512");
    ASSERT_TRUE(raw);
    raw->client_token();
    raw->broker_token(80);
    EXPECT_TRUE(raw->client_sends_token());
    raw->client_token();
    EXPECT_FALSE(raw->client_sends_token());
    raw->broker_token(40);
    EXPECT_TRUE(raw->finished());
}

TEST(RawSasl, OauthBearerHasASecondOneWhenItFails) {
    auto good = raw_sasl::after_handshake("OAUTHBEARER");
    ASSERT_TRUE(good);
    auto bad = good;
    good->client_token();
    good->broker_token(0);
    EXPECT_TRUE(good->finished());
    bad->client_token();
    bad->broker_token(30);
    EXPECT_TRUE(bad->client_sends_token());
    bad->client_token();
    bad->broker_token(5);
    EXPECT_TRUE(bad->finished());
}

TEST(RawSasl, TokensThatAreNotExpectedChangeNothing) {
    auto raw = raw_sasl::after_handshake("PLAIN");
    ASSERT_TRUE(raw);
    for (int i = 0; i < 3; ++i) {
        raw->client_token();
        raw->broker_token(9);
    }
    EXPECT_TRUE(raw->finished());
}

TEST(RawSasl, OtherMechanismsNeedVersion1) { EXPECT_FALSE(raw_sasl::after_handshake("OWN")); }

TEST(SaslPrincipal, IsInTheFirstTokenOfPlainAndScram) {
    using namespace std::string_view_literals;
    EXPECT_EQ(principal_in("\0alice\0secret"sv), "alice");
    EXPECT_EQ(principal_in("other\0alice\0secret"sv), "alice") << "who authenticates, not who is acted for";
    EXPECT_EQ(principal_in("n,,n=alice,r=nonce"), "alice");
    EXPECT_EQ(principal_in("y,a=other,n=al=2Cice=3D,r=nonce"), "al,ice=");
}

TEST(SaslPrincipal, IsEmptyWhereNoneCanBeSeen) {
    using namespace std::string_view_literals;
    for (auto token :
         {""sv, "c=biws,r=nonce,p=proof"sv, "n,,\1auth=Bearer x\1\1"sv, "\0alice"sv, "a\0b\0c\0d"sv, "n,"sv})
        EXPECT_EQ(principal_in(token), "") << token;
}

}  // namespace
}  // namespace outrider::kafka
