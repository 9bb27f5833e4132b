#include <cstdio>
#include <iostream>

#include "sidecar/config/references.hpp"
#include "sidecar/tools/inject.hpp"
#include "sidecar/tools/whole_file.hpp"

namespace outrider::tools {
namespace {

constexpr std::size_t most_bytes = 32U << 20;
constexpr std::size_t most_config_bytes = 1000U << 10;  ///< a ConfigMap holds a MiB in all

enum exit_code { written = 0, not_written = 1, not_usable = 2 };

void say(const char* kind, const config::diagnostics& findings) {
    for (const auto& each : findings) std::cerr << kind << config::to_text(each) << '\n';
}

void complain(const std::string& about, const std::string& wrong) { std::cerr << about << ": " << wrong << '\n'; }

/// All of standard input, up to a byte over the bound.
std::string read_input() {
    std::string out;
    char buffer[65536];
    while (out.size() <= most_bytes) {
        const auto count = std::fread(buffer, 1, sizeof buffer, stdin);
        if (count == 0) break;
        out.append(buffer, count);
    }
    return out;
}

bool read(const inject_options& options, std::string& manifests, inject_request& request) {
    if (options.file == "-") {
        manifests = read_input();
    } else if (auto wrong = config::read_file(options.file, most_bytes, manifests); !wrong.empty()) {
        return complain("outrider inject", wrong), false;
    }
    if (request.config.empty()) return true;
    auto wrong = config::read_file(request.config, most_config_bytes, request.config_text);
    if (!wrong.empty()) complain("outrider inject: --config", wrong);
    return wrong.empty();
}

int write(const inject_options& options, const std::string& text, bool changed) {
    const auto& to = options.in_place ? options.file : options.output;
    if (to.empty()) {
        const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
        if (whole && std::fflush(stdout) == 0) return written;
        return complain("standard output", "can't be written to"), not_written;
    }
    if (options.in_place && !changed) return written;
    const auto wrong = replace_file(to, text);
    if (!wrong.empty()) complain(to, wrong);
    return wrong.empty() ? written : not_written;
}

}  // namespace

int run_inject(const inject_options& options) {
    std::string manifests;
    auto request = options.request;
    if (!read(options, manifests, request)) return not_usable;
    auto result = inject(manifests, options.file == "-" ? "standard input" : options.file, request);
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) return say("", *errors), not_usable;
    const auto& done = std::get<injection>(result);
    say("note: ", done.notes);
    return write(options, done.text, done.text != manifests);
}

}  // namespace outrider::tools
