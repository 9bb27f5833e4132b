#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "sidecar/net/http_client.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/http_receiver.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::http_receiver;
using test::raw_writer;
using test::received_request;
using test::reply;

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

http_request get(const std::string& target) { return {"GET", *parse_url(target), {}, {}}; }

std::string chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

reply dripping(std::function<void(const raw_writer&)> how) {
    reply out;
    out.drip = std::move(how);
    return out;
}

/// Collects what comes.
struct collector {
    unsigned status = 0;
    std::string body;
    std::size_t pieces = 0, largest = 0, enough = std::string::npos;
    http_sink sink() {
        return {[this](const http_response& head) {
                    status = head.status;
                    return true;
                },
                [this](std::string_view piece) {
                    body += piece;
                    ++pieces;
                    largest = std::max(largest, piece.size());
                    return body.size() < enough;
                }};
    }
};

TEST(HttpStream, HandsOnEachChunkAsItComes) {
    std::atomic<int> seen{0};
    http_receiver server([&](const received_request&) {
        return dripping([&](const raw_writer& write) {
            write(chunked_head);
            for (int i = 0; i < 3; ++i) {
                write(chunk("piece " + std::to_string(i)));
                // The next one is sent once this one has arrived.
                const auto until = steady_clock::now() + 5s;
                while (seen <= i && steady_clock::now() < until) std::this_thread::sleep_for(1ms);
            }
            write("0\r\n\r\n");
        });
    });
    http_client client;
    std::vector<std::string> pieces;
    const http_sink sink{[](const http_response& head) { return head.status == 200; },
                         [&](std::string_view piece) {
                             pieces.emplace_back(piece);
                             ++seen;
                             return true;
                         }};
    const auto answer = client.stream(get(server.url()), sink, {});
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(pieces, (std::vector<std::string>{"piece 0", "piece 1", "piece 2"}));
}

TEST(HttpStream, ABodyOfAnyLengthComesInBoundedPieces) {
    const std::string big(3'000'000, 'x');
    http_receiver server([&](const received_request&) { return reply{.body = big}; });
    http_client client(http_client_options{.response_bytes = 1000});
    collector got;
    const auto answer = client.stream(get(server.url()), got.sink(), {});
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(got.body, big);
    EXPECT_LE(got.largest, 16u * 1024);
}

TEST(HttpStream, KeepsTheConnectionOfAnAnswerThatEnded) {
    http_receiver server([](const received_request&) { return reply{.body = "all"}; });
    http_client client;
    for (int i = 0; i < 3; ++i) {
        collector got;
        ASSERT_TRUE(client.stream(get(server.url()), got.sink(), {}).has_value());
        EXPECT_EQ(got.body, "all");
    }
    EXPECT_TRUE(client.request(get(server.url()), 5s).has_value());
    EXPECT_EQ(server.requests().back().connection, 1u);
}

TEST(HttpStream, AnEmptyBodyAndOneUntilTheCloseEndToo) {
    int count = 0;
    http_receiver server([&](const received_request&) {
        return ++count == 1 ? reply{.status = 204} : reply{.raw = "HTTP/1.1 200 OK\r\n\r\nuntil the close"};
    });
    http_client client;
    collector none, rest;
    ASSERT_TRUE(client.stream(get(server.url()), none.sink(), {}).has_value());
    EXPECT_EQ(none.status, 204u);
    EXPECT_EQ(none.pieces, 0u);
    const auto answer = client.stream(get(server.url()), rest.sink(), {});
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(rest.body, "until the close");
}

TEST(HttpStream, TheSinkEndsWhatIsEndless) {
    http_receiver server([](const received_request&) {
        return dripping([](const raw_writer& write) {
            write(chunked_head);
            while (write(chunk(std::string(5000, 'x')))) {
            }
        });
    });
    http_client client;
    collector got;
    got.enough = 1'000'000;
    const auto answer = client.stream(get(server.url()), got.sink(), {});
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_LT(got.body.size(), 1'020'000u);
}

TEST(HttpStream, SilenceWithinTheBodyEndsIt) {
    http_receiver server([](const received_request&) {
        return dripping([](const raw_writer& write) {
            write(chunked_head + chunk("one"));
            std::this_thread::sleep_for(500ms);
        });
    });
    http_client client;
    collector got;
    const auto began = steady_clock::now();
    const auto answer = client.stream(get(server.url()), got.sink(), {.idle = 50ms});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::timeout);
    EXPECT_EQ(got.body, "one");
    EXPECT_LT(steady_clock::now() - began, 400ms);
}

TEST(HttpStream, WhoDripsIsEndedByTheTotal) {
    http_receiver server([](const received_request&) {
        return dripping([](const raw_writer& write) {
            write(chunked_head);
            while (write(chunk("x"))) std::this_thread::sleep_for(5ms);
        });
    });
    http_client client;
    collector got;
    const auto answer = client.stream(get(server.url()), got.sink(), {.idle = 1s, .total = 100ms});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::timeout);
    EXPECT_GT(got.pieces, 1u);
}

