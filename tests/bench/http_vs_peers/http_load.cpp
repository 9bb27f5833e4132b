// An HTTP/1.1 load generator that costs little, so that the proxy before it is what is busy. One thread, epoll; prints
// one JSON object.
//
//   http_load HOST PORT RATE SECONDS CONNECTIONS REQUESTS_FILE
//
// Open loop, with a RATE per second: requests are due at times drawn beforehand (exponential gaps), and a latency
// counts from when the request was due, not from when a connection was free to send it. So a stall is seen by every
// request that it delayed (no coordinated omission). Closed loop, with "closed" for RATE: every connection sends its
// next request as soon as the answer is there.
//
// REQUESTS_FILE holds whole requests, each preceded by its length in decimal and a newline; they are sent in turn. One
// that says "Connection: close" has a connection of its own.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;

struct options {
    sockaddr_in address{};
    double rate = 0;  ///< 0: closed loop
    double seconds = 0;
    std::size_t connections = 0;
    std::vector<std::string> requests;
    std::vector<bool> closes;  ///< for each request, whether it asks for the connection to be closed
};

/// One keep-alive connection; busy while an answer is awaited.
struct connection {
    int descriptor = -1;
    time_point due{};
    std::string answer;  ///< what has arrived of the answer's head
    std::size_t body_left = 0;
    bool in_body = false;
    bool good = true;   ///< 200 with a length
    bool busy = false;  ///< an answer is awaited
    bool once = false;  ///< the answer is its last
};

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

std::vector<std::string> read_requests(const char* path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<std::string> out;
    for (std::size_t size = 0; in >> size;) {
        in.get();
        out.emplace_back(size, '\0');
        in.read(out.back().data(), static_cast<std::streamsize>(size));
    }
    if (out.empty()) fail("no requests");
    return out;
}

/// The value of Content-Length, whatever its spelling; nothing when it is absent.
std::optional<std::size_t> content_length(std::string_view head) {
    static constexpr std::string_view name = "\r\ncontent-length:";
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
    if (at == head.end()) return std::nullopt;
    return std::strtoull(&*at + name.size(), nullptr, 10);
}

int open_connection(const sockaddr_in& address) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    const int one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

