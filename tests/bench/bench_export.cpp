// What the delivery of a span costs in CPU, all of the exporter's threads and their system calls together, the worker's
// encoding excluded: spans of about 400 bytes at a given rate, to a receiver in another process.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/export/span_exporter.hpp"

namespace {

using namespace outrider;
using namespace std::chrono_literals;

/// Reads requests and says yes, as cheaply as possible; answers 503 instead when `down`.
void serve(int listener, bool down) {
    const std::string answer =
        down ? "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::string in(1 << 20, '\0');
    while (true) {
        const int peer = ::accept(listener, nullptr, nullptr);
        std::size_t have = 0, left = 0;
        for (ssize_t n = 0; (n = ::recv(peer, in.data() + have, in.size() - have, 0)) > 0;) {
            have += static_cast<std::size_t>(n);
            const std::string_view seen(in.data(), have);
            if (left == 0) {
                const auto end = seen.find("\r\n\r\n");
                if (end == std::string_view::npos) continue;
                left = std::strtoul(in.data() + seen.find("Content-Length: ") + 16, nullptr, 10) + end + 4;
            }
            left -= have;
            have = 0;
            if (left == 0 && ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        }
        ::close(peer);
    }
}

/// The receiver's process.
class receiver {
  public:
    explicit receiver(bool down) {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener, 8) != 0) std::abort();
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
        url = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/v1/traces";
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(listener, down);
        }
        ::close(listener);
    }
    ~receiver() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    std::string url;

  private:
    pid_t child_;
};

double cpu_seconds(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What the exporter's threads have used, the worker's (this one) not.
double exporter_seconds() { return cpu_seconds(RUSAGE_SELF) - cpu_seconds(RUSAGE_THREAD); }

/// One second of spans at the rate.
void work(tracing::span_buffer& buffer, std::int64_t rate, const std::string& entry) {
    const auto start = std::chrono::steady_clock::now();
    for (int slice = 1; slice <= 100; ++slice) {
        for (std::int64_t i = 0; i < rate / 100; ++i) {
            auto* out = buffer.open();
            if (!out) continue;
            out->append(entry);
            buffer.close();
        }
        if (slice % 10 == 0) buffer.flush();
        std::this_thread::sleep_until(start + slice * 10ms);
    }
}

void deliver(benchmark::State& state, bool down) {
    const receiver to(down);
    const auto folder = std::filesystem::temp_directory_path() / ("outrider-bench-" + std::to_string(::getpid()));
    config::settings settings;
    settings.service = "bench";
    settings.state = folder;
    settings.tracing.otlp_url = to.url;
    tracing::span_buffer buffer;
    const std::string entry = "\x12\x8d\x03" + std::string(397, 'x');
    std::uint64_t spans = 0;
    double seconds = 0;
    {
        exporting::span_exporter exporter(settings, {&buffer});
        exporter.start();
        for (auto _ : state) {
            const auto before = exporter_seconds();
            work(buffer, state.range(0), entry);
            seconds += exporter_seconds() - before;
            spans += static_cast<std::uint64_t>(state.range(0));
        }
        const auto stats = exporter.stats();
        state.counters["delivered"] = static_cast<double>(stats.delivered);
        state.counters["spooled"] = static_cast<double>(stats.spooled);
        state.counters["dropped"] = static_cast<double>(stats.dropped_total());
        state.counters["requests"] = static_cast<double>(stats.exports);
    }
    state.counters["cpu_ns_per_span"] = spans == 0 ? 0 : 1e9 * seconds / static_cast<double>(spans);
    std::filesystem::remove_all(folder);
}

void receiver_up(benchmark::State& state) { deliver(state, false); }
void receiver_down(benchmark::State& state) { deliver(state, true); }

BENCHMARK(receiver_up)->Arg(0)->Arg(1000)->Arg(10'000)->Arg(100'000)->Iterations(1)->UseRealTime();
BENCHMARK(receiver_down)->Arg(10'000)->Arg(100'000)->Iterations(1)->UseRealTime();

}  // namespace
