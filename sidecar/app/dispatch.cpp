#include <cstdio>

#include "sidecar/app/command_line.hpp"
#include "sidecar/app/run.hpp"
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

int dispatch(const run_command& command) {
    const auto configuration = load_and_report(command.input);
    return configuration ? run_sidecar(*configuration, command.input) : usage;
}

int dispatch(const check_command& command) {
    if (command.output == check_output::schema) return write(stdout, config::json_schema()), ok;
    if (command.output == check_output::reference) return write(stdout, config::settings_reference()), ok;
    const auto configuration = load_and_report(command.input);
    if (!configuration) return usage;
    if (command.output == check_output::yaml) write(stdout, config::print(*configuration));
    if (command.output == check_output::json) write(stdout, config::print_json(*configuration) + "\n");
    if (command.output == check_output::verdict)
        write(stdout, command.input.file.value_or("flags and environment") + ": ok\n");
    return ok;
}

int dispatch(const collector::collect_options& options) { return collector::run_collector(options); }

int dispatch(const tools::chain_options& options) { return tools::run_chain(options); }

/// The brokers, and a sidecar in front of them.
int dispatch(const tools::dev_broker_options& options) {
    try {
        tools::mock_cluster_options wanted;
        wanted.brokers = options.brokers;
        wanted.topics = options.topics;
        const tools::mock_cluster brokers{wanted};
        const tools::temporary_folder state;
        const auto input = tools::dev_broker_input(options, brokers.bootstraps(), state.path());
        const auto configuration = load_and_report(input);
        return configuration ? run_sidecar(*configuration, input) : usage;
    } catch (const std::exception& e) {
        write(stderr, std::string{"outrider dev-broker: "} + e.what() + "\n");
        return failure;
    }
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
