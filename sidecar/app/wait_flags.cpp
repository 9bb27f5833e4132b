#include "sidecar/app/wait_flags.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::app {

const char* const wait_footer =
    "Waits until the sidecar has opened its listeners, however the application is, and becomes the command that "
    "stands\n"
    "behind '--'. Without one it ends. Exit codes: the command's; 124 when the time was over, 126 or 127 when the\n"
    "command cannot be started, 2 for a wrong command line.\n"
    "\nExamples:\n"
    "  outrider wait -- ./orders --port 9000\n"
    "  outrider wait --admin 127.0.0.1:7900 --timeout 30s -- java -jar orders.jar\n"
    "  outrider wait --for http://127.0.0.1:7910/startupz";

void add_wait_flags(CLI::App& app, wait_flags& into) {
    app.add_option("--admin", into.admin, "the sidecar's --admin or --probes (default 127.0.0.1:7900)")
        ->type_name("ADDR");
    app.add_option("--for", into.url, "instead of it: wait until this URL answers 200 to 299")->type_name("URL");
    app.add_option("--timeout", into.timeout, "give up after so long (default 30s)")->type_name("DURATION");
}

void take_command(std::vector<std::string>& arguments, wait_flags& into) {
    const auto border = std::find(arguments.begin(), arguments.end(), "--");
    if (border == arguments.end()) return;
    into.has_command = true;
    into.command.assign(border + 1, arguments.end());
    arguments.erase(border, arguments.end());
}

tools::wait_options to_options(const wait_flags& flags, std::vector<std::string>& wrong) {
    tools::wait_options out;
    config::endpoint admin{"127.0.0.1", 7900};
    if (!flags.admin.empty() && !flags.url.empty()) wrong.emplace_back("give either --admin or --for");
    if (!flags.admin.empty())
        if (auto bad = config::parse_target(flags.admin, admin); !bad.empty()) wrong.push_back("--admin: " + bad);
    const auto url = net::parse_url(flags.url.empty() ? "http://" + admin.text() + "/startupz" : flags.url);
    if (url)
        out.target = *url;
    else
        wrong.push_back("--for: '" + flags.url + "' is no URL: " + net::describe(url.error()));
    if (!flags.timeout.empty()) {
        const auto timeout = config::parse_duration(flags.timeout);
        if (!timeout) wrong.push_back("--timeout: '" + flags.timeout + "' is not a duration such as 30s");
        out.timeout = timeout.value_or(out.timeout);
    }
    if (flags.has_command && flags.command.empty()) wrong.emplace_back("no command stands behind '--'");
    out.command = flags.command;
    return out;
}

}  // namespace outrider::app
