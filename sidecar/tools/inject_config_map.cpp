#include "sidecar/tools/inject_config_map.hpp"

#include <map>
#include <set>

#include "sidecar/tools/inject_sidecar.hpp"

namespace outrider::tools {
namespace {

/// Name and namespace.
using identity = std::pair<std::string, std::string>;

bool is_marker(std::string_view text, std::size_t line) { return text.substr(line).starts_with("---"); }

/// Behind the last line of the document that begins at `line`.
std::size_t document_end(std::string_view text, std::size_t line) {
    auto at = line_end(text, line);
    while (at < text.size() && !is_marker(text, at)) at = line_end(text, at);
    return at;
}

std::string joined(const std::vector<std::string>& lines, std::string_view nl) {
    std::string out;
    for (const auto& each : lines) out.append(each).append(nl);
    return out;
}

text_edit cut_document(std::string_view text, std::size_t line) {
    const auto end = document_end(text, line);
    const auto before = line == 0 ? line : line_begin(text, line - 1);
    if (line != 0 && is_marker(text, before)) return {before, end, {}};
    return {line, end < text.size() ? line_end(text, end) : end, {}};
}

text_edit replace_document(std::string_view text, std::size_t line, const std::vector<std::string>& lines) {
    const auto end = document_end(text, line);
    const auto nl = line_break(text, line);
    auto now = joined(lines, nl);
    if (text[end - 1] != '\n') now.resize(now.size() - nl.size());
    return {line, end, std::move(now)};
}

}  // namespace

std::vector<text_edit> edit_config_maps(std::string_view text, const manifests& all,
                                        const std::vector<const workload*>& owners,
                                        const std::vector<const workload*>& left_alone, const std::string& config_text,
                                        inject_findings& findings) {
    std::map<identity, const workload*> wanted;
    for (const auto* each : owners) wanted[{config_map_name(*each), each->name_space}] = each;
    std::set<identity> kept;
    for (const auto* each : left_alone) kept.insert({config_map_name(*each), each->name_space});
    std::vector<text_edit> out;
    for (const auto& each : all.config_maps) {
        if (!is_our_config_map(each) || kept.contains({each.name, each.name_space})) continue;
        const auto found = wanted.find({each.name, each.name_space});
        if (each.node != each.document->root.get() || each.node->flow) {
            findings.error(each.node->begin, each.title() +
                                                 ": made by inject, but no document of its own any more; "
                                                 "take it out by hand");
        } else if (found == wanted.end()) {
            out.push_back(cut_document(text, line_begin(text, each.node->begin)));
        } else {
            const auto lines = config_map_lines(*found->second, config_text);
            out.push_back(replace_document(text, line_begin(text, each.node->begin), lines));
            wanted.erase(found);
        }
    }
    for (const auto& [name, owner] : wanted) {
        if (owner->document->root->flow) {
            findings.error(owner->node->begin, owner->title() +
                                                   ": no ConfigMap can be added to JSON; make it yourself, and "
                                                   "give --config-map NAME instead of --config");
            continue;
        }
        auto lines = config_map_lines(*owner, config_text);
        lines.insert(lines.begin(), "---");
        out.push_back(add_lines(text, text.size(), lines));
    }
    return out;
}

}  // namespace outrider::tools
