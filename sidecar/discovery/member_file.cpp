#include "sidecar/discovery/member_file.hpp"

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/references.hpp"
#include "sidecar/config/yaml.hpp"

namespace outrider::discovery {
namespace {

constexpr std::size_t most_bytes = 1U << 20;
constexpr const char* what_to_write = "write a list of host:port or https://host";

std::string said_at(const config::origin& where, std::string text) {
    return config::to_text(config::at(where, std::move(text)));
}

/// A member on its own line; `text` of JSON and YAML scalars alike.
std::string read_member(const config::node& item, config::upstream_endpoint& out) {
    if (item.kind != config::node_kind::scalar)
        return said_at(item.where, std::string{"not a member; "} + what_to_write);
    auto wrong = config::parse_upstream_endpoint(item.text, out);
    return wrong.empty() ? wrong : said_at(item.where, wrong);
}

}  // namespace

std::string parse_member_file(std::string_view text, const std::string& name, member_list& out) {
    out.clear();
    config::diagnostics errors;
    const auto tree = config::parse_yaml(text, name, errors);
    if (!errors.empty()) return config::to_text(errors.front());
    if (tree.root.kind == config::node_kind::null)
        return name + ": there is nothing in it; for a list without members write []";
    if (tree.root.kind != config::node_kind::list)
        return said_at(tree.root.where, std::string{"not a list; "} + what_to_write + ", each behind '- '");
    for (const auto& item : tree.root.items)
        if (auto wrong = read_member(item, out.emplace_back()); !wrong.empty()) return wrong;
    return {};
}

std::string read_member_file(const std::string& path, member_list& out) {
    std::string text;
    if (auto wrong = config::read_file(path, most_bytes, text); !wrong.empty()) return wrong;
    return parse_member_file(text, path, out);
}

}  // namespace outrider::discovery
