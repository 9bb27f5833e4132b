#include "sidecar/app/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "sidecar/app/chain_flags.hpp"
#include "sidecar/app/check_flags.hpp"
#include "sidecar/app/collect_flags.hpp"
#include "sidecar/app/command_texts.hpp"
#include "sidecar/app/configuration_flags.hpp"
#include "sidecar/app/dev_broker_flags.hpp"
#include "sidecar/app/explain_flags.hpp"
#include "sidecar/app/flow_flags.hpp"
#include "sidecar/app/inject_flags.hpp"
#include "sidecar/app/wait_flags.hpp"
#include "sidecar/config/nearest.hpp"
#include "sidecar/config/overrides.hpp"

namespace outrider::app {
namespace {

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

/// The whole command line as CLI11 sees it, with what each command is given.
class grammar {
  public:
    grammar();
    command parse(std::vector<std::string> arguments, const config::environment& variables);

  private:
    CLI::App* add_command(const char* name, const char* doc, const char* footer);
    std::string help() const;
    answer unknown_command(const std::string& name) const;
    command build(const CLI::App& chosen, const config::environment& variables);
    void name_extras(const CLI::App& chosen, complaints& wrong) const;

    CLI::App program_{"Outrider stands beside a service, carries its HTTP traffic and makes every hop visible.",
                      "outrider"};
    configuration_flags run_flags_;
    check_flags check_flags_;
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

    add_configuration_flags(*add_command("run", "be the sidecar of one service", run_footer), run_flags_);
    add_check_flags(*add_command("check", "judge a configuration without running it", check_footer), check_flags_);
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

command grammar::build(const CLI::App& chosen, const config::environment& variables) {
    const auto name = chosen.get_name();
    complaints wrong{name};
    name_extras(chosen, wrong);
    auto& said = wrong.said;
    command result;
    if (name == "run") result = run_command{to_input(chosen, run_flags_, variables, said)};
    if (name == "check") result = to_command(chosen, check_flags_, variables, said);
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
    if (wrong.any()) return wrong.as_answer();
    return result;
}

answer grammar::unknown_command(const std::string& name) const {
    std::vector<std::string> names;
    std::string listed;
    const auto commands = program_.get_subcommands({});
    for (const auto* each : commands) {
        names.push_back(each->get_name());
        listed += (listed.empty() ? "" : each == commands.back() ? " and " : ", ") + names.back();
    }
    names.insert(names.end(), {"--help", "--version"});
    return {usage, "outrider: unknown command '" + name + "'" + config::did_you_mean(name, names) + "\nThere are " +
                       listed + "; 'outrider --help' tells more.\n"};
}

/// Of the chosen command, or of the program; CLI11 leaves two empty lines between groups.
std::string grammar::help() const {
    auto text = program_.help();
    for (auto gap = text.find("\n\n\n"); gap != std::string::npos; gap = text.find("\n\n\n", gap)) text.erase(gap, 1);
    if (!text.ends_with('\n')) text += '\n';
    return text;
}

/// CLI11 says "Could not convert: --width = -5".
std::string readable(const CLI::ParseError& error) {
    const std::string said = error.what();
    constexpr std::string_view head = "Could not convert: ", between = " = ";
    const auto gap = said.find(between);
    if (!said.starts_with(head) || gap == std::string::npos) return said;
    const auto flag = said.substr(head.size(), gap - head.size());
    return flag + ": '" + said.substr(gap + between.size()) + "' is not a number that it takes";
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
        return answer{
            usage, "outrider " + name + ": " + readable(error) + "\n'outrider " + name + " --help' lists the flags.\n"};
    }
    const auto chosen = program_.get_subcommands();
    if (!chosen.empty()) return build(*chosen.front(), variables);
    const auto extras = program_.remaining();
    return extras.empty() ? answer{usage, help()} : unknown_command(extras.front());
}

}  // namespace

command parse_command_line(const std::vector<std::string>& arguments, const config::environment& variables) {
    return grammar{}.parse(arguments, variables);
}

}  // namespace outrider::app
