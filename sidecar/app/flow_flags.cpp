#include "sidecar/app/flow_flags.hpp"

#include <CLI/CLI.hpp>

namespace outrider::app {

const char* const flows_footer =
    "Shows what should follow what: how many runs got how far and how long it took, what is stuck, late, missing, "
    "came\n"
    "twice or out of order, and what was not undone. With --file, spans of files are checked against --flows.\n"
    "Exit codes: 0 shown; 1 no answer, or with --fail something is not as expected; 2 a wrong command line or flow.\n"
    "\nExamples:\n"
    "  outrider flows\n"
    "  outrider flows --flow order-by-events --run 4711\n"
    "  outrider flows --watch --from http://collector:4318\n"
    "  outrider flows --file spans.jsonl.gz --flows flows.yaml --fail";

void add_flow_flags(CLI::App& app, flow_flags& into) {
    auto& options = into.options;
    app.add_option("--from", options.from, "a collector (default http://127.0.0.1:4318)")->type_name("URL");
    app.add_option("--file", options.files,
                   "instead of it: files of spans, OTLP as protobuf, JSON or JSON lines, also gzip; '-' is standard "
                   "input")
        ->type_name("FILE");
    app.add_option("--flows", options.expected.paths, "what those are checked against: a file, or a folder; repeatable")
        ->type_name("PATH")
        ->allow_extra_args(false);
    app.add_option("--flow", options.flow, "this flow only")->type_name("NAME");
    app.add_option("--run", options.run, "one run of it: the business key's value, or the chain's id")
        ->type_name("KEY");
    app.add_option("--as", into.as, "text (default) or json")->type_name("FORMAT");
    app.add_flag("--watch", options.watch, "again every two seconds");
    app.add_flag("--fail", options.fail, "exit with 1 when something is not as expected, also for what has been");
    app.add_option("--output", options.output.file, "write it to this file")->type_name("FILE");
    app.add_option("--width", options.output.width, "columns (default: the terminal's, or 100)")->type_name("N");
    app.add_flag("--ascii", options.output.ascii, "nothing beyond ASCII");
}

tools::flows_options to_options(flow_flags flags, std::vector<std::string>& wrong) {
    auto& options = flags.options;
    if (flags.as == "json")
        options.json = true;
    else if (!flags.as.empty() && flags.as != "text")
        wrong.push_back("--as: '" + flags.as + "' is neither text nor json");
    if (!options.run.empty() && options.flow.empty()) wrong.emplace_back("--run: of which --flow?");
    if (!options.files.empty() && options.from != tools::default_source)
        wrong.emplace_back("give either --from or --file");
    if (options.files.empty() != options.expected.paths.empty())
        wrong.emplace_back("--file and --flows go together: a collector has flows of its own");
    if (options.watch && !options.files.empty()) wrong.emplace_back("--watch is for --from: files do not change");
    return options;
}

}  // namespace outrider::app
