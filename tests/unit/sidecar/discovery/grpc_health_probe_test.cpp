#include "sidecar/discovery/grpc_health_probe.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/unit/sidecar/discovery/grpc_server.hpp"
#include "tests/unit/sidecar/discovery/probing.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using fields = grpc_server::fields;

std::string message(const std::string& body) {
    std::string out(5, '\0');
    out[4] = static_cast<char>(body.size());
    return out + body;
}
std::string with_status(char status) { return message(std::string{'\x08', status}); }

grpc_server::answer trailers_only(std::string status, std::string words = {}) {
    grpc_server::answer out;
    out.trailers = {{"grpc-status", std::move(status)}};
    if (!words.empty()) out.trailers.emplace_back("grpc-message", std::move(words));
    return out;
}

/// The call against this server; what the server saw stays in it.
probe_result call(grpc_server& server, const std::string& service = {}) {
    grpc_health_call it{"127.0.0.1:9000", service, 1s};
    for (int turn = 0; turn < 20 && !it.finished(); ++turn) {
        server.receive(it.to_send());
        it.receive(server.to_send());
    }
    EXPECT_TRUE(it.finished());
    return it.result();
}
probe_result call(grpc_server::answer what, const std::string& service = {}) {
    grpc_server server{std::move(what)};
    return call(server, service);
}

TEST(GrpcHealthProbe, AsksForTheServiceAsTheProtocolSays) {
    grpc_server server{{with_status(1)}};
    EXPECT_TRUE(call(server, "shop.Orders").good);
    EXPECT_THAT(server.asked, Contains(Pair(":method", "POST")));
    EXPECT_THAT(server.asked, Contains(Pair(":path", "/grpc.health.v1.Health/Check")));
    EXPECT_THAT(server.asked, Contains(Pair(":authority", "127.0.0.1:9000")));
    EXPECT_THAT(server.asked, Contains(Pair("te", "trailers")));
    EXPECT_THAT(server.asked, Contains(Pair("content-type", "application/grpc")));
    EXPECT_THAT(server.asked, Contains(Pair("grpc-timeout", "1000m")));
    EXPECT_EQ(server.request, message("\x0a\x0bshop.Orders"));
    grpc_server whole{{with_status(1)}};
    EXPECT_TRUE(call(whole).good);
    EXPECT_EQ(whole.request, message(""));
}

TEST(GrpcHealthProbe, TakesServingAloneForGood) {
    EXPECT_EQ(call({with_status(1)}).text, "SERVING");
    for (auto [status, name] :
         {std::pair{'\0', "UNKNOWN"}, {'\2', "NOT_SERVING"}, {'\3', "SERVICE_UNKNOWN"}, {'\x63', "status 99"}}) {
        const auto result = call({with_status(status)});
        EXPECT_FALSE(result.good);
        EXPECT_EQ(result.text, name);
    }
    EXPECT_FALSE(call({message("")}).good) << "the default is UNKNOWN";
    EXPECT_TRUE(call({message(std::string("\x12\x02hi\x08\x01", 6))}).good) << "further fields are passed over";
}

TEST(GrpcHealthProbe, SaysWhatIsMissing) {
    EXPECT_THAT(call(trailers_only("12")).text, HasSubstr("no grpc.health.v1.Health"));
    EXPECT_THAT(call(trailers_only("5"), "shop.Orders").text, HasSubstr("no service 'shop.Orders'"));
    EXPECT_EQ(call(trailers_only("14", "shutting down")).text, "UNAVAILABLE: shutting down");
    EXPECT_EQ(call(trailers_only("77")).text, "status 77");
    EXPECT_THAT(call(trailers_only("x")).text, HasSubstr("no grpc-status"));
    EXPECT_THAT(call({with_status(1), {{":status", "200"}}, {}}).text, HasSubstr("no grpc-status"));
    EXPECT_EQ(call({"", {{":status", "404"}}, {}}).text, "answered 404 and not in gRPC");
}

