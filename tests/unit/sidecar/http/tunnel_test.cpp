#include "sidecar/http/tunnel.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/every_prefix.hpp"

namespace outrider::http {
namespace {

using namespace std::string_literals;

const std::string http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s + "\0\0\x12\x04\0\0\0\0\0"s;

std::string client_hello(std::size_t size) {
    auto record = "\x16\x03\x01"s;
    record.push_back(static_cast<char>(size >> 8));
    record.push_back(static_cast<char>(size & 255));
    return record + "\x01" + std::string(size - 1, 'x');
}

TEST(FirstBytes, OfHttp2AreKnownByPrefaceAndSettings) {
    EXPECT_EQ(guess_protocol(http2), first_bytes::http2);
    EXPECT_EQ(guess_protocol(http2 + "more"), first_bytes::http2);
    for_every_prefix(http2.substr(0, http2.size() - 1), [](std::string_view prefix) {
        auto guess = guess_protocol(prefix);
        EXPECT_EQ(guess, prefix.size() < 4 ? first_bytes::unsure : first_bytes::http2_unsure) << prefix.size();
    });
    auto other = http2;
    other[27] = '\0';
    EXPECT_NE(guess_protocol(other), first_bytes::http2) << "DATA is no first frame";
}

TEST(FirstBytes, OfTlsAreAWholeClientHello) {
    auto hello = client_hello(300);
    EXPECT_EQ(guess_protocol(hello), first_bytes::tls);
    EXPECT_EQ(guess_protocol(hello + "x"), first_bytes::tls);
    for_every_prefix(hello.substr(0, hello.size() - 1), [](std::string_view prefix) {
        EXPECT_EQ(guess_protocol(prefix), prefix.empty() ? first_bytes::unsure : first_bytes::tls_unsure);
    });
}

TEST(FirstBytes, OfAnythingElseAreHttp1) {
    for (auto text : {"G", "GET / HTTP/1.1", "\r\n", "POST", "PUT / ", "PRI / HTTP/1.1\r\n", "PRIX", "PROPFIND", "\x15",
                      "\x80", " ", "pri * HTTP/2.0"})
        EXPECT_EQ(guess_protocol(text), first_bytes::http1) << text;
    auto not_hello = client_hello(10);
    not_hello[5] = 2;
    EXPECT_EQ(guess_protocol(not_hello), first_bytes::http1);
    auto version = client_hello(10);
    version[1] = 2;
    EXPECT_EQ(guess_protocol(version), first_bytes::http1);
}

}  // namespace
}  // namespace outrider::http
