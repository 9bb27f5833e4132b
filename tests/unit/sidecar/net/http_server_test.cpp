#include "sidecar/net/http_server.hpp"

#include <gmock/gmock.h>

#include "tests/support/raw_http_client.hpp"
#include "tests/unit/sidecar/net/echo_server.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;
using outrider::test::raw_http_client;
using testing::HasSubstr;
using testing::Not;

TEST(HttpServer, AnswersRequestsOneAfterTheOtherOnOneConnection) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    EXPECT_EQ(client.get("/a?b=c").body, "GET /a [b=c] ");
    EXPECT_EQ(client.post("/p", "text/plain", "hello").body, "POST /p [] hello");
    EXPECT_EQ(server.counters().requests, 2u);
    EXPECT_EQ(server.counters().accepted, 1u);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" + get("/3"));
    EXPECT_EQ(client.receive().body, "GET /1 [] ");
    EXPECT_EQ(client.receive().body, "POST /2 [] abc");
    EXPECT_EQ(client.receive().body, "GET /3 [] ");
}

TEST(HttpServer, ReadsARequestThatArrivesByteByByte) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    for (const char c : std::string{"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"}) client.send({&c, 1});
    EXPECT_EQ(client.receive().body, "POST /p [] ok");
}

TEST(HttpServer, JoinsAChunkedBody) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send(
        "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(client.receive().body, "POST /c [] abcde");
}

TEST(HttpServer, CarriesABodyOfManyPieces) {
    auto options = loopback();
    options.body_bytes = options.all_bodies_bytes = 4 << 20;
    http_server server{options, [](const server_request& request) {
                           return server_response{200, "text/plain", request.body, {}};
                       }};
    std::string body(3'000'000, 'x');
    for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>('a' + i % 26);
    raw_http_client client{server.port()};
    EXPECT_EQ(client.post("/", "text/plain", body).body, body);
}

TEST(HttpServer, SendsNoBodyToHeadButItsLength) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" + get("/next"));
    const auto answer = client.receive(true);
    EXPECT_EQ(answer.field("Content-Length"), "11");
    EXPECT_EQ(client.receive().body, "GET /next [] ");
}

TEST(HttpServer, SendsNoContentLengthWith204) {
    http_server server{loopback(), [](const server_request&) { return server_response{204, "", "", {}}; }};
    raw_http_client client{server.port()};
    const auto answer = client.get("/");
    EXPECT_EQ(answer.status, 204);
    EXPECT_THAT(answer.head, Not(HasSubstr("\r\nContent-")));
}

TEST(HttpServer, ClosesAfterConnectionCloseAndForHttp10) {
    http_server server{loopback(), echo};
    raw_http_client close{server.port()};
    close.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(close.receive().field("Connection"), "close");
    EXPECT_TRUE(close.at_end());
    raw_http_client old{server.port()};
    old.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.receive().status, 200);
    EXPECT_TRUE(old.at_end());
}

TEST(HttpServer, KeepsAConnectionOfHttp10ThatAsksForItAndSaysSo) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    for (const char* path : {"/1", "/2"}) {
        client.send("GET " + std::string{path} + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const auto answer = client.receive();
        EXPECT_EQ(answer.field("Connection"), "keep-alive");
        EXPECT_EQ(answer.body, "GET " + std::string{path} + " [] ");
    }
}

TEST(HttpServer, TakesTheHostFromAnAbsoluteTarget) {
    http_server server{loopback(), [](const server_request& request) {
                           return server_response{200, "text/plain", request.host + " " + request.path, {}};
                       }};
    raw_http_client client{server.port()};
    client.send("GET http://other:80/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().body, "other:80 /x");
    client.send("GET http://other?q HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().body, "other /");
}

TEST(HttpServer, AsksForTheBodyWhenTheClientExpects100Continue) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100);
    client.send("ok");
    EXPECT_EQ(client.receive().body, "POST /e [] ok");
}

