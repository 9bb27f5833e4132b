#include "sidecar/discovery/http_probe.hpp"

#include <algorithm>
#include <charconv>

namespace outrider::discovery {
namespace {

constexpr std::string_view content_length = "content-length:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What speaks another protocol is told apart, for whoever has configured the wrong kind of probe.
std::string wrong_protocol(std::string_view bytes) {
    auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0x100U; };
    if ((byte(0) == 0x15 || byte(0) == 0x16) && byte(1) == 3) return "it speaks TLS, not plain HTTP";
    if (byte(0) == 0 && byte(3) == 4 && byte(4) == 0)
        return "it speaks HTTP/2 without HTTP/1.1; gRPC is probed by 'grpc'";
    return "it does not answer in HTTP/1.1";
}

/// "HTTP/1.1 200 OK": as much of it as is there must fit.
bool begins_answer(std::string_view line) {
    static constexpr std::string_view form = "HTTP/1.d ddd";
    for (std::size_t i = 0; i < std::min(line.size(), form.size()); ++i)
        if (form[i] == 'd' ? !is_digit(line[i]) : line[i] != form[i]) return false;
    return line.size() <= form.size() || !is_digit(line[form.size()]);
}

std::optional<std::size_t> length_in(std::string_view head) {
    while (!head.empty()) {
        const auto end = std::min(head.find('\n'), head.size() - 1);
        auto line = head.substr(0, end);
        head.remove_prefix(end + 1);
        if (line.size() < content_length.size()) continue;
        const bool is_it = std::equal(content_length.begin(), content_length.end(), line.begin(),
                                      [](char want, char c) { return want == (c >= 'A' && c <= 'Z' ? c | 0x20 : c); });
        if (!is_it) continue;
        line.remove_prefix(content_length.size());
        while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
        std::size_t value = 0;
        if (std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc{}) return value;
    }
    return std::nullopt;
}

std::string request(const config::endpoint& where, const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: " + where.text() +
           "\r\nUser-Agent: outrider-probe/" OUTRIDER_VERSION "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

}  // namespace

std::optional<answer_head> read_answer_head(std::string_view bytes) {
    answer_head out;
    while (true) {
        const auto rest = bytes.substr(out.size);
        if (!begins_answer(rest)) {
            out.wrong = wrong_protocol(rest);
            return out;
        }
        const auto crlf = rest.find("\r\n\r\n"), lf = rest.find("\n\n");
        const auto end = std::min(crlf == rest.npos ? crlf : crlf + 4, lf == rest.npos ? lf : lf + 2);
        if (end == rest.npos) return std::nullopt;
        out.size += end;
        std::from_chars(rest.data() + 9, rest.data() + 12, out.status);
        if (out.status >= 100 && out.status < 200 && out.status != 101) continue;
        out.body_bytes = length_in(rest.substr(0, end));
        return out;
    }
}

net::awaitable<probe_result> probe_http(probe_io& io, const config::endpoint& where, const std::string& target,
                                        net::tls_context* tls) {
    probe_connection connection{io};
    probe_result out;
    out.text = co_await connection.connect(where, tls);
    if (!out.text.empty()) co_return out;
    const auto question = request(where, target);
    const auto send_failure = co_await connection.send(question);
    std::string answer;
    std::optional<answer_head> head;
    while (!head) {
        out.text = co_await connection.receive(answer);
        if (!out.text.empty()) {
            if (!send_failure.empty() && !connection.answered()) out.text = send_failure;
            co_return out;
        }
        head = read_answer_head(answer);
    }
    out.text = head->wrong.empty() ? "answered " + std::to_string(head->status) : head->wrong;
    out.good = head->wrong.empty() && head->status >= 200 && head->status < 400;
    // A short body is taken in, or the connection would end with a reset that some servers complain about.
    const auto whole = head->size + head->body_bytes.value_or(0);
    std::string ignored;
    while (head->body_bytes && *head->body_bytes < most_answer && answer.size() < whole && ignored.empty())
        ignored = co_await connection.receive(answer);
    co_return out;
}

}  // namespace outrider::discovery
