#include "tests/support/raw_http_client.hpp"

#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outrider::test {

std::string raw_answer::field(std::string_view name) const {
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos) {
        const std::size_t begin = at + 2;
        at = head.find("\r\n", begin);
        const std::string_view line = std::string_view{head}.substr(begin, at == std::string::npos ? at : at - begin);
        const auto colon = line.find(':');
        if (colon == name.size() && strncasecmp(line.data(), name.data(), colon) == 0)
            return std::string{line.substr(line.find_first_not_of(' ', colon + 1))};
    }
    return {};
}

raw_http_client::raw_http_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("connect failed");
}

raw_http_client::~raw_http_client() { close(socket_); }

void raw_http_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;  // the peer refused the rest: the test reads why
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void raw_http_client::finish_sending() { shutdown(socket_, SHUT_WR); }

bool raw_http_client::fill() {
    char piece[16384];
    const auto n = recv(socket_, piece, sizeof piece, 0);
    if (n <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(n));
    return true;
}

raw_answer raw_http_client::receive(bool head_only) {
    while (buffer_.find("\r\n\r\n") == std::string::npos)
        if (!fill()) return {};
    raw_answer answer;
    const auto end = buffer_.find("\r\n\r\n");
    answer.head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + sizeof "HTTP/1.1");
    const auto length = head_only ? 0 : std::strtoul(answer.field("Content-Length").c_str(), nullptr, 10);
    while (buffer_.size() < length)
        if (!fill()) return {};
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
}

raw_answer raw_http_client::get(std::string_view target) {
    send("GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return receive();
}

raw_answer raw_http_client::post(std::string_view target, std::string_view content_type, std::string_view body,
                                 std::string_view more_fields) {
    send("POST " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + std::string{content_type} +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{more_fields} + "\r\n");
    send(body);
    return receive();
}

bool raw_http_client::at_end() {
    char byte;
    return buffer_.empty() && recv(socket_, &byte, 1, 0) == 0;
}

}  // namespace outrider::test
