#include "sidecar/app/command_line.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <CLI/CLI.hpp>

#include "sidecar/app/chain_flags.hpp"
#include "sidecar/app/collect_flags.hpp"
#include "sidecar/app/command_texts.hpp"
#include "sidecar/app/dev_broker_flags.hpp"
#include "sidecar/app/explain_flags.hpp"
#include "sidecar/app/flow_flags.hpp"
#include "sidecar/app/inject_flags.hpp"
#include "sidecar/app/route_flag.hpp"
#include "sidecar/app/wait_flags.hpp"
#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/nearest.hpp"
#include "sidecar/config/overrides.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::app {
namespace {

/// What CLI11 fills for `run` and `check`.
struct configuration_flags {
    std::string config;
    std::array<std::string, 15> shortcuts;
    std::vector<std::string> routes;
    std::vector<std::string> clusters;
    std::vector<std::string> sets;
};

/// A flag that is a short name for one setting.
struct shortcut {
    const char* flag;
    const char* path;
    const char* type;
    const char* group;
    const char* doc;
};

constexpr const char* traffic = "Traffic";
constexpr const char* operations = "Operations";

constexpr std::array<shortcut, 15> shortcuts{{
    {"--service", "service", "NAME", traffic, "name of the service beside this sidecar"},
    {"--inbound", "inbound.0.listen", "ADDR", traffic, "listen here for callers of the application"},
    {"--app", "inbound.0.app", "ADDR", traffic, "the application's own address"},
    {"--trust", "inbound.0.trust", "HOW", traffic, "a caller's trace: continue (default), link or restart"},
    {"--outbound", "outbound.listen", "ADDR", traffic, "listen here for the application's calls"},
    {"--unknown-host", "outbound.unknown_host", "HOW", traffic, "a Host that is no route: resolve (default) or refuse"},
    {"--policies", "policies", "PATH", traffic, "limits, breakers, retries, ...: a file of policies, or a folder"},
    {"--otlp", "tracing.otlp", "URL", "Tracing", "send spans to this collector, such as http://jaeger:4318"},
    {"--collector", "tracing.collector", "URL", "Tracing",
     "send every span to this `outrider collect`, such as http://collector:4318, which makes chains of them"},
    {"--admin", "admin.listen", "ADDR", operations, "serve state, control and metrics here"},
    {"--probes", "probes", "ADDR", operations, "serve health and metrics here, read-only"},
    {"--state", "state", "DIR", operations, "folder that survives a restart (default /var/lib/outrider)"},
    {"--workers", "workers", "N", operations, "worker threads (default: the CPU quota, at most 2)"},
    {"--access-log", "access_log.format", "FORMAT", operations, "one line per exchange: json or text"},
    {"--log-level", "log_level", "LEVEL", operations, "debug, info (default), warning or error"},
}};

void add_configuration_flags(CLI::App& app, configuration_flags& into) {
    constexpr const char* group = "Configuration";
    app.add_option("--config", into.config, "read settings from this YAML file (or OUTRIDER_CONFIG)")
        ->type_name("FILE")
        ->group(group);
    app.add_option("--set", into.sets, "any setting by its path, such as timeouts.first_byte=3s; repeatable")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false)
        ->group(group);
    for (std::size_t i = 0; i < shortcuts.size(); ++i) {
        const auto& each = shortcuts[i];
        app.add_option(each.flag, into.shortcuts[i], each.doc)->type_name(each.type)->group(each.group);
    }
    app.add_option("--route", into.routes,
                   "an upstream by name: NAME=[https://]HOST:PORT[,HOST:PORT...], or NAME=discover:BY[:SERVICE] with "
                   "BY etcd, consul, kubernetes, dns or file; repeatable")
        ->type_name("NAME=ADDR")
        ->allow_extra_args(false)
        ->group(traffic);
    app.add_option("--kafka", into.clusters,
                   "a Kafka cluster: LISTEN=BROKER[,BROKER...], each HOST:PORT; repeatable (main, kafka2, ...)")
        ->type_name("ADDR=ADDR")
        ->allow_extra_args(false)
        ->group(traffic);
}

