#include "sidecar/tools/inject_config_map.hpp"

#include <map>
#include <set>

#include "sidecar/tools/yaml_text.hpp"

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

/// Whether it is one that lines_of() made.
bool is_ours(const manifest& one) {
    return look_text(*one.node, {"metadata", "labels", "app.kubernetes.io/managed-by"}) == "outrider-inject";
}

/// A text that no line of a literal block can hold as it is.
bool needs_quotes(const std::string& text) {
    for (const auto* each : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF", "\r"})
        if (text.find(each) != std::string::npos) return true;
    return text.empty() || text.front() == ' ' || text.front() == '\n' || !text.ends_with('\n') ||
           text.ends_with("\n\n") || text.ends_with(" \n");
}

/// The whole document, in block style.
std::vector<std::string> lines_of(const workload& beside, const std::string& config_text) {
    yaml_value head{{"apiVersion", "v1"}, {"kind", "ConfigMap"}};
    auto& metadata = head["metadata"];
    metadata["name"] = config_map_name(beside);
    if (!beside.name_space.empty()) metadata["namespace"] = beside.name_space;
    metadata["labels"] = {{"app.kubernetes.io/managed-by", "outrider-inject"}};
    auto lines = block_members(head, 0, {});
    lines.emplace_back("data:");
    if (needs_quotes(config_text)) {
        lines.push_back("  sidecar.yaml: " + yaml_value(config_text).dump());
        return lines;
    }
    lines.emplace_back("  sidecar.yaml: |");
    for (std::size_t at = 0; at < config_text.size();) {
        const auto end = config_text.find('\n', at);
        lines.push_back(end == at ? std::string{} : "    " + config_text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

std::string config_map_name(const workload& beside) { return beside.name + "-outrider"; }

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
        if (!is_ours(each) || kept.contains({each.name, each.name_space})) continue;
        const auto found = wanted.find({each.name, each.name_space});
        if (each.node != each.document->root.get() || each.node->flow) {
            findings.error(each.node->begin, each.title() +
                                                 ": made by inject, but no document of its own any more; "
                                                 "take it out by hand");
        } else if (found == wanted.end()) {
            out.push_back(cut_document(text, line_begin(text, each.node->begin)));
        } else {
            const auto lines = lines_of(*found->second, config_text);
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
        auto lines = lines_of(*owner, config_text);
        lines.insert(lines.begin(), "---");
        out.push_back(add_lines(text, text.size(), lines));
    }
    return out;
}

}  // namespace outrider::tools
