#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace outrider::test {

/// One kept connection to a port of loopback that waits for each answer. What fails ends the program.
class plain_client {
  public:
    explicit plain_client(std::uint16_t port) {
        socket_.connect({boost::asio::ip::address_v4::loopback(), port});
        socket_.set_option(boost::asio::ip::tcp::no_delay{true});
    }

    std::string get(const std::string& path) { return ask(boost::beast::http::verb::get, path, {}).body(); }

    /// OTLP/HTTP in protobuf; again after a while when that is asked for.
    void deliver(const std::string& spans) {
        using boost::beast::http::status;
        for (;;) {
            const auto answer = ask(boost::beast::http::verb::post, "/v1/traces", spans);
            if (answer.result() == status::ok) return;
            if (answer.result() != status::service_unavailable) {
                std::fprintf(stderr, "answered %d: %s\n", static_cast<int>(answer.result_int()), answer.body().c_str());
                std::exit(1);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }

  private:
    using message = boost::beast::http::response<boost::beast::http::string_body>;

    message ask(boost::beast::http::verb how, const std::string& path, const std::string& body) {
        namespace http = boost::beast::http;
        http::request<http::string_body> request{how, path, 11};
        request.set(http::field::host, "127.0.0.1");
        if (!body.empty()) request.set(http::field::content_type, "application/x-protobuf");
        request.body() = body;
        request.prepare_payload();
        http::write(socket_, request);
        http::response_parser<http::string_body> answer;
        answer.body_limit(256 << 20);
        http::read(socket_, buffer_, answer);
        return answer.release();
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_{context_};
    boost::beast::flat_buffer buffer_;
};

}  // namespace outrider::test
