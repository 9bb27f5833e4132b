#include "sidecar/tools/wait_ready.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "sidecar/config/units.hpp"

namespace outrider::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{250};
/// A sidecar answers within milliseconds; what hangs is asked again.
constexpr milliseconds longest_question{1'000};
constexpr std::size_t answer_bytes = 64 * 1024;

/// As the first process of a container this one would be deaf to signals that it does not ask for. The command gets
/// them as they were: what is handled is reset when a program is replaced by another.
void end_by_signals() {
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) {
        struct sigaction current {};
        ::sigaction(each, nullptr, &current);
        if (current.sa_handler == SIG_IGN) continue;
        current = {};
        current.sa_handler = [](int number) { ::_exit(128 + number); };
        ::sigaction(each, &current, nullptr);
    }
}

int become(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    const auto error = errno;
    std::fprintf(stderr, "outrider wait: cannot run '%s': %s\n", command.front().c_str(), std::strerror(error));
    return error == ENOENT ? not_found : cannot_run;
}

}  // namespace

std::string wait_until_ready(const readiness_question& ask, milliseconds timeout, const wait_clock& clock) {
    const auto end = clock.now() + timeout;
    auto pause = first_pause;
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(end - clock.now());
        auto why = ask(std::clamp(left, first_pause, longest_question));
        const auto now = clock.now();
        if (why.empty() || now >= end) return why;
        clock.sleep(std::min(pause, std::chrono::ceil<milliseconds>(end - now)));
        pause = std::min(pause * 2, longest_pause);
    }
}

std::string ask_for_success(net::http_client& by, const net::url& to, milliseconds patience) {
    net::http_request request;
    request.url = to;
    const auto answer = by.request(request, patience);
    if (!answer) return answer.error().text;
    if (answer->status >= 200 && answer->status < 300) return {};
    return "it answered " + std::to_string(answer->status);
}

int run_wait(const wait_options& options) {
    end_by_signals();
    net::http_client_options how;
    how.response_bytes = answer_bytes;
    net::http_client client{how};
    const auto why =
        wait_until_ready([&](milliseconds patience) { return ask_for_success(client, options.target, patience); },
                         options.timeout, wait_clock::steady());
    if (!why.empty()) {
        std::fprintf(stderr, "outrider wait: %s was not ready within %s: %s\n", options.target.text().c_str(),
                     config::duration_text(options.timeout).c_str(), why.c_str());
        return timed_out;
    }
    return options.command.empty() ? waited : become(options.command);
}

}  // namespace outrider::tools