class generator {
  public:
    explicit generator(options chosen) : options_(std::move(chosen)), connections_(options_.connections) {
        poll_ = ::epoll_create1(EPOLL_CLOEXEC);
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            open(i);
            idle_.push_back(i);
        }
        if (!closed()) draw_due_times();
    }

    void run() {
        started_ = clock_type::now();
        if (closed()) return run_closed();
        const auto give_up = started_ + std::chrono::duration_cast<clock_type::duration>(
                                            std::chrono::duration<double>(options_.seconds + 10));
        while (finished_ + errors_ < due_.size() && clock_type::now() < give_up) {
            start_what_is_due();
            wait();
        }
        unanswered_ = due_.size() - finished_ - errors_;
    }

    void print() {
        std::sort(latencies_.begin(), latencies_.end());
        const double took = std::chrono::duration<double>(last_ - started_).count();
        std::printf("{\"requests\":%zu,\"errors\":%zu,\"unanswered\":%zu,\"rate\":%.1f", finished_, errors_,
                    unanswered_, took > 0 ? static_cast<double>(finished_) / took : 0.0);
        for (const auto& [name, share] :
             {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1.0}}) {
            std::printf(",\"%s_us\":%.1f", name, percentile(share));
        }
        std::printf("}\n");
    }

  private:
    bool closed() const { return options_.rate == 0; }

    void run_closed() {
        const auto end = started_ + std::chrono::duration_cast<clock_type::duration>(
                                        std::chrono::duration<double>(options_.seconds));
        for (bool sending = true; sending || idle_.size() < connections_.size();) {
            const auto now = clock_type::now();
            sending = now < end;
            if (now > end + std::chrono::seconds(10)) break;
            for (; sending && !idle_.empty(); idle_.pop_front()) {
                ++next_;
                send(idle_.front(), now);
            }
            wait();
        }
        unanswered_ = connections_.size() - idle_.size();
    }

    void draw_due_times() {
        std::mt19937_64 chance(1);
        std::exponential_distribution<double> gap(options_.rate);
        for (double at = gap(chance); at < options_.seconds; at += gap(chance)) {
            due_.push_back(std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(at)));
        }
        latencies_.reserve(due_.size());
    }

    void start_what_is_due() {
        const auto now = clock_type::now();
        while (next_ < due_.size() && started_ + due_[next_] <= now && !idle_.empty()) {
            // The connection that has been idle longest: all of them are used, as callers would.
            const std::size_t index = idle_.front();
            idle_.pop_front();
            send(index, started_ + due_[next_++]);
        }
    }

    void send(std::size_t index, time_point due) {
        auto& connection = connections_[index];
        connection.due = due;
        connection.answer.clear();
        connection.in_body = false;
        connection.busy = true;
        const auto& request = options_.requests[next_ % options_.requests.size()];
        connection.once = options_.closes[next_ % options_.requests.size()];
        const auto sent = ::send(connection.descriptor, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request.size())) broken(index);
    }

    /// Sleeps until something arrives or the next request is due.
    void wait() {
        timespec timeout{0, 50'000'000};
        if (next_ < due_.size() && !idle_.empty()) {
            const auto left = std::max(clock_type::duration::zero(), started_ + due_[next_] - clock_type::now());
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
            timeout = {seconds.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds).count()};
        }
        epoll_event events[64];
        const int ready = ::epoll_pwait2(poll_, events, 64, &timeout, nullptr);
        if (ready < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int i = 0; i < ready; ++i) receive(events[i].data.u64);
    }

    void receive(std::size_t index) {
        auto& connection = connections_[index];
        const auto got = ::recv(connection.descriptor, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return broken(index);
        std::string_view data(buffer_.data(), static_cast<std::size_t>(got));
        if (!connection.in_body && !take_head(connection, data)) return;
        if (data.size() > connection.body_left) return broken(index);
        connection.body_left -= data.size();
        if (connection.body_left == 0) finish(index);
    }

    /// Whether the head is whole; then `data` is what of the body came with it.
    bool take_head(connection& connection, std::string_view& data) {
        const std::size_t before = connection.answer.size();
        connection.answer.append(data);
        const auto end = connection.answer.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        const std::string_view head(connection.answer.data(), end);
        const auto length = content_length(head);
        connection.good = head.starts_with("HTTP/1.1 200 ") && length;
        connection.body_left = connection.good ? *length : 0;
        connection.in_body = true;
        data.remove_prefix(end + 4 - before);
        return true;
    }

    void finish(std::size_t index) {
        last_ = clock_type::now();
        if (!connections_[index].good) return broken(index);
        if (!closed())
            latencies_.push_back(std::chrono::duration<float, std::micro>(last_ - connections_[index].due).count());
        ++finished_;
        connections_[index].in_body = connections_[index].busy = false;
        if (connections_[index].once) open(index);
        idle_.push_back(index);
    }

    void open(std::size_t index) {
        if (connections_[index].descriptor >= 0) ::close(connections_[index].descriptor);
        connections_[index] = {};
        connections_[index].descriptor = open_connection(options_.address);
        epoll_event event{EPOLLIN, {.u64 = index}};
        ::epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[index].descriptor, &event);
    }

    /// An exchange failed, or an idle connection was closed, which is the server's right: either way a fresh
    /// connection.
    void broken(std::size_t index) {
        const bool was_busy = connections_[index].busy;
        open(index);
        if (!was_busy) return;
        ++errors_;
        idle_.push_back(index);
    }

    float percentile(double share) const {
        if (latencies_.empty()) return 0;
        const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies_.size()));
        return latencies_[std::min(at, latencies_.size() - 1)];
    }

    options options_;
    std::vector<connection> connections_;
    std::deque<std::size_t> idle_;
    std::vector<clock_type::duration> due_;  ///< since the start, ascending
    std::vector<float> latencies_;           ///< microseconds
    std::vector<char> buffer_ = std::vector<char>(1 << 18);
    time_point started_{}, last_{};
    std::size_t next_ = 0, finished_ = 0, errors_ = 0, unanswered_ = 0;
    int poll_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: http_load HOST PORT RATE|closed SECONDS CONNECTIONS REQUESTS_FILE\n");
        return 2;
    }
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // the default of 50 us would be most of what is measured
    options chosen;
    chosen.address.sin_family = AF_INET;
    chosen.address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
    ::inet_pton(AF_INET, argv[1], &chosen.address.sin_addr);
    chosen.rate = std::atof(argv[3]);
    chosen.seconds = std::atof(argv[4]);
    chosen.connections = std::strtoull(argv[5], nullptr, 10);
    chosen.requests = read_requests(argv[6]);
    for (const auto& request : chosen.requests)
        chosen.closes.push_back(request.find("\r\nConnection: close\r\n") != std::string::npos);
    generator load(std::move(chosen));
    load.run();
    load.print();
}
