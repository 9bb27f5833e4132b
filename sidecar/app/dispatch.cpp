#include <algorithm>
#include <cstdio>
#include <sstream>

#include "sidecar/app/command_line.hpp"
#include "sidecar/app/run.hpp"
#include "sidecar/config/flows.hpp"
#include "sidecar/config/policies.hpp"
#include "sidecar/config/policy_diff.hpp"
#include "sidecar/config/print.hpp"
#include "sidecar/config/reference.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to the program

namespace outrider::app {
namespace {

config::environment process_environment() {
    config::environment variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text{*entry};
        const auto equals = text.find('=');
        if (equals != std::string::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

void write(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

void report(const config::diagnostics& findings, const char* kind) {
    for (const auto& each : findings) write(stderr, kind + config::to_text(each) + "\n");
}

/// Loads and reports; nothing when there were errors.
std::optional<config::loaded> load_and_report(const config::load_input& input) {
    auto result = config::load(input);
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        report(*errors, "");
        return std::nullopt;
    }
    auto& loaded = std::get<config::loaded>(result);
    report(loaded.warnings, "warning: ");
    return std::move(loaded);
}

/// Reads all of it, reports, and runs it.
int read_and_run(const config::load_input& input) {
    auto start = read_all(input);
    if (start.configuration) report(start.configuration->warnings, "warning: ");
    report(start.errors, "");
    return start.errors.empty() ? run_sidecar(std::move(start), input) : usage;
}

int dispatch(const run_command& command) { return read_and_run(command.input); }

/// Loads and reports likewise; nothing when there were errors.
std::optional<std::vector<governance::policy>> load_policies_and_report(const config::policy_input& input) {
    auto result = config::load_policies(input);
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        report(*errors, "");
        return std::nullopt;
    }
    auto& loaded = std::get<config::loaded_policies>(result);
    report(loaded.warnings, "warning: ");
    return std::move(loaded.value);
}

std::string summary(const std::vector<governance::policy>& policies) {
    const auto of_mode = [&](governance::mode mode) {
        return std::count_if(policies.begin(), policies.end(), [&](const auto& each) { return each.mode == mode; });
    };
    const auto count = policies.size();
    auto text = count == 1 ? std::string{"1 policy is valid"} : std::to_string(count) + " policies are valid";
    if (const auto shadow = of_mode(governance::mode::shadow))
        text += ", " + std::to_string(shadow) + " in shadow mode";
    if (const auto off = of_mode(governance::mode::disabled)) text += ", " + std::to_string(off) + " disabled";
    return text;
}

/// "policies.d: 3 policies are valid".
std::string verdict_on(const config::policy_input& input, const std::vector<governance::policy>& policies) {
    return (input.path.empty() ? "policies" : input.path) + ": " + summary(policies) + "\n";
}

/// What `check` prints that needs no configuration; nothing for the rest.
std::optional<std::string> text_of(check_output output) {
    switch (output) {
        case check_output::schema:
            return config::json_schema();
        case check_output::reference:
            return config::settings_reference();
        case check_output::policies_schema:
            return config::policies_schema();
        case check_output::policies_reference:
            return config::policies_reference();
        case check_output::flows_schema:
            return config::flows_schema();
        default:
            return std::nullopt;
    }
}

int check_policies_alone(const check_command& command) {
    config::policy_input input;
    input.path = command.input.sets.front().value;
    input.environment = command.input.environment;
    const auto policies = load_policies_and_report(input);
    if (!policies) return usage;
    return write(stdout, verdict_on(input, *policies)), ok;
}

/// "flows.yaml: 2 flows are valid".
int check_flows(const check_command& command) {
    if (command.flows.empty()) return ok;
    auto result = config::load_flows({command.flows, command.input.environment});
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) return report(*errors, ""), usage;
    const auto& loaded = std::get<config::loaded_flows>(result);
    report(loaded.warnings, "warning: ");
    std::string where;
    for (const auto& path : command.flows) where += (where.empty() ? "" : ", ") + path;
    const auto count = loaded.value.size();
    write(stdout, where + ": " +
                      (count == 1 ? std::string{"1 flow is valid"} : std::to_string(count) + " flows are valid") +
                      "\n");
    return ok;
}

int check_configuration(const check_command& command) {
    const bool verdict = command.output == check_output::verdict;
    if (command.policies_alone && verdict) return check_policies_alone(command);
    const auto configuration = load_and_report(command.input);
    if (!configuration) return usage;
    const auto input = config::policies_of(*configuration, command.input.environment);
    const auto policies = load_policies_and_report(input);
    if (command.output == check_output::yaml) write(stdout, config::print(*configuration));
    if (command.output == check_output::json) write(stdout, config::print_json(*configuration) + "\n");
    if (!policies) return usage;
    if (!verdict) return ok;
    write(stdout, command.input.file.value_or("flags and environment") + ": ok\n");
    if (!policies->empty()) write(stdout, verdict_on(input, *policies));
    return ok;
}

int dispatch(const check_command& command) {
    if (const auto text = text_of(command.output)) return write(stdout, *text), ok;
    const auto flows = check_flows(command);
    if (command.flows_alone) return flows;
    return std::max(check_configuration(command), flows);
}

int dispatch(const explain_command& command) {
    config::policy_input input;
    input.path = command.policies;
    input.environment = command.environment;
    if (!command.config.empty()) {
        config::load_input from;
        from.file = command.config;
        from.environment = command.environment;
        const auto configuration = load_and_report(from);
        if (!configuration) return usage;
        input = config::policies_of(*configuration, command.environment);
    }
    const auto policies = load_policies_and_report(input);
    if (!policies) return usage;
    std::ostringstream out;
    tools::explain(*policies, command.about, out);
    return write(stdout, out.str()), ok;
}

int dispatch(const diff_command& command) {
    const auto load = [&](const std::string& path) {
        config::policy_input input;
        input.path = path;
        input.environment = command.environment;
        return load_policies_and_report(input);
    };
    const auto before = load(command.before);
    const auto after = load(command.after);
    if (!before || !after) return usage;
    const auto changes = config::policy_diff(*before, *after);
    write(stdout, config::to_text(changes));
    return changes.empty() ? ok : failure;
}

int dispatch(const collector::collect_options& options) { return collector::run_collector(options); }

int dispatch(const tools::chain_options& options) { return tools::run_chain(options); }
int dispatch(const tools::topology_options& options) { return tools::run_topology(options); }

int dispatch(const tools::flows_options& options) { return tools::run_flows(options); }
int dispatch(const tools::wait_options& options) { return tools::run_wait(options); }
int dispatch(const tools::inject_options& options) { return tools::run_inject(options); }

/// The brokers, and a sidecar in front of them.
int dispatch(const tools::dev_broker_options& options) {
    try {
        tools::mock_cluster_options wanted;
        wanted.brokers = options.brokers;
        wanted.topics = options.topics;
        const tools::mock_cluster brokers{wanted};
        const tools::temporary_folder state;
        const auto input = tools::dev_broker_input(options, brokers.bootstraps(), state.path());
        return read_and_run(input);
    } catch (const std::exception& e) {
        write(stderr, std::string{"outrider dev-broker: "} + e.what() + "\n");
        return failure;
    }
}

int dispatch(const intercept_command& command) {
    if (command.options.action != tools::intercept_action::install) return tools::run_intercept(command.options, {});
    const auto configuration = load_and_report(command.input);
    if (!configuration) return usage;
    const auto& what = configuration->value.intercept;
    if (!what.any()) {
        write(stderr,
              "outrider intercept: there is nothing to intercept: set 'intercept.outbound' or 'intercept.inbound'\n");
        return usage;
    }
    return tools::run_intercept(command.options, what);
}

int dispatch(const answer& text) {
    write(text.code == ok ? stdout : stderr, text.text);
    return text.code;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    return std::visit([](const auto& chosen) { return dispatch(chosen); },
                      parse_command_line(arguments, process_environment()));
}

}  // namespace outrider::app
