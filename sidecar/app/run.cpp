#include "sidecar/app/run.hpp"

#include <csignal>
#include <thread>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sidecar/app/sidecar.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

/// SIGTERM and SIGINT by descriptor, blocked for every thread that is started afterwards. SIGPIPE is nobody's.
int signals_as_descriptor() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, signal);
    ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// How often the files of policies are looked at.
constexpr int look_every_ms = 250;
constexpr unsigned looks_between_certificates = 4;

/// Waits for one of them. @return its number, or 0 when it is time to look at files
int next_signal(int descriptor) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, look_every_ms) <= 0) return 0;
    signalfd_siginfo info{};
    if (::read(descriptor, &info, sizeof info) != sizeof info) return 0;
    return static_cast<int>(info.ssi_signo);
}

void set_up_log(const config::settings& settings) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("outrider"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    spdlog::set_level(spdlog::level::from_str(settings.log_level));
    spdlog::flush_on(spdlog::level::info);
}

void serve_until_signal(sidecar& running, int signals) {
    for (unsigned turn = 0;; ++turn) {
        auto signal = next_signal(signals);
        if (signal == SIGTERM || signal == SIGINT) return;
        if (signal == SIGHUP) running.reload();
        if (signal == SIGHUP || turn % looks_between_certificates == 0) running.look_at_files();
        running.look_at_policies();
        running.tell_registries();
    }
}

}  // namespace

int run_sidecar(reading start, const config::load_input& input) {
    auto signals = signals_as_descriptor();
    set_up_log(start.configuration->value);
    try {
        sidecar running{std::move(start), input};
        running.start();
        serve_until_signal(running, signals);
        std::atomic<bool> hurry{false}, ended{false};
        std::thread second_signal{[&] {
            while (!ended) {
                pollfd waiting{signals, POLLIN, 0};
                signalfd_siginfo info{};
                if (::poll(&waiting, 1, 50) > 0 && ::read(signals, &info, sizeof info) == sizeof info) hurry = true;
            }
        }};
        running.stop(hurry);
        ended = true;
        second_signal.join();
    } catch (const std::exception& e) {
        spdlog::error("{}", e.what());
        ::close(signals);
        return 1;
    }
    ::close(signals);
    return 0;
}

}  // namespace outrider::app
