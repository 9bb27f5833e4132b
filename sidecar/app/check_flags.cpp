#include "sidecar/app/check_flags.hpp"

#include <CLI/CLI.hpp>

namespace outrider::app {
namespace {

/// Whether policies are all that was given: those can be judged without a configuration.
bool only_policies(const config::load_input& input) {
    return !input.file && input.sets.size() == 1 && input.sets.front().flag == "--policies";
}

check_output chosen_output(const check_flags& of) {
    if (of.schema) return check_output::schema;
    if (of.reference) return check_output::reference;
    if (of.policies_schema) return check_output::policies_schema;
    if (of.policies_reference) return check_output::policies_reference;
    if (of.flows_schema) return check_output::flows_schema;
    if (of.json) return check_output::json;
    return of.print ? check_output::yaml : check_output::verdict;
}

}  // namespace

void add_check_flags(CLI::App& app, check_flags& into) {
    add_configuration_flags(app, into.configuration);
    app.add_option("--flows", into.flows, "expected flows: a file, or a folder of them; repeatable")
        ->type_name("PATH")
        ->allow_extra_args(false)
        ->group("Configuration");
    app.add_flag("--print", into.print, "print every setting with its value and where it comes from")->group("Output");
    app.add_flag("--json", into.json, "print that as JSON")->group("Output");
    app.add_flag("--schema", into.schema, "print the JSON Schema of the file, for editors")->group("Output");
    app.add_flag("--settings-reference", into.reference, "print all settings as Markdown")->group("Output");
    app.add_flag("--policies-schema", into.policies_schema, "print the JSON Schema of a file of policies")
        ->group("Output");
    app.add_flag("--policies-reference", into.policies_reference, "print all keys of a policy as Markdown")
        ->group("Output");
    app.add_flag("--flows-schema", into.flows_schema, "print the JSON Schema of a file of flows")->group("Output");
}

check_command to_command(const CLI::App& app, const check_flags& flags, const config::environment& variables,
                         std::vector<std::string>& wrong) {
    check_command check{to_input(app, flags.configuration, variables, wrong), chosen_output(flags)};
    check.policies_alone = only_policies(check.input);
    check.flows = flags.flows;
    check.flows_alone = !check.flows.empty() && !check.input.file && check.input.sets.empty();
    return check;
}

}  // namespace outrider::app
