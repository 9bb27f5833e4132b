#include "governance/policy_index.hpp"

#include "governance/glob.hpp"

namespace outrider::governance {
namespace {

bool exact(const std::string& text) { return !text.empty() && !is_glob(text); }

}  // namespace

void policy_index::add(const match& by, std::uint32_t index) {
    for (std::size_t kind = 0; kind < traffics; ++kind)
        if (!by.kind || *by.kind == static_cast<traffic>(kind)) file(by, index, shelves_[kind]);
}

void policy_index::file(const match& by, std::uint32_t index, shelf& on) {
    auto path = path_template::parse(by.path);
    // A template without a literal tells nothing apart.
    bool telling = false;
    for (const auto& segment : path.segments) telling = telling || segment.is == path_template::segment::kind::literal;
    if (telling) return file_path(path, index, on);
    if (exact(by.topic)) return on.topics[by.topic].push_back(index);
    if (exact(by.cluster)) return on.upstreams[by.cluster].push_back(index);
    if (exact(by.upstream)) return on.upstreams[by.upstream].push_back(index);
    for (const auto& [name, value] : by.headers)
        if (exact(value)) return on.headers[name][value].push_back(index);
    if (exact(by.host)) return on.hosts[by.host].push_back(index);
    if (exact(by.group)) return on.groups[by.group].push_back(index);
    if (exact(by.client)) return on.clients[by.client].push_back(index);
    on.others.push_back(index);
}

void policy_index::file_path(const path_template& path, std::uint32_t index, shelf& on) {
    auto make = [this] { return &nodes_.emplace_back(); };
    if (!on.paths) on.paths = make();
    auto* at = on.paths;
    for (const auto& segment : path.segments) {
        if (segment.is == path_template::segment::kind::rest) return at->rest.push_back(index);
        auto*& next = segment.is == path_template::segment::kind::literal ? at->literals[segment.text] : at->parameter;
        if (!next) next = make();
        at = next;
    }
    at->here.push_back(index);
}

void policy_index::append(const numbers& from, found& out) {
    for (auto number : from) out.push_back(number);
}

void policy_index::look_up(const by_text<numbers>& in, std::string_view key, found& out) {
    if (in.empty() || key.empty()) return;
    if (auto at = in.find(key); at != in.end()) append(at->second, out);
}

/// The depth is that of the templates, however long the path is.
void policy_index::walk(const node& from, std::string_view rest, found& out) {
    append(from.rest, out);
    if (rest.empty()) return append(from.here, out);
    auto segment = next_segment(rest);
    if (auto at = from.literals.find(segment); at != from.literals.end()) walk(*at->second, rest, out);
    if (from.parameter && !segment.empty()) walk(*from.parameter, rest, out);
}

void policy_index::candidates(const facts& of, std::string_view path, found& out) const {
    const auto& on = shelves_[static_cast<std::size_t>(of.kind)];
    if (on.paths && !path.empty()) walk(*on.paths, path.substr(1), out);
    look_up(on.topics, of.topic, out);
    look_up(on.upstreams, of.upstream, out);
    look_up(on.hosts, of.host, out);
    look_up(on.groups, of.group, out);
    look_up(on.clients, of.client, out);
    for (const auto& [name, values] : on.headers) look_up(values, of.header(name), out);
    append(on.others, out);
}

}  // namespace outrider::governance
