#include "sidecar/app/run.hpp"

#include <csignal>
#include <thread>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sidecar/app/resident_pages.hpp"
#include "sidecar/app/service_manager.hpp"
#include "sidecar/app/sidecar.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

using std::chrono::milliseconds;

/// The signals that mean something here, by descriptor, blocked for every thread that is started afterwards. SIGPIPE is
/// nobody's.
int signals_as_descriptor() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) sigaddset(&wanted, signal);
    ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// How often the files of policies are looked at.
constexpr milliseconds files_every{250};
constexpr milliseconds certificates_every{1'000};
/// While stopping.
constexpr milliseconds signals_every{50};
constexpr milliseconds status_every{1'000};

/// Waits for one of them. @return its number, or 0 when none came within `wait`
int next_signal(int descriptor, milliseconds wait) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return 0;
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

/// Whether so much time has passed since it was last true.
class every {
  public:
    explicit every(milliseconds pause) : pause_(pause) {}
    bool due() {
        const auto now = net::steady_clock::now();
        if (now < next_) return false;
        next_ = now + pause_;
        return true;
    }

  private:
    milliseconds pause_;
    net::steady_clock::time_point next_{};
};

void reload(sidecar& running, service_manager& manager) {
    manager.reloading();
    const auto report = running.reload();
    running.look_at_files();
    manager.ready(report.applied ? running.status() : running.status() + "; the last reload failed, see the log");
}

/// @return the signal that ends it
int serve_until_signal(sidecar& running, service_manager& manager, int signals) {
    every files{files_every}, certificates{certificates_every};
    while (true) {
        const auto signal = next_signal(signals, manager.look_every());
        if (signal == SIGHUP) reload(running, manager);
        if (signal != 0 && signal != SIGHUP) return signal;
        if (certificates.due()) running.look_at_files();
        if (files.due()) running.look_at_policies();
        manager.look([&] { return running.workers_answer(); });
    }
}

/// What ends the patience of a stop: SIGTERM again does not, because service managers repeat it.
bool hurries(int signal) { return signal == SIGINT || signal == SIGQUIT; }

void stop(sidecar& running, service_manager& manager, int signals, int first) {
    std::atomic<bool> hurry{first == SIGQUIT}, ended{false};
    manager.stopping(running.longest_stop());
    std::thread watcher{[&] {
        every status{status_every};
        while (!ended) {
            if (hurries(next_signal(signals, signals_every))) hurry = true;
            if (status.due()) manager.status(running.status());
            manager.look([&] { return running.workers_answer(); });
        }
    }};
    running.stop(hurry);
    ended = true;
    watcher.join();
}

}  // namespace

int run_sidecar(reading start, const config::load_input& input) {
    const auto told = service_manager::take_environment();
    auto signals = signals_as_descriptor();
    set_up_log(start.configuration->value);
    try {
        service_manager manager{told};
        sidecar running{std::move(start), input};
        running.start();
        forget_the_start();
        manager.ready(running.status());
        const auto signal = serve_until_signal(running, manager, signals);
        stop(running, manager, signals, signal);
    } catch (const std::exception& e) {
        spdlog::error("{}", e.what());
        ::close(signals);
        return 1;
    }
    ::close(signals);
    return 0;
}

}  // namespace outrider::app
