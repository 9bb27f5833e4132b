#include "sidecar/net/http_client.hpp"

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"
#include "tests/support/http_receiver.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;
using test::http_receiver;
using test::received_request;
using test::reply;

http_request get(const std::string& target) { return {"GET", *parse_url(target), {}, {}}; }

TEST(HttpClient, SendsABodyInPartsAndReadsTheAnswer) {
    http_receiver server([](const received_request& r) {
        return reply{201, {{"X-Seen", r.header("x-mine")}}, r.body + "!"};
    });
    http_client client;
    const auto answer =
        client.request({"POST", *parse_url(server.url("/here?q")), {{"X-Mine", "yes"}}, {"one ", "", "two"}}, 5s);
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(answer->status, 201u);
    EXPECT_EQ(answer->body, "one two!");
    EXPECT_EQ(answer->header("x-seen"), "yes");
    const auto seen = server.requests().at(0);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/here?q");
    EXPECT_EQ(seen.header("user-agent"), "outrider/" OUTRIDER_VERSION);
    EXPECT_EQ(seen.header("host"), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(seen.header("content-length"), "7");
    EXPECT_EQ(seen.header("traceparent"), "");
}

TEST(HttpClient, KeepsTheConnection) {
    http_receiver server([](const received_request&) { return reply{}; });
    http_client client;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.request(get(server.url()), 5s).has_value());
    EXPECT_EQ(server.requests().back().connection, 1u);
}

TEST(HttpClient, NoticesThatTheServerClosedTheKeptConnection) {
    int count = 0;
    http_receiver server([&](const received_request&) {
        return ++count == 1 ? reply{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"} : reply{};
    });
    http_client client;
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.request(get(server.url()), 5s);
        // The close may arrive later than the second request: then that one fails as broken, never silently.
        if (!answer) {
            EXPECT_EQ(answer.error().failure, http_failure::broken);
        }
    }
    EXPECT_TRUE(client.request(get(server.url()), 5s).has_value());
}

/// Answers the first request and closes instead of answering the second, whatever connection it comes by.
struct closes_under_the_second {
    int count = 0;
    http_receiver server{[this](const received_request&) { return reply{.close = ++count == 2}; }};
};

TEST(HttpClient, AsksAgainWhenTheKeptConnectionIsClosedUnderARequestThatMayBeRepeated) {
    closes_under_the_second one, two;
    http_client client;
    ASSERT_TRUE(client.request(get(one.server.url()), 5s).has_value());
    EXPECT_TRUE(client.request(get(one.server.url()), 5s).has_value());
    EXPECT_EQ(one.server.requests().size(), 3u);
    EXPECT_EQ(one.server.requests().back().connection, 2u);
    const http_sink sink{[](const http_response&) { return true; }, [](std::string_view) { return true; }};
    ASSERT_TRUE(client.stream(get(two.server.url()), sink, {}).has_value());
    EXPECT_TRUE(client.stream(get(two.server.url()), sink, {}).has_value());
    EXPECT_EQ(two.server.requests().size(), 3u);
}

TEST(HttpClient, AsksNeverAgainForWhatMayNotBeRepeatedNorOverAFreshConnection) {
    closes_under_the_second posted, fresh;
    http_client client;
    ASSERT_TRUE(client.request(get(posted.server.url()), 5s).has_value());
    const auto answer = client.request({"POST", *parse_url(posted.server.url()), {}, {}}, 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::broken);
    EXPECT_EQ(posted.server.requests().size(), 2u);
    ASSERT_TRUE(http_client().request(get(fresh.server.url()), 5s).has_value());
    EXPECT_FALSE(http_client().request(get(fresh.server.url()), 5s).has_value());
    EXPECT_EQ(fresh.server.requests().size(), 2u);
}

TEST(HttpClient, ResolvesNames) {
    http_receiver server([](const received_request&) { return reply{}; });
    http_client client;
    const auto answer = client.request(get("http://localhost:" + std::to_string(server.port()) + "/"), 10s);
    EXPECT_TRUE(answer.has_value()) << answer.error().text;
}

TEST(HttpClient, SaysThatANameHasNoAddress) {
    http_client client;
    const auto answer = client.request(get("http://no-such-host.invalid/"), 10s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_TRUE(answer.error().failure == http_failure::resolve || answer.error().failure == http_failure::timeout);
    EXPECT_NE(answer.error().text.find("no-such-host.invalid"), std::string::npos);
}

TEST(HttpClient, SaysThatThePortIsClosed) {
    http_receiver server([](const received_request&) { return reply{}; });
    const auto url = server.url();
    server.stop();
    http_client client;
    const auto answer = client.request(get(url), 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::connect);
}

TEST(HttpClient, GivesUpAtTheDeadlineAndIsUsableAgain) {
    int count = 0;
    http_receiver server([&](const received_request&) { return ++count == 1 ? reply{.hang = true} : reply{}; });
    http_client client;
    const auto answer = client.request(get(server.url()), 50ms);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::timeout);
    EXPECT_TRUE(client.request(get(server.url()), 5s).has_value());
}

