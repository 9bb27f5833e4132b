// A receiver of OTLP/HTTP protobuf that does as little as possible but count: POST /v1/traces adds the spans of the
// body, GET anything answers the count. One thread, blocking reads over poll. Prints "listening HOST:PORT".
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::optional<std::uint64_t> take_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 127) << shift;
        if (byte < 128) return value;
    }
    return std::nullopt;
}

/// Calls `found` with the content of every length-delimited field `number`; false when the message is malformed.
template <typename Found>
bool each_message(std::string_view in, std::uint64_t number, Found found) {
    while (!in.empty()) {
        const auto key = take_varint(in);
        if (!key) return false;
        std::uint64_t size = 0;
        switch (*key & 7) {
            case 0:
                if (!take_varint(in)) return false;
                continue;
            case 1:
                size = 8;
                break;
            case 5:
                size = 4;
                break;
            case 2: {
                const auto length = take_varint(in);
                if (!length) return false;
                size = *length;
                break;
            }
            default:
                return false;
        }
        if (size > in.size()) return false;
        if ((*key & 7) == 2 && *key >> 3 == number && !found(in.substr(0, size))) return false;
        in.remove_prefix(size);
    }
    return true;
}

/// The value of Content-Length, whatever its spelling; nothing when it is absent.
std::optional<std::size_t> content_length(std::string_view head) {
    static constexpr std::string_view name = "\r\ncontent-length:";
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
    if (at == head.end()) return std::nullopt;
    return std::strtoull(&*at + name.size(), nullptr, 10);
}

/// ExportTraceServiceRequest.resource_spans (1) -> ResourceSpans.scope_spans (2) -> ScopeSpans.spans (2).
std::optional<std::uint64_t> count_spans(std::string_view request) {
    std::uint64_t count = 0;
    const bool good = each_message(request, 1, [&](std::string_view resource) {
        return each_message(resource, 2, [&](std::string_view scope) {
            return each_message(scope, 2, [&](std::string_view) { return ++count, true; });
        });
    });
    return good ? std::optional(count) : std::nullopt;
}

struct connection {
    int descriptor;
    std::string in;
};

std::uint64_t spans = 0;

/// Answers every whole request in `peer.in`; false when the peer does not speak what is expected here.
bool serve(connection& peer) {
    for (;;) {
        const auto end = peer.in.find("\r\n\r\n");
        if (end == std::string::npos) return true;
        const std::string_view head(peer.in.data(), end);
        const std::size_t length = content_length(head).value_or(0);
        if (peer.in.size() < end + 4 + length) return true;
        std::string body = std::to_string(spans) + "\n", type = "text/plain";
        if (head.starts_with("POST ")) {
            const auto counted = count_spans(std::string_view(peer.in).substr(end + 4, length));
            if (!counted) return false;
            spans += *counted;
            body.clear();
            type = "application/x-protobuf";
        }
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: " + type +
                                   "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        if (::send(peer.descriptor, answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size()))
            return false;
        peer.in.erase(0, end + 4 + length);
    }
}

int listen_anywhere() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 64) != 0) {
        std::perror("listen");
        std::exit(1);
    }
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("listening 127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

/// Reads what has arrived; false when the connection is to be closed.
bool receive(connection& peer) {
    static std::vector<char> buffer(1 << 20);
    const auto got = ::recv(peer.descriptor, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    peer.in.append(buffer.data(), static_cast<std::size_t>(got));
    return serve(peer);
}

}  // namespace

int main() {
    const int listener = listen_anywhere();
    std::vector<connection> peers;
    for (;;) {
        std::vector<pollfd> waits{{listener, POLLIN, 0}};
        for (const auto& peer : peers) waits.push_back({peer.descriptor, POLLIN, 0});
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;
        for (std::size_t i = peers.size(); i-- > 0;) {
            if (waits[i + 1].revents == 0 || receive(peers[i])) continue;
            ::close(peers[i].descriptor);
            peers.erase(peers.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (waits[0].revents != 0) peers.push_back({::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), {}});
    }
}
