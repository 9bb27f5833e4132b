#include "sidecar/app/intercept_flags.hpp"

#include <CLI/CLI.hpp>

namespace outrider::app {

const char* const intercept_footer =
    "ACTION is install, remove or show. Connections of the application, and to it, are brought to the sidecar's ports "
    "by\n"
    "rules of the kernel, for IPv4 and IPv6, in this network namespace. Loopback and DNS are left alone. Needs the\n"
    "capability CAP_NET_ADMIN. Installing again replaces; what fails leaves no rule behind; while the sidecar does "
    "not\n"
    "run, intercepted connections are refused.\n"
    "\nExamples:\n"
    "  outrider intercept install --uid 1337 --ports-in 8080\n"
    "  outrider intercept install --config /etc/outrider/sidecar.yaml --dry-run\n"
    "  outrider intercept show\n"
    "  outrider intercept remove";

void add_intercept_flags(CLI::App& app, intercept_flags& into) {
    auto flag = [&](const char* name, std::string& value, const char* type, const char* doc) {
        return app.add_option(name, value, doc)->type_name(type);
    };
    flag("ACTION", into.action, " ", "install, remove or show");
    flag("--config", into.config, "FILE", "install what its section 'intercept' says; flags beat it");
    flag("--outbound-port", into.outbound_port, "PORT",
         "the application's connections go there (default 7915); 0: none");
    flag("--inbound-port", into.inbound_port, "PORT", "those to the application go there (default 7916)");
    flag("--ports-in", into.ports_in, "PORTS", "ports of the application that callers connect to, such as 8080,9090");
    flag("--uid", into.uid, "N", "the sidecar's user: what it makes itself is left alone");
    flag("--mark", into.mark, "N", "instead: the firewall mark of its connections, as in 'intercept.mark'");
    app.add_option("--exclude-out", into.exclude_out,
                   "go there without the sidecar: 10.0.0.0/8, 22, 10.0.0.1:5432, [fd00::/8]:443; repeatable")
        ->type_name("WHERE")
        ->allow_extra_args(false);
    flag("--backend", into.backend, "NAME", "nft or iptables (default: nft where it works)");
    app.add_flag("--dry-run", into.dry_run, "print the rules and change nothing");
}

namespace {

void read_action(const intercept_flags& flags, tools::intercept_options& out, std::vector<std::string>& wrong) {
    using tools::intercept_action;
    if (flags.action == "install") return void(out.action = intercept_action::install);
    if (flags.action == "remove") return void(out.action = intercept_action::remove);
    if (flags.action == "show") return void(out.action = intercept_action::show);
    wrong.push_back(flags.action.empty() ? "say what to do: install, remove or show"
                                         : "'" + flags.action + "' is neither install, remove nor show");
}

void read_backend(const intercept_flags& flags, tools::intercept_options& out, std::vector<std::string>& wrong) {
    if (flags.backend == "nft") out.backend = tools::rules_backend::nft;
    if (flags.backend == "iptables") out.backend = tools::rules_backend::iptables;
    if (flags.backend.empty() || out.backend != tools::rules_backend::automatic) return;
    wrong.push_back("--backend: '" + flags.backend + "' is neither nft nor iptables");
}

/// Without a file the rest of the configuration is no matter.
void add_defaults(const intercept_flags& flags, config::load_input& input) {
    input.sets.push_back({"service", "application", ""});
    input.sets.push_back({"tracing.exporter", "none", ""});
    if (flags.outbound_port.empty()) input.sets.push_back({"intercept.outbound", "7915", "--outbound-port"});
    if (flags.inbound_port.empty() && !flags.ports_in.empty())
        input.sets.push_back({"intercept.inbound", "7916", "--inbound-port"});
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : ",") + word;
    return out;
}

}  // namespace

intercept_command to_command(const intercept_flags& flags, const config::environment& variables,
                             std::vector<std::string>& wrong) {
    intercept_command out;
    read_action(flags, out.options, wrong);
    read_backend(flags, out.options, wrong);
    out.options.dry_run = flags.dry_run;
    auto set = [&](const char* path, const std::string& value, const char* flag) {
        if (!value.empty()) out.input.sets.push_back({path, value, flag});
    };
    set("intercept.outbound", flags.outbound_port, "--outbound-port");
    set("intercept.inbound", flags.inbound_port, "--inbound-port");
    set("intercept.ports_in", flags.ports_in, "--ports-in");
    set("intercept.uid", flags.uid, "--uid");
    set("intercept.mark", flags.mark, "--mark");
    set("intercept.exclude_out", joined(flags.exclude_out), "--exclude-out");
    const bool installs = out.options.action == tools::intercept_action::install;
    if (!installs && (!out.input.sets.empty() || !flags.config.empty() || flags.dry_run))
        wrong.push_back("only install takes --config, --dry-run and what is to be installed");
    if (!flags.config.empty()) {
        out.input.file = flags.config;
        out.input.environment = variables;
    } else {
        add_defaults(flags, out.input);
    }
    return out;
}

}  // namespace outrider::app
