#include "sidecar/tools/topology.hpp"

#include <algorithm>
#include <iostream>

#include "sidecar/tools/chain_source.hpp"
#include "sidecar/tools/drawing_output.hpp"
#include "sidecar/tools/span_files.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/topology.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

constexpr const char* command = "outrider topology";
constexpr std::size_t traces_per_service = 500;

/// A topology, or why there is none.
struct sought {
    tracing::topology_view view{};
    std::string error{};
};

tracing::topology summed(std::vector<tracing::span_data> spans) {
    tracing::topology all;
    for (const auto& chain : tracing::stitch_all(std::move(spans))) all.add(chain);
    return all;
}

sought from_files(const std::vector<std::string>& files) {
    auto spans = read_span_files(files);
    if (!spans) return {{}, spans.error()};
    const auto all = summed(std::move(*spans));
    return {all.view(all.seconds_covered()), {}};
}

sought from_collector(chain_source& source, std::chrono::milliseconds since) {
    const auto answer = source.traces().get("/api/topology?since=" + std::to_string(since.count()) + "ms");
    if (!answer) return {{}, answer.error().text};
    const auto at = source.traces().base().text();
    if (answer->status != 200)
        return {{}, at + " answered HTTP " + std::to_string(answer->status) + " when asked for its topology"};
    auto view = tracing::read_topology_json(answer->body);
    if (!view) return {{}, at + ": " + view.error()};
    return {std::move(*view), {}};
}

sought from_jaeger(chain_source& source, std::chrono::milliseconds since) {
    const auto window = static_cast<std::uint64_t>(std::chrono::nanoseconds{since}.count());
    const auto now = unix_now();
    auto spans = source.recent(now > window ? now - window : 0, now, traces_per_service);
    if (!spans) return {{}, spans.error().text};
    return {summed(std::move(*spans)).view(static_cast<double>(window) / 1e9), {}};
}

sought seek(const topology_options& options) {
    if (!options.files.empty()) return from_files(options.files);
    chain_source source{*parse_base_url(options.from)};
    const auto ours = source.is_collector();
    if (!ours) return {{}, ours.error().text};
    return *ours ? from_collector(source, options.since) : from_jaeger(source, options.since);
}

std::string drawn(const tracing::topology_view& view, const topology_options& options, std::size_t width) {
    switch (options.form) {
        case topology_form::json:
            return tracing::topology_json(view) + "\n";
        case topology_form::mermaid:
            return tracing::graph_mermaid(tracing::graph_of(view));
        case topology_form::svg:
            return tracing::graph_svg(tracing::graph_of(view));
        case topology_form::text:
            break;
    }
    return tracing::topology_text(view, width, options.output.ascii);
}

int run(const topology_options& options, bool terminal, std::ostream& out, std::ostream& err) {
    if (const auto base = parse_base_url(options.from); options.files.empty() && !base) {
        err << command << ": --from '" << tracing::printable(options.from.substr(0, 200), true) << "': " << base.error()
            << "\n";
        return 2;
    }
    const auto found = seek(options);
    if (!found.error.empty()) {
        err << command << ": " << found.error << "\n";
        return 1;
    }
    const auto text = drawn(found.view, options, drawing_width(options.output, terminal));
    return write_result(text, options.output, out, err, command) ? 0 : 1;
}

}  // namespace

int run_topology(const topology_options& options) { return run(options, true, std::cout, std::cerr); }

int run_topology(const topology_options& options, std::ostream& out, std::ostream& err) {
    return run(options, false, out, err);
}

}  // namespace outrider::tools
