#include "sidecar/discovery/http_probe.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/support/certificates.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/unit/sidecar/discovery/probing.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

probe_result get(const config::endpoint& where, std::chrono::milliseconds patience = 5s,
                 net::tls_context* tls = nullptr) {
    prober on;
    const std::string target = "/healthz";  // outlives the probe
    auto out = on.run([&](probe_io& io) { return probe_http(io, where, target, tls); }, patience);
    EXPECT_EQ(on.escaped(), 0U);
    return out;
}

/// What comes of an answer of these bytes.
probe_result answered(std::string bytes) {
    peer it{[&](int connection) {
        peer::receive(connection);
        peer::send(connection, bytes);
    }};
    return get(it.where());
}

TEST(TcpProbe, SaysWhetherThePortAccepts) {
    peer it{[](int connection) { peer::wait_for_end(connection); }};
    prober on;
    const auto there = it.where();  // outlives the probe
    EXPECT_TRUE(on.run([&](probe_io& io) { return probe_tcp(io, there, nullptr); }).good);
    const auto gone = nowhere();
    const auto refused = on.run([&](probe_io& io) { return probe_tcp(io, gone, nullptr); });
    EXPECT_FALSE(refused.good);
    EXPECT_EQ(refused.text, "Connection refused");
    const config::endpoint unknown{"no-such-host.invalid", 80};
    const auto unresolved = on.run([&](probe_io& io) { return probe_tcp(io, unknown, nullptr); });
    EXPECT_FALSE(unresolved.good);
    EXPECT_THAT(unresolved.text, HasSubstr("cannot resolve 'no-such-host.invalid'"));
}

TEST(HttpProbe, TakesStatuses200To399ForGood) {
    for (auto [status, good] : {std::pair{200, true},
                                {204, true},
                                {302, true},
                                {399, true},
                                {400, false},
                                {404, false},
                                {500, false},
                                {503, false}}) {
        test::http_receiver app{[&, code = status](const test::received_request&) {
            test::reply out;
            out.status = static_cast<unsigned>(code);
            if (code != 204) out.body = "x";
            return out;
        }};
        const auto result = get({"127.0.0.1", app.port()});
        EXPECT_EQ(result.good, good) << status;
        EXPECT_EQ(result.text, "answered " + std::to_string(status));
        ASSERT_EQ(app.request_count(), 1U);
        EXPECT_EQ(app.requests()[0].target, "/healthz");
        EXPECT_EQ(app.requests()[0].header("host"), "127.0.0.1:" + std::to_string(app.port()));
    }
}

TEST(HttpProbe, VerifiesAnHttpsEndpoint) {
    test::temporary_folder folder;
    test::certificate_authority authority{folder, "ca"};
    const auto files = authority.issue("app", "IP:127.0.0.1");
    test::http_receiver::options how;
    how.certificate = files.certificate;
    how.key = files.key;
    test::http_receiver app{how, [](const test::received_request&) { return test::reply{}; }};
    net::tls_context knows{{authority.certificate(), {}, {}, {}}};
    EXPECT_TRUE(get({"127.0.0.1", app.port()}, 5s, &knows).good);
    net::tls_context stranger{config::tls_client{}};
    const auto refused = get({"127.0.0.1", app.port()}, 5s, &stranger);
    EXPECT_FALSE(refused.good);
    EXPECT_THAT(refused.text, HasSubstr("TLS failed: "));
}

TEST(HttpProbe, PassesOverInterimAnswers) {
    EXPECT_TRUE(
        answered("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").good);
    EXPECT_FALSE(answered("HTTP/1.1 100 Continue\r\n\r\n").good);
}

TEST(HttpProbe, TellsOtherProtocolsApart) {
    EXPECT_THAT(answered(std::string("\0\0\6\4\0\0\0\0\0\0\4\0\0\377\377", 15)).text, HasSubstr("'grpc'"));
    EXPECT_THAT(answered(std::string("\x15\x03\x03\0\2\2\x46", 7)).text, HasSubstr("TLS"));
    EXPECT_THAT(answered("220 mail.example ESMTP\r\n").text, HasSubstr("does not answer in HTTP/1.1"));
    EXPECT_FALSE(answered("HTTP/1.1 2000 OK\r\n\r\n").good);
    EXPECT_FALSE(answered("HTTP/9.1 200 OK\r\n\r\n").good);
    EXPECT_FALSE(answered("HTTP/1.1 200").good);
}

TEST(HttpProbe, EndsWithItsTimeWhenNothingIsSaid) {
    peer it{[](int connection) { peer::wait_for_end(connection); }};
    const auto began = std::chrono::steady_clock::now();
    const auto result = get(it.where(), 200ms);
    EXPECT_FALSE(result.good);
    EXPECT_EQ(result.text, "no answer within 200ms");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST(HttpProbe, IsNotHeldUpByAnAnswerInDrops) {
    peer it{[](int connection) {
        peer::receive(connection);
        while (peer::send(connection, "H")) std::this_thread::sleep_for(20ms);
    }};
    EXPECT_FALSE(get(it.where(), 300ms).good);
    peer slow{[](int connection) {
        peer::receive(connection);
        for (const char c : std::string_view{"HTTP/1.1 200 OK\r\n"}) peer::send(connection, {&c, 1});
        while (peer::send(connection, "a: b\r\n")) std::this_thread::sleep_for(20ms);
    }};
    EXPECT_EQ(get(slow.where(), 300ms).text, "no answer within 300ms");
}

TEST(HttpProbe, ReadsNoMoreThan64KiBOfAnEndlessHead) {
    std::size_t sent = 0;
    peer it{[&](int connection) {
        peer::receive(connection);
        peer::send(connection, "HTTP/1.1 200 OK\r\n");
        const std::string field = "x: " + std::string(1'000, 'y') + "\r\n";
        while (peer::send(connection, field)) sent += field.size();
    }};
    const auto result = get(it.where());
    EXPECT_FALSE(result.good);
    EXPECT_EQ(result.text, "its answer is longer than 64 KiB");
}

TEST(HttpProbe, LeavesAnEndlessBodyAlone) {
    peer it{[&](int connection) {
        peer::receive(connection);
        peer::send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n");
        while (peer::send(connection, std::string(10'000, 'z'))) {
        }
    }};
    EXPECT_TRUE(get(it.where()).good);
    peer liar{[&](int connection) {
        peer::receive(connection);
        peer::send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort");
    }};
    EXPECT_TRUE(get(liar.where()).good);
}

TEST(HttpProbe, ReadsHeadsInAnyPiecesAndFailsOnAnyBytes) {
    const std::string head = "HTTP/1.0 301 Moved\r\nContent-Length:  12 \r\nx: y\r\n\r\n";
    for (std::size_t size = 0; size < head.size(); ++size) EXPECT_FALSE(read_answer_head(head.substr(0, size))) << size;
    const auto whole = read_answer_head(head + "body");
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->status, 301U);
    EXPECT_EQ(whole->size, head.size());
    EXPECT_EQ(whole->body_bytes, 12U);
    std::mt19937 random{1};
    for (int i = 0; i < 20'000; ++i) {
        auto bytes = head;
        for (unsigned edits = 1 + random() % 4; edits > 0; --edits)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        bytes.resize(random() % (bytes.size() + 1));
        const auto read = read_answer_head(bytes);
        EXPECT_TRUE(!read || read->size <= bytes.size());
    }
}

}  // namespace
}  // namespace outrider::discovery
