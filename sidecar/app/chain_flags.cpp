#include "sidecar/app/chain_flags.hpp"

#include <CLI/CLI.hpp>

#include "sidecar/config/units.hpp"

namespace outrider::app {

namespace {

using tools::chain_view;
using tools::drawing_form;
using tools::topology_form;

void add_source_flags(CLI::App& app, std::string& from, std::vector<std::string>& files) {
    app.add_option("--from", from, "a collector of ours or a Jaeger (default http://127.0.0.1:4318)")->type_name("URL");
    app.add_option("--file", files,
                   "instead of it: files of spans, OTLP as protobuf, JSON or JSON lines, also gzip; '-' is standard "
                   "input")
        ->type_name("FILE");
}

void add_output_flags(CLI::App& app, tools::output_options& into) {
    app.add_option("--output", into.file, "write it to this file")->type_name("FILE");
    app.add_option("--width", into.width, "columns (default: the terminal's, or 100)")->type_name("N");
    app.add_flag("--ascii", into.ascii, "draw without box characters");
}

bool is_trace_id(const std::string& text) {
    return text.size() <= 32 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

/// `--file a.json b.json 4bf9...`: what is 16 hex digits or more and no file's name was meant as the id.
void take_id_from_files(tools::chain_options& options) {
    if (options.files.size() < 2 || !options.wish.trace_id.empty()) return;
    const auto& last = options.files.back();
    if (last.size() < 16 || !is_trace_id(last)) return;
    options.wish.trace_id = last;
    options.files.pop_back();
}

void read_wish(const chain_flags& flags, tools::chain_options& options, std::vector<std::string>& wrong) {
    auto& wish = options.wish;
    if (!flags.key.empty()) {
        const auto equals = flags.key.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == flags.key.size()) {
            wrong.push_back("--key: '" + flags.key + "' is no NAME=VALUE such as order=4711");
        } else {
            wish.key = std::pair{flags.key.substr(0, equals), flags.key.substr(equals + 1)};
        }
    }
    const int wishes = !wish.trace_id.empty() + !wish.service.empty() + !flags.key.empty();
    if (wishes > 1 || (wishes == 0 && options.files.empty()))
        wrong.emplace_back("give either a TRACE_ID, --service NAME or --key NAME=VALUE");
    if (!is_trace_id(wish.trace_id)) wrong.push_back("'" + wish.trace_id + "' is not a trace id of 1 to 32 hex digits");
}

/// A file's name tells what it is to hold, unless a flag does.
bool names_svg(const tools::output_options& output) { return output.file.ends_with(".svg"); }

void read_view(const chain_flags& flags, tools::chain_options& options, std::vector<std::string>& wrong) {
    const auto& as = flags.as.empty() ? flags.format : flags.as;
    const bool drawn = !flags.draw.empty() || names_svg(options.output);
    if (as.empty()) {
        options.view = drawn ? chain_view::sequence : chain_view::tree;
    } else if (as == "tree" || as == "json") {
        options.view = as == "tree" ? chain_view::tree : chain_view::json;
        if (!flags.draw.empty()) wrong.push_back("--draw is for --as sequence and --as flow, not for " + as);
    } else if (as == "sequence" || as == "flow") {
        options.view = as == "flow" ? chain_view::flow : chain_view::sequence;
    } else {
        wrong.push_back("--as: '" + as + "' is none of tree, sequence, flow and json");
    }
    if (flags.draw == "svg" || (flags.draw.empty() && names_svg(options.output))) {
        options.draw = drawing_form::svg;
    } else if (!flags.draw.empty() && flags.draw != "mermaid") {
        wrong.push_back("--draw: '" + flags.draw + "' is neither mermaid nor svg");
    }
}

void read_duration(const char* flag, const std::string& text, std::chrono::milliseconds& out,
                   std::vector<std::string>& wrong) {
    if (text.empty()) return;
    const auto value = config::parse_duration(text);
    if (!value) wrong.push_back(std::string{flag} + ": '" + text + "' is not a duration such as 5s");
    out = value.value_or(out);
}

void judge_source(const std::string& from, const std::vector<std::string>& files, std::vector<std::string>& wrong) {
    if (!files.empty() && from != tools::default_source) wrong.emplace_back("give either --from or --file");
}

}  // namespace

const char* const chain_footer =
    "Draws what happened: one chain of spans over services and topics, where it is stuck, and what of it was\n"
    "inferred (~). Exit codes: 0 drawn; 1 there is no such chain, or no answer; 2 a wrong command line.\n"
    "\nExamples:\n"
    "  outrider chain 4bf92f3577b34da6a3ce929d0e0e4736\n"
    "  outrider chain --key order=4711\n"
    "  outrider chain --service frontend --from http://jaeger:16686 --wait 5s\n"
    "  outrider chain --file spans.jsonl.gz --key order=4711 --as sequence --output order.svg\n"
    "  outrider chain --key order=4711 --as flow --draw mermaid";

const char* const topology_footer =
    "Draws who talks to whom: services and topics, with rates, errors and latencies.\n"
    "\nExamples:\n"
    "  outrider topology --since 1h\n"
    "  outrider topology --from http://jaeger:16686 --as mermaid\n"
    "  outrider topology --file spans.jsonl --as svg --output shop.svg";

void add_chain_flags(CLI::App& app, chain_flags& into) {
    auto& options = into.options;
    app.add_option("TRACE_ID", options.wish.trace_id, "the id of a trace that is or was part of it: 1 to 32 hex digits")
        ->type_name(" ");
    app.add_option("--service", options.wish.service, "instead of a TRACE_ID: the latest chain of this service")
        ->type_name("NAME");
    app.add_option("--key", into.key, "instead of a TRACE_ID: the chain with this business key, such as order=4711")
        ->type_name("NAME=VALUE");
    add_source_flags(app, options.from, options.files);
    app.add_option("--as", into.as, "tree (default), sequence, flow or json")->type_name("FORMAT");
    app.add_option("--draw", into.draw, "how a sequence or flow is written: mermaid (default) or svg")
        ->type_name("FORMAT");
    app.add_option("--format", into.format)->group("");  // its name until there were drawings
    add_output_flags(app, options.output);
    app.add_option("--wait", into.wait, "ask again this long until the chain is there and has settled")
        ->type_name("DURATION");
}

void add_topology_flags(CLI::App& app, topology_flags& into) {
    auto& options = into.options;
    add_source_flags(app, options.from, options.files);
    app.add_option("--since", into.since, "of the last while (default 15m); of files all counts")
        ->type_name("DURATION");
    app.add_option("--as", into.as, "text (default), json, mermaid or svg")->type_name("FORMAT");
    add_output_flags(app, options.output);
}

tools::chain_options to_options(chain_flags flags, std::vector<std::string>& wrong) {
    auto options = flags.options;
    take_id_from_files(options);
    read_wish(flags, options, wrong);
    read_view(flags, options, wrong);
    judge_source(options.from, options.files, wrong);
    read_duration("--wait", flags.wait, options.wait, wrong);
    if (!options.files.empty() && options.wait.count() != 0)
        wrong.emplace_back("--wait is for --from: files do not change");
    return options;
}

tools::topology_options to_options(topology_flags flags, std::vector<std::string>& wrong) {
    auto options = flags.options;
    const auto& as = flags.as;
    if (as == "json") {
        options.form = topology_form::json;
    } else if (as == "mermaid") {
        options.form = topology_form::mermaid;
    } else if (as == "svg" || (as.empty() && names_svg(options.output))) {
        options.form = topology_form::svg;
    } else if (!as.empty() && as != "text") {
        wrong.push_back("--as: '" + as + "' is none of text, json, mermaid and svg");
    }
    judge_source(options.from, options.files, wrong);
    read_duration("--since", flags.since, options.since, wrong);
    if (options.since.count() <= 0) wrong.emplace_back("--since: of no time at all there is nothing to tell");
    return options;
}

}  // namespace outrider::app
