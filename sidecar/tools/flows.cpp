#include "sidecar/tools/flows.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "sidecar/tools/chain_source.hpp"
#include "sidecar/tools/drawing_output.hpp"
#include "sidecar/tools/flows_text.hpp"
#include "sidecar/tools/span_files.hpp"
#include "tracing/flows/flow_json.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

constexpr const char* command = "outrider flows";
constexpr std::chrono::seconds pause{2};

/// An answer, or why there is none.
struct asked {
    std::string body{};
    std::string error{};
    int code = 0;  ///< the exit code that goes with the error
};

/// In the order in which they would have come: each when it was over. What is missing at the end does not come any
/// more.
void replay(std::vector<tracing::span_data> spans, flows::flow_set& into) {
    std::vector<tracing::span_data> all;
    for (auto& chain : tracing::stitch_all(std::move(spans)))
        std::move(chain.begin(), chain.end(), std::back_inserter(all));
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.end_unix_ns < b.end_unix_ns; });
    for (const auto& span : all) {
        const auto now = static_cast<flows::unix_ns>(std::min<std::uint64_t>(span.end_unix_ns, flows::never / 2));
        into.observe(span, now);
    }
    into.advance(static_cast<flows::unix_ns>(unix_now()));
}

asked from_files(const flows_options& options) {
    auto expected = config::load_flows(options.expected);
    if (const auto* errors = std::get_if<config::diagnostics>(&expected)) {
        std::string text;
        for (const auto& each : *errors) text += (text.empty() ? "" : "\n") + config::to_text(each);
        return {{}, text, 2};
    }
    auto spans = read_span_files(options.files);
    if (!spans) return {{}, spans.error(), 1};
    flows::flow_set_options bounds;
    bounds.checking.keep_ns = flows::never / 4;  // a file is read to be asked about all of it
    bounds.most_runs = 1'000'000;
    bounds.most_bytes = 1ULL << 30;
    flows::flow_set set{bounds};
    set.load(std::move(std::get<config::loaded_flows>(expected).value), 0);
    replay(std::move(*spans), set);
    if (options.run.empty()) return {flows::flows_json(set)};
    auto run = flows::run_json(set, options.flow, options.run, static_cast<flows::unix_ns>(unix_now()));
    if (!run) return {{}, "no run of that name in these files", 1};
    return {std::move(*run)};
}

asked from_collector(const flows_options& options) {
    trace_source source{*parse_base_url(options.from)};
    const auto target = options.run.empty()
                            ? std::string{"/api/flows"}
                            : "/api/flows/" + percent_encoded(options.flow) + "/runs/" + percent_encoded(options.run);
    const auto answer = source.get(target);
    if (!answer) return {{}, answer.error().text, 1};
    if (answer->status == 200) return {answer->body};
    if (answer->status == 404 && !options.run.empty())
        return {{}, "no run of that name is known at " + source.base().text(), 1};
    return {{},
            source.base().text() + " answered HTTP " + std::to_string(answer->status) +
                " when asked for its flows; is it an `outrider collect`?",
            1};
}

/// @return the exit code
int show_once(const flows_options& options, bool terminal, std::ostream& out, std::ostream& err) {
    const auto got = options.files.empty() ? from_collector(options) : from_files(options);
    if (!got.error.empty()) {
        err << command << ": " << got.error << "\n";
        return got.code;
    }
    const auto answer = nlohmann::json::parse(got.body, nullptr, false);
    if (answer.is_discarded()) {
        err << command << ": the answer is no JSON\n";
        return 1;
    }
    const flows_style style{drawing_width(options.output, terminal), options.output.ascii};
    const auto text = options.json          ? got.body + "\n"
                      : options.run.empty() ? flows_text(answer, options.flow, style)
                                            : run_text(answer, style);
    if (!write_result(text, options.output, out, err, command)) return 1;
    return options.fail && has_faults(answer, options.flow) ? 1 : 0;
}

int run(const flows_options& options, bool terminal, std::ostream& out, std::ostream& err) {
    if (const auto base = parse_base_url(options.from); options.files.empty() && !base) {
        err << command << ": --from '" << tracing::printable(options.from.substr(0, 200), true) << "': " << base.error()
            << "\n";
        return 2;
    }
    for (;;) {
        const auto code = show_once(options, terminal, out, err);
        if (!options.watch || code == 2 || (options.fail && code != 0)) return code;
        out << std::endl;
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace

int run_flows(const flows_options& options) { return run(options, true, std::cout, std::cerr); }

int run_flows(const flows_options& options, std::ostream& out, std::ostream& err) {
    return run(options, false, out, err);
}

}  // namespace outrider::tools
