#include "sidecar/tools/chain.hpp"

#include <cstdlib>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

#include "sidecar/tools/linked_traces.hpp"
#include "sidecar/tools/trace_source.hpp"
#include "sidecar/tools/trace_wait.hpp"
#include "tracing/chains/chain.hpp"
#include "tracing/hex.hpp"
#include "tracing/ids.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

constexpr std::size_t default_width = 100;
constexpr std::size_t narrowest = 40;

/// What is wrong with the options, or nothing.
std::string fault_of(const chain_options& options) {
    if (options.trace_id.empty() == options.service.empty()) return "give either a trace id or --service NAME";
    tracing::trace_id id;
    if (!options.trace_id.empty() && (!tracing::read_padded_hex(options.trace_id, id.bytes) || !id.valid()))
        return "'" + tracing::printable(options.trace_id, true) + "' is no trace id: 1 to 32 hex digits, not all zero";
    if (const auto base = parse_base_url(options.from); !base)
        return "--from '" + tracing::printable(options.from, true) + "': " + base.error();
    return {};
}

std::size_t terminal_width() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return default_width;
}

void draw(const std::vector<tracing::span_data>& spans, const chain_options& options, std::size_t width,
          std::ostream& out) {
    auto chains = tracing::build_chains(spans);
    chains.resize(1);  // what was asked for comes first; what is linked and yet no part of its tree is another chain
    if (options.format == chain_format::json) {
        out << tracing::chain_json(chains) << "\n";
    } else {
        tracing::chain_style style;
        style.width = std::max(narrowest, width);
        style.ascii = options.ascii;
        out << tracing::chain_text(chains, style);
    }
    out.flush();
}

int run(const chain_options& options, std::size_t width, std::ostream& out, std::ostream& err) {
    if (const auto fault = fault_of(options); !fault.empty()) {
        err << "outrider chain: " << fault << "\n";
        return 2;
    }
    trace_source source{*parse_base_url(options.from)};
    const auto ask = [&] {
        auto trace = options.service.empty() ? source.by_id(options.trace_id) : source.latest_of(options.service);
        if (trace) *trace = with_linked(source, std::move(*trace));
        return trace;
    };
    const auto trace = wait_for_trace(ask, options.wait, wait_clock::steady());
    if (!trace) {
        err << "outrider chain: " << trace.error().text << "\n";
        if (trace.error().why == fetch_error::reason::not_found && options.wait.count() == 0)
            err << "Spans are sent in batches: with --wait 10s it is asked for again until it has come.\n";
        return 1;
    }
    draw(*trace, options, width, out);
    return out ? 0 : 1;
}

}  // namespace

int run_chain(const chain_options& options) {
    return run(options, options.width > 0 ? options.width : terminal_width(), std::cout, std::cerr);
}

int run_chain(const chain_options& options, std::ostream& out, std::ostream& err) {
    return run(options, options.width > 0 ? options.width : default_width, out, err);
}

}  // namespace outrider::tools
