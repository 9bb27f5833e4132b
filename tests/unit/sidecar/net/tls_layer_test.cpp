#include "sidecar/net/tls_layer.hpp"

#include <string>
#include <thread>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sidecar/net/address.hpp"
#include "tests/support/certificates.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

/// One connection of a real OpenSSL server on loopback, in a thread of its own: echoes until the client ends, then says
/// goodbye.
class tls_echo {
  public:
    enum class manner { orderly, truncate };

    tls_echo(const test::certificate_files& files, manner how = manner::orderly)
        : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), how_(how) {
        SSL_CTX_use_certificate_chain_file(context_.get(), files.certificate.c_str());
        SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
        listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        tcp_endpoint any{asio::ip::address_v4::loopback(), 0};
        EXPECT_EQ(::bind(listening_, any.data(), static_cast<socklen_t>(any.size())), 0);
        EXPECT_EQ(::listen(listening_, 1), 0);
        port_ = local_end(listening_).port();
        thread_ = std::thread{[this] { serve(); }};
    }
    ~tls_echo() {
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
        ::close(listening_);
    }
    std::uint16_t port() const { return port_; }
    bool shaken() const { return shaken_; }
    void wait() {
        thread_.join();
        thread_ = std::thread{[] {}};
    }

  private:
    void serve() {
        auto descriptor = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) return;
        timeval patience{5, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ssl_pointer ssl{SSL_new(context_.get())};
        SSL_set_fd(ssl.get(), descriptor);
        shaken_ = SSL_accept(ssl.get()) == 1;
        char buffer[20'000];
        while (shaken_) {
            auto n = SSL_read(ssl.get(), buffer, sizeof buffer);
            if (n <= 0 || SSL_write(ssl.get(), buffer, n) != n) break;
            if (how_ == manner::truncate) break;
        }
        if (shaken_ && how_ == manner::orderly) SSL_shutdown(ssl.get());
        ::close(descriptor);
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    manner how_;
    int listening_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> shaken_{false};
    std::thread thread_;
};

/// A socket that is connected to `port` on loopback.
awaitable<stream> connect(executor ex, std::uint16_t port) {
    stream made{ex};
    made.lower().open(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP));
    tcp_endpoint where{asio::ip::address_v4::loopback(), port};
    auto [ec] = co_await made.lower().async_connect(asio::generic::stream_protocol::endpoint(where), use_tuple);
    EXPECT_FALSE(ec) << ec.message();
    co_return made;
}

class TlsLayer : public testing::Test {
  protected:
    TlsLayer() : ca(folder, "ca"), files(ca.issue("localhost", "DNS:localhost,IP:127.0.0.1")) {}

    test::temporary_folder folder;
    test::certificate_authority ca;
    test::certificate_files files;
    on_context on;
};

awaitable<void> echo_a_lot(executor ex, tls_context& context, std::uint16_t port) {
    auto client = co_await connect(ex, port);
    auto layer = std::make_unique<tls_layer>(context.new_connection("localhost"));
    auto ec = co_await layer->handshake(client.lower());
    EXPECT_FALSE(ec) << layer->reason();
    client.set_layer(std::move(layer));
    std::string sent(3'000, 'x'), seen;
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7);
    std::vector<char> buffer(1'000);
    for (int round = 0; round < 20; ++round) {
        EXPECT_FALSE(co_await client.write(asio::buffer(sent)));
        seen.clear();
        while (seen.size() < sent.size()) {
            auto [failed, n] = co_await client.read_some(asio::buffer(buffer));
            EXPECT_FALSE(failed) << failed.message();
            if (failed) co_return;
            seen.append(buffer.data(), n);
        }
        EXPECT_TRUE(seen == sent) << round;
    }
    client.shutdown_send();
    auto [last, n] = co_await client.read_some(asio::buffer(buffer));
    EXPECT_EQ(last, asio::error::eof) << "the server said goodbye";
}

TEST_F(TlsLayer, CarriesBytesBothWaysAndEndsProperly) {
    tls_echo server{files};
    tls_context context{{.ca = ca.certificate()}};
    on.run(echo_a_lot(on.get_executor(), context, server.port()));
}

awaitable<void> expect_truncation(executor ex, tls_context& context, std::uint16_t port) {
    auto client = co_await connect(ex, port);
    auto layer = std::make_unique<tls_layer>(context.new_connection("localhost"));
    EXPECT_FALSE(co_await layer->handshake(client.lower()));
    client.set_layer(std::move(layer));
    EXPECT_FALSE(co_await client.write(asio::buffer("abc", 3)));
    char buffer[10];
    auto [ec, n] = co_await client.read_some(asio::buffer(buffer));
    EXPECT_FALSE(ec);
    EXPECT_EQ(n, 3U);
    auto [last, none] = co_await client.read_some(asio::buffer(buffer));
    EXPECT_TRUE(last);
    EXPECT_NE(last, asio::error::eof) << "an attacker could have cut it";
}

TEST_F(TlsLayer, TellsATruncationFromTheEnd) {
    tls_echo server{files, tls_echo::manner::truncate};
    tls_context context{{.ca = ca.certificate()}};
    on.run(expect_truncation(on.get_executor(), context, server.port()));
}

awaitable<void> expect_refusal(executor ex, tls_context& context, std::uint16_t port, std::string host,
                               std::string why) {
    auto client = co_await connect(ex, port);
    tls_layer layer{context.new_connection(host)};
    EXPECT_TRUE(co_await layer.handshake(client.lower())) << host;
    EXPECT_NE(layer.reason().find(why), std::string::npos) << layer.reason();
}

TEST_F(TlsLayer, RefusesTheWrongName) {
    tls_echo server{files};
    tls_context context{{.ca = ca.certificate()}};
    on.run(expect_refusal(on.get_executor(), context, server.port(), "pay.example", "mismatch"));
}

TEST_F(TlsLayer, RefusesTheWrongAddress) {
    tls_echo server{files};
    tls_context context{{.ca = ca.certificate()}};
    on.run(expect_refusal(on.get_executor(), context, server.port(), "127.0.0.2", "mismatch"));
}

TEST_F(TlsLayer, RefusesAnUnknownAuthority) {
    tls_echo server{files};
    test::certificate_authority other{folder, "other"};
    tls_context context{{.ca = other.certificate()}};
    on.run(expect_refusal(on.get_executor(), context, server.port(), "localhost", "certificate"));
}

awaitable<void> expect_plain_failure(executor ex, tls_context& context) {
    auto [ours, theirs] = connected_pair(ex);
    EXPECT_FALSE(co_await theirs.write(asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28)));
    theirs.shutdown_send();
    tls_layer layer{context.new_connection("localhost")};
    EXPECT_TRUE(co_await layer.handshake(ours.lower()));
    EXPECT_FALSE(layer.reason().empty());
}

TEST_F(TlsLayer, RefusesAPeerThatSpeaksNoTls) {
    tls_context context{{.ca = ca.certificate()}};
    on.run(expect_plain_failure(on.get_executor(), context));
}

}  // namespace
}  // namespace outrider::net
