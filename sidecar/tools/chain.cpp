#include "sidecar/tools/chain.hpp"

#include <iostream>

#include "sidecar/tools/chain_source.hpp"
#include "sidecar/tools/drawing_output.hpp"
#include "sidecar/tools/span_files.hpp"
#include "sidecar/tools/trace_wait.hpp"
#include "tracing/chains/chain_analysis.hpp"
#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/hex.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

constexpr const char* command = "outrider chain";
constexpr std::size_t most_rows = 2'000, others_named = 5;

/// One chain with what is known around it.
struct found_chain {
    std::vector<tracing::span_data> spans;
    std::vector<std::string> others;
    tracing::chain_surroundings known;
    std::uint64_t now_unix_ns = 0;  ///< 0: of a file, whose time is over
};

std::string printable(const std::string& text) { return tracing::printable(text.substr(0, 200), true); }

/// What is wrong with the options, or nothing.
std::string fault_of(const chain_options& options) {
    const auto& wish = options.wish;
    const int wishes = !wish.trace_id.empty() + !wish.service.empty() + wish.key.has_value();
    if (wishes > 1 || (wishes == 0 && options.files.empty()))
        return "give either a trace id, --service NAME or --key NAME=VALUE";
    tracing::trace_id id;
    if (!wish.trace_id.empty() && (!tracing::read_padded_hex(wish.trace_id, id.bytes) || !id.valid()))
        return "'" + printable(wish.trace_id) + "' is no trace id: 1 to 32 hex digits, not all zero";
    if (!options.files.empty()) return {};
    if (const auto base = parse_base_url(options.from); !base)
        return "--from '" + printable(options.from) + "': " + base.error();
    return {};
}

std::string drawn(const found_chain& found, const chain_options& options, std::size_t width) {
    auto chains = tracing::build_chains(found.spans);
    chains.resize(1);  // what was asked for comes first; what is linked and yet no part of its tree is another chain
    tracing::analysis_options how;
    how.now_unix_ns = found.now_unix_ns;
    how.known = &found.known;
    const bool svg = options.draw == drawing_form::svg;
    switch (options.view) {
        case chain_view::json:
            return tracing::chain_json(chains, how) + "\n";
        case chain_view::sequence: {
            const auto sequence = tracing::sequence_of(chains[0], tracing::analyze(chains[0], how));
            return svg ? tracing::sequence_svg(sequence) : tracing::sequence_mermaid(sequence);
        }
        case chain_view::flow: {
            const auto flow = tracing::flow_of(chains[0], tracing::analyze(chains[0], how));
            return svg ? tracing::graph_svg(flow) : tracing::graph_mermaid(flow);
        }
        case chain_view::tree:
            break;
    }
    return tracing::chain_text(chains, {width, options.output.ascii, most_rows}, how);
}

/// @return the exit code, 0 when a chain was found
int read_files(const chain_options& options, found_chain& out, std::ostream& err) {
    auto spans = read_span_files(options.files);
    if (!spans) {
        err << command << ": " << spans.error() << "\n";
        return 1;
    }
    const auto count = spans->size();
    auto chains = tracing::stitch_all(std::move(*spans));
    for (const auto& chain : chains)
        for (const auto& one : tracing::build_chains(chain)) out.known.learn(one);
    auto chosen = choose_chain(std::move(chains), options.wish);
    if (chosen.spans.empty()) {
        err << command << ": no " << options.wish.text() << " among the " << count << " spans of "
            << (options.files.size() == 1 ? "the file" : "the files") << "\n";
        return 1;
    }
    out.spans = std::move(chosen.spans);
    out.others = std::move(chosen.others);
    return 0;
}

int fetch(const chain_options& options, found_chain& out, std::ostream& err) {
    chain_source source{*parse_base_url(options.from)};
    auto spans = wait_for_trace([&] { return source.ask(options.wish); }, options.wait, wait_clock::steady(),
                                [&] { return source.decided(); });
    if (!spans) {
        err << command << ": " << spans.error().text << "\n";
        if (spans.error().why == fetch_error::reason::not_found && options.wait.count() == 0)
            err << "Spans are sent in batches: with --wait 10s it is asked for again until it has come.\n";
        return 1;
    }
    out.spans = std::move(*spans);
    out.others = source.others();
    out.known = source.around(out.spans);
    out.now_unix_ns = unix_now();
    return 0;
}

void name_others(const std::vector<std::string>& others, std::ostream& err) {
    if (others.empty()) return;
    err << command << ": " << others.size() << " more " << (others.size() == 1 ? "chain" : "chains") << " like it:";
    for (std::size_t i = 0; i < std::min(others.size(), others_named); ++i) err << " " << others[i];
    err << (others.size() > others_named ? " ...\n" : "\n");
}

int run(const chain_options& options, bool terminal, std::ostream& out, std::ostream& err) {
    if (const auto fault = fault_of(options); !fault.empty()) {
        err << command << ": " << fault << "\n";
        return 2;
    }
    found_chain found;
    const int code = options.files.empty() ? fetch(options, found, err) : read_files(options, found, err);
    if (code != 0) return code;
    const auto text = drawn(found, options, drawing_width(options.output, terminal));
    if (!write_result(text, options.output, out, err, command)) return 1;
    name_others(found.others, err);
    return 0;
}

}  // namespace

int run_chain(const chain_options& options) { return run(options, true, std::cout, std::cerr); }

int run_chain(const chain_options& options, std::ostream& out, std::ostream& err) {
    return run(options, false, out, err);
}

}  // namespace outrider::tools
