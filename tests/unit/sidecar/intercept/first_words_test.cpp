#include "sidecar/intercept/first_words.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::intercept {
namespace {

using namespace std::string_literals;

std::string client_hello(std::size_t size) {
    auto record = "\x16\x03\x01"s;
    record.push_back(static_cast<char>(size >> 8));
    record.push_back(static_cast<char>(size & 255));
    return record + "\x01" + std::string(size - 1, 'x');
}

std::string kafka_request(std::int16_t key, std::int16_t version, const std::string& client, std::int32_t size = -1) {
    auto number = [](std::int32_t value, int bytes) {
        std::string out;
        for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
        return out;
    };
    auto rest =
        number(key, 2) + number(version, 2) + number(1, 4) + number(static_cast<int>(client.size()), 2) + client;
    return number(size < 0 ? static_cast<std::int32_t>(rest.size()) : size, 4) + rest;
}

/// Of every beginning that is shorter than what decides: unsure.
void expect_unsure_before(const std::string& whole, std::size_t decided_at) {
    for (std::size_t n = 0; n < decided_at; ++n)
        EXPECT_EQ(judge_first_words(std::string_view{whole}.substr(0, n)), first_words::unsure) << n;
    for (std::size_t n = decided_at; n <= whole.size(); ++n)
        EXPECT_NE(judge_first_words(std::string_view{whole}.substr(0, n)), first_words::unsure) << n;
}

TEST(FirstWords, OfHttpAreAWholeRequestLineWithAPath) {
    for (const std::string line : {"GET / HTTP/1.1\r\n", "POST /orders/7?x=1 HTTP/1.0\r\n", "M-SEARCH /x HTTP/1.1\n",
                                   "OPTIONS * HTTP/1.1\r\n", "PRI /x HTTP/1.1\r\n"}) {
        EXPECT_EQ(judge_first_words(line), first_words::http) << line;
        EXPECT_EQ(judge_first_words(line + "Host: a\r\n\r\nGET http://b/ HTTP/1.1\r\n"), first_words::http) << line;
        expect_unsure_before(line, line.size());
    }
}

TEST(FirstWords, OfALongRequestLineAreKnownByItsBeginning) {
    const auto line = "GET /" + std::string(most_first_bytes, 'x');
    EXPECT_EQ(judge_first_words(std::string_view{line}.substr(0, most_first_bytes)), first_words::http);
    EXPECT_EQ(judge_first_words(std::string_view{line}.substr(0, most_first_bytes - 1)), first_words::unsure);
}

TEST(FirstWords, OfAProxysClientAreForThatProxy) {
    for (const std::string line : {"CONNECT stock:443 HTTP/1.1\r\n", "GET http://stock/ HTTP/1.1\r\n",
                                   "CONNECT /x HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"})
        EXPECT_EQ(judge_first_words(line), first_words::not_ours) << line;
}

TEST(FirstWords, OfTlsAreAClientHello) {
    const auto hello = client_hello(300);
    EXPECT_EQ(judge_first_words(hello), first_words::tls);
    expect_unsure_before(hello, 6);
    for (std::size_t at : {1U, 2U, 5U}) {
        auto other = hello;
        other[at] = '\x09';
        EXPECT_EQ(judge_first_words(other), first_words::other) << at;
    }
}

TEST(FirstWords, OfKafkaAreARequestHeader) {
    const auto versions = kafka_request(18, 4, "rdkafka") + "\x01";
    EXPECT_EQ(judge_first_words(versions), first_words::kafka);
    expect_unsure_before(kafka_request(18, 4, "rdkafka"), 14 + 7);
    EXPECT_EQ(judge_first_words(kafka_request(3, 12, "")), first_words::kafka);
    auto without_id = kafka_request(3, 12, "");
    without_id[12] = without_id[13] = '\xff';
    EXPECT_EQ(judge_first_words(without_id), first_words::kafka);
}

TEST(FirstWords, OfWhatIsNoKafkaAreSomethingElse) {
    EXPECT_EQ(judge_first_words(kafka_request(-1, 0, "a")), first_words::other);
    EXPECT_EQ(judge_first_words(kafka_request(500, 0, "a")), first_words::other);
    EXPECT_EQ(judge_first_words(kafka_request(0, 99, "a")), first_words::other);
    EXPECT_EQ(judge_first_words(kafka_request(0, 9, "a\n")), first_words::other);
    EXPECT_EQ(judge_first_words(kafka_request(0, 9, "abc", 11)), first_words::other) << "a client id beyond the frame";
    EXPECT_EQ(judge_first_words(kafka_request(0, 9, "a", 9)), first_words::other)
        << "a frame without room for a header";
    EXPECT_EQ(judge_first_words(kafka_request(0, 9, "a", 200 << 20)), first_words::other);
    EXPECT_EQ(judge_first_words(std::string(20, '\0')), first_words::other);
}

TEST(FirstWords, OfOtherProtocolsAreSomethingElse) {
    const std::vector<std::string> seen{"SSH-2.0-OpenSSH_9.2\r\n",
                                        "*1\r\n$4\r\nPING\r\n",
                                        "EHLO mail.example\r\n",
                                        "\xff\xfb\x01telnet",
                                        "\x80\x2e\x01\x03\x01",
                                        "GET /\x01 HTTP/1.1\r\n",
                                        "get / HTTP/1.1\r\n",
                                        "GET / HTTP/3\r\n",
                                        "GET /\n",
                                        " / HTTP/1.1\r\n",
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n",
                                        "\n\n\n\n"};
    for (const auto& each : seen) EXPECT_EQ(judge_first_words(each), first_words::other) << each;
}

TEST(FirstWords, NeverStayUnsureWhenAllIsSeen) {
    for (int first = 0; first < 256; ++first)
        for (const char then : {'\0', ' ', 'A', '/', '\x7f', '\xff'}) {
            std::string seen(most_first_bytes, then);
            seen[0] = static_cast<char>(first);
            const auto said = judge_first_words(seen);
            // A method without an end, and a client id of 255 bytes, are shorter than what is looked at.
            EXPECT_NE(said, first_words::unsure) << first << " " << static_cast<int>(then);
        }
}

}  // namespace
}  // namespace outrider::intercept