TEST(GrpcHealthProbe, RefusesWhatIsNoHealthCheckResponse) {
    auto lies = with_status(1);
    lies[4] = 7;
    EXPECT_THAT(call({lies}).text, HasSubstr("no HealthCheckResponse"));
    auto compressed = with_status(1);
    compressed[0] = 1;
    EXPECT_FALSE(call({compressed}).good);
    EXPECT_FALSE(call({message("\x08\xff\xff")}).good);
    EXPECT_FALSE(call({"\x08"}).good);
    EXPECT_THAT(call({message(std::string(10'000, 'x'))}).text, HasSubstr("longer"));
}

TEST(GrpcHealthProbe, TellsHttp1Apart) {
    grpc_health_call it{"a:1", "", 1s};
    it.to_send();
    it.receive("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    it.to_send();  // it ends when the peer has been told
    EXPECT_TRUE(it.finished());
    EXPECT_THAT(it.result().text, HasSubstr("HTTP/1.1"));
}

/// Whatever bytes come: it ends or waits for more, and is never good by accident of a broken message.
TEST(GrpcHealthProbe, SurvivesMutatedAnswers) {
    grpc_server server{{with_status(2), {{":status", "200"}, {"x", std::string(300, 'y')}}}};
    grpc_health_call asks{"a:1", "", 1s};
    std::string answer;
    for (int turn = 0; turn < 3; ++turn) {
        server.receive(asks.to_send());
        const auto piece = server.to_send();
        answer += piece;
        asks.receive(piece);
    }
    std::mt19937 random{3};
    for (int i = 0; i < 20'000; ++i) {
        auto bytes = answer;
        for (unsigned edits = 1 + random() % 5; edits > 0; --edits)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (random() % 4 == 0) bytes.resize(random() % bytes.size());
        if (!bytes.empty() && random() % 4 == 0)
            bytes.insert(random() % bytes.size(), bytes.substr(random() % bytes.size(), 40));
        grpc_health_call it{"a:1", "", 1s};
        it.to_send();
        for (std::size_t at = 0; at < bytes.size() && !it.finished();) {
            const auto size = std::min<std::size_t>(1 + random() % 64, bytes.size() - at);
            it.receive(std::string_view{bytes}.substr(at, size));
            it.to_send();
            at += size;
        }
        (void)it.result();
    }
}

TEST(GrpcHealthProbe, WorksOverASocketAndEndsWithItsTime) {
    peer serves{[](int connection) {
        grpc_server server{{with_status(1)}};
        while (true) {
            const auto bytes = peer::receive(connection);
            if (bytes.empty()) return;
            server.receive(bytes);
            peer::send(connection, server.to_send());
        }
    }};
    prober on;
    const auto ask = [&](const config::endpoint& where, std::chrono::milliseconds patience) {
        const std::string service = "shop.Orders";  // outlives the probe
        return on.run([&](probe_io& io) { return probe_grpc(io, where, service); }, patience);
    };
    const auto serving = ask(serves.where(), 5s);
    EXPECT_TRUE(serving.good) << serving.text;
    peer silent{[](int connection) { peer::wait_for_end(connection); }};
    EXPECT_EQ(ask(silent.where(), 200ms).text, "no answer within 200ms");
    peer closes{[](int) {}};
    EXPECT_FALSE(ask(closes.where(), 5s).good);
    EXPECT_EQ(ask(nowhere(), 5s).text, "Connection refused");
    // Frames without end: settings, each of which wants an acknowledgement.
    peer endless{[](int connection) {
        const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
        std::string many;
        for (int i = 0; i < 1'000; ++i) many += settings;
        while (peer::send(connection, many)) {
        }
    }};
    EXPECT_FALSE(ask(endless.where(), 5s).good);
    EXPECT_EQ(on.escaped(), 0U);
}

}  // namespace
}  // namespace outrider::discovery