TEST(HttpStream, NoHeadInTimeIsATimeout) {
    http_receiver server([](const received_request&) { return reply{.hang = true}; });
    http_client client;
    collector got;
    const auto answer = client.stream(get(server.url()), got.sink(), {.head = 50ms});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::timeout);
    EXPECT_EQ(got.status, 0u);
}

TEST(HttpStream, HostileFramingIsAnErrorAndBounded) {
    const std::string endless(1 << 20, 'f');
    const std::pair<std::string, http_failure> answers[] = {
        {chunked_head + "zz\r\n", http_failure::broken},                             // no size
        {chunked_head + "5\r\nabcdefgh\r\n", http_failure::broken},                  // more than was said
        {chunked_head + "5\r\nab", http_failure::broken},                            // ends early
        {chunked_head + "5;" + endless, http_failure::too_large},                    // an extension without end
        {chunked_head + "0\r\nA: " + endless, http_failure::too_large},              // a trailer without end
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", http_failure::broken},  // truncated
        {"HTTP/1.1 200 OK\r\nA: " + endless, http_failure::too_large},               // a head without end
        {"220 mail.example ESMTP\r\n", http_failure::malformed},
    };
    for (const auto& [bytes, failure] : answers) {
        http_receiver server([&](const received_request&) { return reply{.raw = bytes}; });
        http_client client;
        collector got;
        const auto answer = client.stream(get(server.url()), got.sink(), {.head = 5s, .idle = 5s});
        ASSERT_FALSE(answer.has_value()) << bytes.substr(0, 80);
        EXPECT_EQ(answer.error().failure, failure) << bytes.substr(0, 80) << answer.error().text;
    }
}

/// Cancels from another thread once `begun`, and expects the request to be over within 100 ms.
template <typename Begun>
void expect_cancelled(http_client& client, const std::string& url, Begun begun) {
    steady_clock::time_point at;
    std::thread other([&] {
        begun();
        std::this_thread::sleep_for(20ms);
        at = steady_clock::now();
        client.cancel();
    });
    collector got;
    const auto answer = client.stream(get(url), got.sink(), {.head = 10s, .idle = 10s});
    const auto took = steady_clock::now() - at;
    other.join();
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::cancelled) << answer.error().text;
    EXPECT_LT(took, 100ms);
}

TEST(HttpStream, CancelEndsAWaitForTheHead) {
    http_receiver server([](const received_request&) { return reply{.hang = true}; });
    http_client client;
    expect_cancelled(client, server.url(), [&] {
        while (server.request_count() == 0) std::this_thread::sleep_for(1ms);
    });
}

TEST(HttpStream, CancelEndsAWaitForThePieceAndABusyStream) {
    for (const auto pause : {10'000ms, 0ms}) {
        std::atomic<bool> over{false};
        http_receiver server([&](const received_request&) {
            return dripping([&](const raw_writer& write) {
                write(chunked_head);
                while (!over && write(chunk("x"))) {
                    for (auto waited = 0ms; waited < pause && !over; waited += 5ms) std::this_thread::sleep_for(5ms);
                }
            });
        });
        http_client client;
        expect_cancelled(client, server.url(), [&] {
            while (server.request_count() == 0) std::this_thread::sleep_for(1ms);
        });
        over = true;
    }
}

TEST(HttpStream, CancelEndsARequestWhereverItIs) {
    http_receiver server([](const received_request&) { return reply{.body = "x"}; });
    for (int i = 0; i < 50; ++i) {
        http_client client;
        std::thread other([&] {
            std::this_thread::sleep_for(std::chrono::microseconds(i * 40));
            client.cancel();
        });
        collector got;
        const auto began = steady_clock::now();
        while (client.stream(get(server.url()), got.sink(), {}).has_value() && steady_clock::now() - began < 5s) {
        }
        EXPECT_LT(steady_clock::now() - began, 2s);
        other.join();
    }
}

TEST(HttpStream, NothingIsSentAfterACancel) {
    http_receiver server([](const received_request&) { return reply{}; });
    http_client client;
    client.cancel();
    const auto answer = client.request(get(server.url()), 5s);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().failure, http_failure::cancelled);
    EXPECT_EQ(server.request_count(), 0u);
}

TEST(HttpStream, SpeaksTls) {
    test::temporary_folder folder;
    test::certificate_authority ca{folder, "ca"};
    const auto files = ca.issue("server", "DNS:localhost,IP:127.0.0.1");
    http_receiver server({.certificate = files.certificate, .key = files.key}, [](const received_request&) {
        return dripping([](const raw_writer& write) { write(chunked_head + chunk("a") + chunk("b") + "0\r\n\r\n"); });
    });
    http_client client(
        http_client_options{.tls = std::make_shared<tls_context>(config::tls_client{.ca = ca.certificate()})});
    collector got;
    const auto answer = client.stream(get(server.url()), got.sink(), {});
    ASSERT_TRUE(answer.has_value()) << answer.error().text;
    EXPECT_EQ(got.body, "ab");
}

}  // namespace
}  // namespace outrider::net
