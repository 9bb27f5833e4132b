#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sidecar/net/http_client.hpp"
#include "sidecar/net/url.hpp"
#include "sidecar/tools/trace_wait.hpp"

namespace outrider::tools {

/// What `outrider wait` is asked for.
struct wait_options {
    net::url target;
    std::chrono::milliseconds timeout{30'000};
    std::vector<std::string> command;  ///< with its arguments; empty: none
};

/// As timeout(1) and the shell have them.
enum wait_exit { waited = 0, timed_out = 124, cannot_run = 126, not_found = 127 };

/// One question. @return why it is not ready; empty: it is
using readiness_question = std::function<std::string(std::chrono::milliseconds patience)>;

/// Asks until the answer is empty or the time is over, first often and then four times a second; at least once.
/// @return the last answer
std::string wait_until_ready(const readiness_question& ask, std::chrono::milliseconds timeout, const wait_clock& clock);

/// Whether `to` answers 200 to 299.
std::string ask_for_success(net::http_client& by, const net::url& to, std::chrono::milliseconds patience);

/// Waits and then becomes the command: it has the process, with its id, its signals and its exit code.
/// @return only without a command, or when something failed: a wait_exit, and standard error says why
int run_wait(const wait_options& options);

}  // namespace outrider::tools