TEST(HttpClient, BoundsTheAnswer) {
    http_receiver server([](const received_request&) { return reply{.body = std::string(2000, 'x')}; });
    http_client client(http_client_options{.response_bytes = 1000});
    const auto answer = client.request(get(server.url()), 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::too_large);
}

TEST(HttpClient, RecognizesWhatIsNotHttp1) {
    const std::pair<std::string, http_failure> peers[] = {
        {std::string("\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0", 15), http_failure::http2_peer},
        {std::string("\x15\x03\x01\x00\x02\x02\x46", 7), http_failure::tls_peer},
        {"220 mail.example ESMTP\r\n", http_failure::malformed},
    };
    for (const auto& [bytes, failure] : peers) {
        http_receiver server([&](const received_request&) { return reply{.raw = bytes}; });
        http_client client;
        const auto answer = client.request(get(server.url()), 5s);
        ASSERT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().failure, failure) << answer.error().text;
    }
}

TEST(HttpClient, RecognizesHttp2EvenWhenItClosesAtOnce) {
    http_receiver server({.greeting = std::string("\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0", 15)},
                         [](const received_request&) { return reply{.close = true}; });
    http_client client;
    const auto answer = client.request(get(server.url()), 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::http2_peer) << answer.error().text;
}

TEST(HttpClient, SkipsInterimAnswers) {
    http_receiver server([](const received_request&) {
        return reply{.raw = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"};
    });
    http_client client;
    const auto answer = client.request(get(server.url()), 5s);
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(answer->status, 204u);
}

TEST(HttpClient, ATruncatedAnswerIsBroken) {
    http_receiver server(
        [](const received_request&) { return reply{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}; });
    http_client client;
    const auto answer = client.request(get(server.url()), 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::broken);
}

TEST(HttpClient, RefusesFieldsWithLineBreaks) {
    http_client client;
    const auto answer = client.request({"GET", *parse_url("http://127.0.0.1:1/"), {{"X", "a\r\nY: b"}}, {}}, 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::bad_request);
}

class HttpsClient : public testing::Test {
  protected:
    test::temporary_folder folder;
    test::certificate_authority ca{folder, "ca"};
    test::certificate_files server_files = ca.issue("server", "DNS:localhost,IP:127.0.0.1");

    http_result ask(const http_receiver& server, const config::tls_client& settings) {
        http_client client(http_client_options{.tls = std::make_shared<tls_context>(settings)});
        return client.request(get(server.url()), 10s);
    }
};

TEST_F(HttpsClient, TrustsTheConfiguredAuthority) {
    http_receiver server({.certificate = server_files.certificate, .key = server_files.key},
                         [](const received_request& r) { return reply{.body = r.body}; });
    http_client client(
        http_client_options{.tls = std::make_shared<tls_context>(config::tls_client{.ca = ca.certificate()})});
    const std::string big(300'000, 'x');
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.request({"POST", *parse_url(server.url()), {}, {"a", big, "b"}}, 10s);
        ASSERT_TRUE(answer.has_value()) << answer.error().text;
        EXPECT_EQ(answer->body, "a" + big + "b");
    }
    EXPECT_EQ(server.requests().back().connection, 1u);
}

TEST_F(HttpsClient, VerifiesTheAddressOfAUrlWithoutAName) {
    http_receiver server({.certificate = server_files.certificate, .key = server_files.key},
                         [](const received_request&) { return reply{}; });
    http_client client(
        http_client_options{.tls = std::make_shared<tls_context>(config::tls_client{.ca = ca.certificate()})});
    const auto url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    const auto answer = client.request(get(url), 10s);
    EXPECT_TRUE(answer.has_value()) << answer.error().text;
}

TEST_F(HttpsClient, RefusesAStrangersCertificate) {
    http_receiver server({.certificate = server_files.certificate, .key = server_files.key},
                         [](const received_request&) { return reply{}; });
    const auto answer = ask(server, {});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::tls);
    EXPECT_NE(answer.error().text.find("certificate not accepted"), std::string::npos) << answer.error().text;
    EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(HttpsClient, RefusesACertificateForAnotherName) {
    const auto other = ca.issue("other", "DNS:other.example");
    http_receiver server({.certificate = other.certificate, .key = other.key},
                         [](const received_request&) { return reply{}; });
    const auto answer = ask(server, {.ca = ca.certificate()});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::tls);
    EXPECT_TRUE(ask(server, {.ca = ca.certificate(), .server_name = "other.example"}).has_value());
}

TEST_F(HttpsClient, ShowsItsCertificateWhenAsked) {
    const auto client = ca.issue("client", "DNS:client.example");
    http_receiver server(
        {.certificate = server_files.certificate, .key = server_files.key, .client_ca = ca.certificate()},
        [](const received_request&) { return reply{}; });
    EXPECT_FALSE(ask(server, {.ca = ca.certificate()}).has_value());
    const auto answer = ask(server, {.ca = ca.certificate(), .certificate = client.certificate, .key = client.key});
    EXPECT_TRUE(answer.has_value()) << answer.error().text;
}

}  // namespace
}  // namespace outrider::net
