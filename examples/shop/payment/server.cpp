#include "server.hpp"

#include <iostream>
#include <thread>

#include <boost/algorithm/string.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace shop {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;
using nlohmann::json;

constexpr std::size_t largest_body = 1 << 20;

request understood(const http::request<http::string_body>& message) {
    request result{std::string{message.method_string()}, {}, json::object()};
    const std::string target{message.target().substr(0, message.target().find('?'))};
    boost::split(result.path, boost::trim_copy_if(target, boost::is_any_of("/")), boost::is_any_of("/"));
    if (!message.body().empty()) result.body = json::parse(message.body());
    if (!result.body.is_object()) throw std::invalid_argument{"not a JSON object"};
    return result;
}

std::optional<answer> answered(const http::request<http::string_body>& message, const handler& handle) {
    try {
        return handle(understood(message));
    } catch (const std::exception& error) {
        return answer{400, {{"error", error.what()}}};
    }
}

/// Until the caller has had enough.
void say_nothing(tcp::socket& socket) {
    char ignored = 0;
    beast::error_code error;
    socket.read_some(boost::asio::buffer(&ignored, 1), error);
}

void converse(tcp::socket socket, const handler& handle) {
    beast::flat_buffer buffer;
    beast::error_code error;
    socket.set_option(tcp::no_delay{true}, error);
    for (bool open = true; open && !error;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(largest_body);
        http::read(socket, buffer, parser, error);
        if (error) return;
        const auto& message = parser.get();
        const auto given = answered(message, handle);
        if (!given) return say_nothing(socket);
        std::cout << message.method_string() << ' ' << message.target() << " -> " << given->status << std::endl;
        http::response<http::string_body> response{http::int_to_status(given->status), message.version()};
        response.set(http::field::content_type, "application/json");
        response.keep_alive(message.keep_alive());
        response.body() = given->body.dump() + "\n";
        response.prepare_payload();
        http::write(socket, response, error);
        open = message.keep_alive();
    }
}

}  // namespace

void serve(std::uint16_t port, const handler& handle) {
    boost::asio::io_context context;
    tcp::acceptor acceptor{context, {boost::asio::ip::address_v4::loopback(), port}};
    while (true) std::thread{converse, acceptor.accept(), std::cref(handle)}.detach();
}

}  // namespace shop