TEST(HttpServer, RefusesATooLargeBodyBeforeReadingIt) {
    auto options = loopback();
    options.body_bytes = 10;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413);
    EXPECT_EQ(server.counters().requests, 0u);
    EXPECT_EQ(server.counters().bad, 1u);
}

TEST(HttpServer, RefusesATooLargeChunkedBodyWhileItArrivesAndTheClientStillGetsTheAnswer) {
    auto options = loopback();
    options.body_bytes = 100'000;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 64; ++i) client.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n");
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.receive().status, 413);
}

TEST(HttpServer, RefusesBodiesBeyondTheSharedBudgetAndSaysWhenToComeBack) {
    auto options = loopback();
    options.body_bytes = 1 << 20;
    options.all_bodies_bytes = 128 * 1024;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    const auto answer = client.post("/", "text/plain", std::string(200'000, 'x'));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.field("Retry-After"), "1");
    raw_http_client next{server.port()};
    EXPECT_EQ(next.post("/", "text/plain", std::string(100'000, 'x')).status, 200) << "the budget was given back";
}

TEST(HttpServer, RefusesATooLargeHead) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(client.receive().status, 431);
}

TEST(HttpServer, RefusesAmbiguousOrMalformedFraming) {
    http_server server{loopback(), echo};
    for (const std::string bad : {
             "GET / HTTP/1.1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
             "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
             "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
             "\x16\x03\x01\x02\r\n\r\n",
         }) {
        raw_http_client client{server.port()};
        client.send(bad);
        EXPECT_EQ(client.receive().status, 400) << bad;
        EXPECT_TRUE(client.at_end()) << bad;
    }
    EXPECT_EQ(server.counters().requests, 0u);
}

TEST(HttpServer, SaysThatItSpeaksNoHttp2) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    EXPECT_EQ(client.receive().status, 505);
}

TEST(HttpServer, TurnsAnExceptionOfTheHandlerIntoA500) {
    http_server server{loopback(),
                       [](const server_request&) -> server_response { throw std::runtime_error("broken"); }};
    raw_http_client client{server.port()};
    const auto answer = client.get("/");
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("broken"));
    EXPECT_EQ(client.get("/").status, 500) << "the connection lives on";
}

TEST(HttpServer, SurvivesClientsThatLeaveAtAnyPoint) {
    http_server server{loopback(), echo};
    const std::string request = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n12345";
    for (std::size_t n = 0; n <= request.size(); ++n) raw_http_client{server.port()}.send(request.substr(0, n));
    raw_http_client client{server.port()};
    EXPECT_EQ(client.get("/").status, 200);
    eventually([&] { return server.counters().open == 1; });
}

TEST(HttpServer, ClosesAConnectionThatIsIdleForTooLong) {
    auto options = loopback();
    options.idle = 20ms;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    EXPECT_TRUE(client.at_end());
}

TEST(HttpServer, ClosesAConnectionWhoseHeadNeverEnds) {
    auto options = loopback();
    options.head = 20ms;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    client.send("GET / HTTP/1.1\r\nHost:");
    EXPECT_TRUE(client.at_end());
}

TEST(HttpServer, ClosesAConnectionWhoseBodyNeverEnds) {
    auto options = loopback();
    options.body = 20ms;
    http_server server{options, echo};
    raw_http_client client{server.port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12");
    EXPECT_TRUE(client.at_end());
}

TEST(HttpServer, CutsAConnectionThatDoesNotTakeItsAnswer) {
    auto options = loopback();
    options.write = 20ms;
    http_server server{options, [](const server_request&) {
                           return server_response{200, "text/plain", std::string(32 << 20, 'x'), {}};
                       }};
    raw_http_client client{server.port()};
    client.send(get("/"));
    eventually([&] { return server.counters().requests == 1 && server.counters().open == 0; });
}

}  // namespace
}  // namespace outrider::net
