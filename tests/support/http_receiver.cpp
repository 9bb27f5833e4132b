#include "tests/support/http_receiver.hpp"

#include <condition_variable>
#include <optional>
#include <set>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace outrider::test {
namespace {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
}  // namespace

struct http_receiver::state {
    asio::io_context context;
    tcp::acceptor acceptor{context};
    options how;
    handler on_request;
    std::optional<asio::ssl::context> tls;
    std::uint16_t port = 0;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<received_request> requests;
    std::vector<std::thread> threads;
    std::set<int> open;  ///< descriptors of connections
    bool stopping = false;
    std::uint64_t connections = 0;

    template <typename Stream>
    bool answer(Stream& stream, const received_request& request, const http::request<http::string_body>& parsed) {
        const auto reply = on_request(request);
        boost::system::error_code ec;
        if (reply.hang) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [this] { return stopping; });
        }
        if (reply.hang || reply.close) return false;
        if (reply.drip) {
            reply.drip([&](std::string_view bytes) {
                asio::write(stream, asio::buffer(bytes), ec);
                return !ec;
            });
            return false;
        }
        if (!reply.raw.empty()) {
            asio::write(stream, asio::buffer(reply.raw), ec);
            return false;
        }
        http::response<http::string_body> out{static_cast<http::status>(reply.status), 11};
        for (const auto& [name, value] : reply.headers) out.insert(name, value);
        out.body() = reply.body;
        out.keep_alive(parsed.keep_alive());
        out.prepare_payload();
        http::write(stream, out, ec);
        return !ec && out.keep_alive();
    }

    template <typename Stream>
    void serve(Stream& stream, std::uint64_t number) {
        boost::beast::flat_buffer buffer;
        while (true) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(128 << 20);
            boost::system::error_code ec;
            http::read(stream, buffer, parser, ec);
            if (ec) return;
            received_request seen;
            seen.method = std::string(parser.get().method_string());
            seen.target = std::string(parser.get().target());
            seen.body = parser.get().body();
            seen.connection = number;
            for (const auto& f : parser.get()) {
                std::string name(f.name_string());
                for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                seen.headers.emplace_back(name, std::string(f.value()));
            }
            {
                const std::lock_guard lock(mutex);
                requests.push_back(seen);
            }
            if (!answer(stream, seen, parser.get())) return;
        }
    }

    void connection(tcp::socket socket, std::uint64_t number) {
        const int fd = socket.native_handle();
        boost::system::error_code ec;
        if (!how.greeting.empty()) asio::write(socket, asio::buffer(how.greeting), ec);
        if (tls) {
            asio::ssl::stream<tcp::socket&> stream(socket, *tls);
            stream.handshake(asio::ssl::stream_base::server, ec);
            if (!ec) serve(stream, number);
        } else {
            serve(socket, number);
        }
        const std::lock_guard lock(mutex);
        open.erase(fd);
        socket.close(ec);
    }

    void accept_loop() {
        while (true) {
            boost::system::error_code ec;
            tcp::socket socket(context);
            acceptor.accept(socket, ec);
            const std::lock_guard lock(mutex);
            if (stopping || ec) return;
            open.insert(socket.native_handle());
            threads.emplace_back([this, n = ++connections](tcp::socket s) { connection(std::move(s), n); },
                                 std::move(socket));
        }
    }
};

http_receiver::http_receiver(handler on_request) : http_receiver(options{}, std::move(on_request)) {}

http_receiver::http_receiver(options how, handler on_request) : state_(std::make_shared<state>()) {
    auto& s = *state_;
    s.how = std::move(how);
    s.on_request = std::move(on_request);
    if (!s.how.certificate.empty()) {
        s.tls.emplace(asio::ssl::context::tls_server);
        s.tls->use_certificate_chain_file(s.how.certificate);
        s.tls->use_private_key_file(s.how.key, asio::ssl::context::pem);
        if (!s.how.client_ca.empty()) {
            s.tls->load_verify_file(s.how.client_ca);
            s.tls->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        }
    }
    const tcp::endpoint at(asio::ip::address_v4::loopback(), s.how.port);
    s.acceptor.open(at.protocol());
    s.acceptor.set_option(tcp::acceptor::reuse_address(true));
    s.acceptor.bind(at);
    s.acceptor.listen();
    s.port = s.acceptor.local_endpoint().port();
    const std::lock_guard lock(s.mutex);
    s.threads.emplace_back([&s] { s.accept_loop(); });
}

http_receiver::~http_receiver() { stop(); }

std::uint16_t http_receiver::port() const { return state_->port; }

std::string http_receiver::url(const std::string& path) const {
    return (state_->tls ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port()) + path;
}

std::vector<received_request> http_receiver::requests() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests;
}

std::size_t http_receiver::request_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests.size();
}

void http_receiver::stop() {
    auto& s = *state_;
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(s.mutex);
        if (s.stopping) return;
        s.stopping = true;
        for (const int fd : s.open) ::shutdown(fd, SHUT_RDWR);
        s.changed.notify_all();
        ::shutdown(s.acceptor.native_handle(), SHUT_RDWR);
        threads.swap(s.threads);
    }
    for (auto& thread : threads) thread.join();
    boost::system::error_code ignored;
    s.acceptor.close(ignored);
}

std::string received_request::header(const std::string& name) const {
    for (const auto& [field, value] : headers)
        if (field == name) return value;
    return {};
}

}  // namespace outrider::test
