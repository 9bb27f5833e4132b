#include "sidecar/app/service_manager.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

std::string taken(const char* name) {
    const char* value = std::getenv(name);
    std::string out = value != nullptr ? value : "";
    ::unsetenv(name);
    return out;
}

/// 0 for what is no number.
long number_in(const std::string& text) {
    long out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() ? out : 0;
}

/// A status is one line.
std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace

service_manager::settings service_manager::take_environment() {
    settings out;
    out.socket = taken("NOTIFY_SOCKET");
    const auto interval = number_in(taken("WATCHDOG_USEC"));
    const auto process = taken("WATCHDOG_PID");
    const bool ours = process.empty() || number_in(process) == ::getpid();
    if (interval > 0 && ours) out.watchdog = std::chrono::microseconds{interval};
    return out;
}

service_manager::service_manager(const settings& from) : socket_(from.socket), watchdog_(from.watchdog) {
    if (!from.socket.empty() && !socket_)
        spdlog::warn(
            "NOTIFY_SOCKET is '{}', which is neither an absolute path nor '@' and an abstract name: the "
            "service manager is told nothing",
            from.socket);
}

void service_manager::ready(const std::string& status) {
    last_status_ = one_line(status);
    if (socket_ && !socket_.say("READY=1\nSTATUS=" + last_status_))
        spdlog::warn("the service manager could not be told that the sidecar is ready");
}

/// systemd orders the signals that it sent and what it is told by the time, which is CLOCK_MONOTONIC's.
void service_manager::reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
    socket_.say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void service_manager::stopping(std::chrono::milliseconds patience) {
    const auto microseconds = std::chrono::microseconds{patience}.count();
    socket_.say("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(microseconds));
}

void service_manager::status(const std::string& text) {
    auto line = one_line(text);
    if (!socket_ || line == last_status_) return;
    socket_.say("STATUS=" + line);
    last_status_ = std::move(line);
}

void service_manager::look(const std::function<bool()>& alive) {
    const auto now = clock::now();
    if (!socket_ || watchdog_.count() == 0 || now < next_ping_ || !alive()) return;
    socket_.say("WATCHDOG=1");
    next_ping_ = now + watchdog_ / 4;
}

std::chrono::milliseconds service_manager::look_every() const {
    constexpr std::chrono::milliseconds longest{250};
    if (watchdog_.count() == 0) return longest;
    const auto quarter = std::chrono::duration_cast<std::chrono::milliseconds>(watchdog_ / 4);
    return std::clamp(quarter, std::chrono::milliseconds{1}, longest);
}

}  // namespace outrider::app