/// Complaints about the command line itself, one per line, each naming the flag.
class complaints {
  public:
    explicit complaints(std::string command) : command_("outrider " + std::move(command)) {}
    void add(const std::string& text) { said.push_back(text); }
    bool any() const { return !said.empty(); }
    answer as_answer() const {
        std::string lines;
        for (const auto& each : said) lines += command_ + ": " + each + "\n";
        return {usage, lines + "'" + command_ + " --help' lists the flags.\n"};
    }

    std::vector<std::string> said;

  private:
    std::string command_;
};

/// Splits "NAME=VALUE"; nothing without a name.
std::optional<std::pair<std::string, std::string>> assignment(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return std::nullopt;
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

config::load_input to_input(const CLI::App& app, const configuration_flags& flags, const config::environment& variables,
                            complaints& wrong) {
    config::load_input input;
    input.environment = variables;
    const auto named = input.environment.extract("OUTRIDER_CONFIG");
    if (app.count("--config") > 0) {
        input.file = flags.config;
    } else if (!named.empty() && !named.mapped().empty()) {
        input.file = named.mapped();
    }
    for (std::size_t i = 0; i < shortcuts.size(); ++i) {
        if (app.count(shortcuts[i].flag) == 0) continue;
        input.sets.push_back({shortcuts[i].path, flags.shortcuts[i], shortcuts[i].flag});
    }
    for (const auto& route : flags.routes) {
        if (auto pair = assignment(route)) {
            add_route(pair->first, pair->second, input.sets);
        } else {
            wrong.add("--route " + route + ": write NAME=HOST:PORT, such as stock=127.0.0.1:8081");
        }
    }
    for (std::size_t i = 0; i < flags.clusters.size(); ++i) {
        const auto& cluster = flags.clusters[i];
        const auto path = i == 0 ? std::string{"kafka.main"} : "kafka.kafka" + std::to_string(i + 1);
        if (auto pair = assignment(cluster)) {
            input.sets.push_back({path + ".listen", pair->first, "--kafka"});
            input.sets.push_back({path + ".brokers", pair->second, "--kafka"});
        } else {
            wrong.add("--kafka " + cluster +
                      ": write LISTEN=BROKER[,BROKER...], such as 127.0.0.1:19092=kafka-1:9092,kafka-2:9092");
        }
    }
    for (const auto& set : flags.sets) {
        if (auto pair = assignment(set)) {
            input.sets.push_back({pair->first, pair->second, ""});
        } else {
            wrong.add("--set " + set + ": write PATH=VALUE, such as timeouts.first_byte=3s");
        }
    }
    return input;
}

/// Whether policies are all that was given: those can be judged without a configuration.
bool only_policies(const config::load_input& input) {
    return !input.file && input.sets.size() == 1 && input.sets.front().flag == "--policies";
}

/// The whole command line as CLI11 sees it, with what each command is given.
class grammar {
  public:
    grammar();
    command parse(std::vector<std::string> arguments, const config::environment& variables);

  private:
    CLI::App* add_command(const char* name, const char* doc, const char* footer);
    std::string help() const;
    command build(const CLI::App& chosen, const config::environment& variables);
    void name_extras(const CLI::App& chosen, complaints& wrong) const;
    check_output chosen_output() const;

    CLI::App program_{"Outrider stands beside a service, carries its HTTP traffic and makes every hop visible.",
                      "outrider"};
    configuration_flags run_flags_, check_flags_;
    diff_command diff_;
    explain_flags explain_flags_;
    collect_flags collect_flags_;
    chain_flags chain_flags_;
    topology_flags topology_flags_;
    flow_flags flow_flags_;
    dev_broker_flags dev_broker_flags_;
    wait_flags wait_flags_;
    intercept_flags intercept_flags_;
    inject_flags inject_flags_;
    bool print_ = false, json_ = false, schema_ = false, reference_ = false;
    bool policies_schema_ = false, policies_reference_ = false, flows_schema_ = false;
    std::vector<std::string> check_flows_;
};

CLI::App* grammar::add_command(const char* name, const char* doc, const char* footer) {
    auto* command = program_.add_subcommand(name, doc);
    command->allow_extras();  // named one by one afterwards, with the nearest right flag
    command->footer(footer);
    command->get_formatter()->column_width(34);
    return command;
}

grammar::grammar() {
    program_.set_version_flag("--version", "outrider " OUTRIDER_VERSION, "print the version");
    program_.set_help_flag("-h,--help", "print this help");
    program_.footer(program_footer);
    program_.allow_extras();
    program_.get_formatter()->column_width(34);

    auto* run = add_command("run", "be the sidecar of one service", run_footer);
    add_configuration_flags(*run, run_flags_);

    auto* check = add_command("check", "judge a configuration without running it", check_footer);
    add_configuration_flags(*check, check_flags_);
    check->add_option("--flows", check_flows_, "expected flows: a file, or a folder of them; repeatable")
        ->type_name("PATH")
        ->allow_extra_args(false)
        ->group("Configuration");
    check->add_flag("--print", print_, "print every setting with its value and where it comes from")->group("Output");
    check->add_flag("--json", json_, "print that as JSON")->group("Output");
    check->add_flag("--schema", schema_, "print the JSON Schema of the file, for editors")->group("Output");
    check->add_flag("--settings-reference", reference_, "print all settings as Markdown")->group("Output");
    check->add_flag("--policies-schema", policies_schema_, "print the JSON Schema of a file of policies")
        ->group("Output");
    check->add_flag("--policies-reference", policies_reference_, "print all keys of a policy as Markdown")
        ->group("Output");
    check->add_flag("--flows-schema", flows_schema_, "print the JSON Schema of a file of flows")->group("Output");

    add_explain_flags(
        *add_command("explain", "tell which policies match an exchange, and what they say", explain_footer),
        explain_flags_);
    auto* diff = add_command("diff", "say what one set of policies changes in another", diff_footer);
    diff->add_option("OLD", diff_.before, "the policies as they were")->type_name(" ");
    diff->add_option("NEW", diff_.after, "the policies as they are to be")->type_name(" ");

    add_collect_flags(*add_command("collect", "receive, keep and show the spans of many sidecars", collect_footer),
                      collect_flags_);
    add_chain_flags(*add_command("chain", "draw what happened, and where it is stuck", chain_footer), chain_flags_);
    add_topology_flags(*add_command("topology", "draw who talks to whom", topology_footer), topology_flags_);
    add_flow_flags(*add_command("flows", "show what should follow what, and what did not", flows_footer), flow_flags_);
    add_dev_broker_flags(*add_command("dev-broker", "be a Kafka for trying things out, in memory", dev_broker_footer),
                         dev_broker_flags_);
    add_wait_flags(*add_command("wait", "start a command once a sidecar is ready", wait_footer), wait_flags_);
    add_intercept_flags(
        *add_command("intercept", "bring connections to the sidecar by rules of the kernel", intercept_footer),
        intercept_flags_);
    add_inject_flags(*add_command("inject", "add the sidecar to Kubernetes manifests", inject_footer), inject_flags_);
}

/// Flags that this command does not have; what follows such a flag was meant as its value and is not named again.
void grammar::name_extras(const CLI::App& chosen, complaints& wrong) const {
    std::vector<std::string> known;
    for (const auto* option : chosen.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    bool flag_before = false;
    for (const auto& extra : chosen.remaining()) {
        if (!extra.starts_with('-')) {
            if (!flag_before) wrong.add("unexpected argument '" + extra + "'");
            flag_before = false;
            continue;
        }
        flag_before = extra.find('=') == std::string::npos;
        const auto name = extra.substr(0, extra.find('='));
        const auto path = name.substr(std::min<std::size_t>(2, name.size()));
        const bool is_setting = config::is_setting(path) && chosen.get_option_no_throw("--set") != nullptr;
        wrong.add("unknown flag '" + name + "'" +
                  (is_setting ? "; write --set " + path + "=VALUE" : config::did_you_mean(name, known)));
    }
}

check_output grammar::chosen_output() const {
    if (schema_) return check_output::schema;
    if (reference_) return check_output::reference;
    if (policies_schema_) return check_output::policies_schema;
    if (policies_reference_) return check_output::policies_reference;
    if (flows_schema_) return check_output::flows_schema;
    if (json_) return check_output::json;
    return print_ ? check_output::yaml : check_output::verdict;
}

command grammar::build(const CLI::App& chosen, const config::environment& variables) {
    const auto name = chosen.get_name();
    complaints wrong{name};
    name_extras(chosen, wrong);
    std::vector<std::string> said;
    command result;
    if (name == "run") result = run_command{to_input(chosen, run_flags_, variables, wrong)};
    if (name == "check") {
        check_command check{to_input(chosen, check_flags_, variables, wrong), chosen_output()};
        check.policies_alone = only_policies(check.input);
        check.flows = check_flows_;
        check.flows_alone = !check.flows.empty() && !check.input.file && check.input.sets.empty();
        result = std::move(check);
    }
    if (name == "explain")
        result = explain_command{explain_flags_.policies, explain_flags_.config, to_exchange(explain_flags_, said),
                                 variables};
    if (name == "diff") {
        if (diff_.before.empty() || diff_.after.empty()) wrong.add("give OLD and NEW, a file or a folder each");
        result = diff_command{diff_.before, diff_.after, variables};
    }
    if (name == "collect") {
        auto options = to_options(collect_flags_, said);
        options.flows.environment = variables;
        result = std::move(options);
    }
    if (name == "chain") result = to_options(chain_flags_, said);
    if (name == "topology") result = to_options(topology_flags_, said);
    if (name == "flows") {
        auto options = to_options(flow_flags_, said);
        options.expected.environment = variables;
        result = std::move(options);
    }
    if (name == "dev-broker") result = to_options(dev_broker_flags_, said);
    if (name == "wait") result = to_options(wait_flags_, said);
    if (name == "intercept") result = to_command(intercept_flags_, variables, said);
    if (name == "inject") result = to_options(inject_flags_, said);
    for (const auto& each : said) wrong.add(each);
    if (wrong.any()) return wrong.as_answer();
    return result;
}

/// Of the chosen command, or of the program; CLI11 leaves two empty lines between groups.
std::string grammar::help() const {
    auto text = program_.help();
    for (auto gap = text.find("\n\n\n"); gap != std::string::npos; gap = text.find("\n\n\n", gap)) text.erase(gap, 1);
    if (!text.ends_with('\n')) text += '\n';
    return text;
}

command grammar::parse(std::vector<std::string> arguments, const config::environment& variables) {
    if (!arguments.empty() && arguments.front() == "wait") take_command(arguments, wait_flags_);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        program_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        return answer{ok, help()};
    } catch (const CLI::CallForVersion&) {
        return answer{ok, "outrider " OUTRIDER_VERSION "\n"};
    } catch (const CLI::ParseError& error) {
        const auto chosen = program_.get_subcommands();
        const auto name = chosen.empty() ? std::string{} : chosen.front()->get_name();
        return answer{usage,
                      "outrider " + name + ": " + error.what() + "\n'outrider " + name + " --help' lists the flags.\n"};
    }
    const auto chosen = program_.get_subcommands();
    if (!chosen.empty()) return build(*chosen.front(), variables);
    const auto extras = program_.remaining();
    if (extras.empty()) return answer{usage, help()};
    const std::vector<std::string> commands{"run",       "check",    "explain", "diff",       "collect",
                                            "chain",     "topology", "flows",   "dev-broker", "wait",
                                            "intercept", "inject",   "--help",  "--version"};
    return answer{
        usage, "outrider: unknown command '" + extras.front() + "'" + config::did_you_mean(extras.front(), commands) +
                   "\nThere are run, check, explain, diff, collect, chain, topology, flows, dev-broker, wait, "
                   "intercept and inject; 'outrider --help' tells more.\n"};
}

}  // namespace

command parse_command_line(const std::vector<std::string>& arguments, const config::environment& variables) {
    return grammar{}.parse(arguments, variables);
}

}  // namespace outrider::app
