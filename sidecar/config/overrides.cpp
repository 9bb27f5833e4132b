#include "sidecar/config/overrides.hpp"

#include <algorithm>
#include <optional>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/reader.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

constexpr std::uint64_t most_entries = 1000;

/// "a.'b.c'.d" -> a, b.c, d.
std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> parts{""};
    char quote = 0;
    for (const char c : path) {
        if (quote != 0 ? c == quote : (c == '\'' || c == '"')) {
            quote = quote != 0 ? '\0' : c;
        } else if (c == '.' && quote == 0) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

/// Every path of the table; a list's entry shows as 0, a free name as NAME.
void collect_paths(const setting& section, const std::string& path, std::vector<std::string>& out) {
    for (const auto& key : section.keys) {
        if (key.shape == shape::later || key.file_only) continue;
        const auto own = join(path, key.name);
        if (key.keys.empty()) out.push_back(own);
        const bool listed = key.shape == shape::sections && !key.alone;
        const auto* infix = listed ? ".0" : key.shape == shape::named ? ".NAME" : "";
        collect_paths(key, own + infix, out);
    }
}

/// Walks down the table and the tree together, making what is missing in the tree.
class assignment {
  public:
    assignment(const std::string& path, std::string value, const origin& where)
        : path_(path), parts_(segments(path)), value_(std::move(value)), where_(where) {}

    complaint into_section(const setting& what, node& target, std::size_t depth);

  private:
    complaint into(const setting& what, node& target, std::size_t depth);
    complaint into_sections(const setting& what, node& target, std::size_t depth);
    complaint unknown() const;
    node& child(node& target, const std::string& key);
    bool misused(const node& target, node_kind meant) const;
    bool at_end(std::size_t depth) const { return depth == parts_.size(); }

    const std::string& path_;
    std::vector<std::string> parts_;
    std::string value_;
    const origin& where_;
    node ignored_;  ///< takes the value where the file has something of the wrong kind
};

/// Whether the file holds something here that the reader will complain about: it is kept for that.
bool assignment::misused(const node& target, node_kind meant) const {
    return target.where.from == source::file && target.kind != node_kind::null && target.kind != meant;
}

complaint assignment::unknown() const {
    return "unknown setting '" + path_ + "'" + did_you_mean(path_, setting_paths());
}

node& assignment::child(node& target, const std::string& key) {
    if (misused(target, node_kind::mapping)) return ignored_ = node{};
    if (target.kind != node_kind::mapping) {
        target = node{};
        target.kind = node_kind::mapping;
        target.where = where_;
    }
    if (auto* found = target.find(key)) return *found;
    target.members.push_back({key, where_, {}});
    target.members.back().value.where = where_;
    return target.members.back().value;
}

complaint assignment::into_section(const setting& what, node& target, std::size_t depth) {
    if (at_end(depth)) {
        if (!what.list_shorthand.empty()) {  // one value in place of all that was there, whatever its form
            target = scalar(std::move(value_), where_);
            return {};
        }
        if (what.shorthand.empty()) {
            std::string keys;
            for (const auto& name : what.key_names()) keys += (keys.empty() ? "" : ", ") + join(path_, name);
            return "'" + path_ + "' is a group; set one of " + keys;
        }
        parts_.push_back(what.shorthand);
    }
    const auto* key = what.find(parts_[depth]);
    if (key == nullptr) return unknown();
    if (key->shape == shape::later) return "'" + path_ + "' is not supported by this version; " + key->doc;
    if (key->file_only) return "'" + path_ + "' is written in the file: it is more than a flag or a variable can say";
    const bool scalar_there = target.kind == node_kind::scalar && !what.shorthand.empty();
    const bool list_there = target.kind == node_kind::list && !what.list_shorthand.empty();
    if (scalar_there || list_there) {
        node kept = std::exchange(target, node{});
        child(target, scalar_there ? what.shorthand : what.list_shorthand) = std::move(kept);
    }
    return into(*key, child(target, key->name), depth + 1);
}

complaint assignment::into(const setting& what, node& target, std::size_t depth) {
    switch (what.shape) {
        case shape::section:
            return into_section(what, target, depth);
        case shape::sections:
            return what.alone ? into_section(what, target, depth) : into_sections(what, target, depth);
        case shape::named: {
            if (at_end(depth))
                return "'" + path_ + "' needs a name and a key: " + path_ + ".NAME." + what.keys.front().name;
            if (parts_[depth].empty()) return unknown();
            const auto element = element_of(what, path_);
            return into_section(element, child(target, parts_[depth]), depth + 1);
        }
        case shape::table:
            if (depth + 1 == parts_.size() && !parts_[depth].empty()) {
                child(target, parts_[depth]) = scalar(std::move(value_), where_);
                return {};
            }
            break;
        default:
            break;
    }
    if (!at_end(depth)) return unknown();
    target = scalar(std::move(value_), where_);
    return {};
}

complaint assignment::into_sections(const setting& what, node& target, std::size_t depth) {
    const auto index = at_end(depth) ? std::nullopt : parse_count(parts_[depth]);
    if (!index) return "'" + what.name + "' is a list; say which entry: " + what.name + ".0." + what.keys.front().name;
    if (misused(target, node_kind::list)) return {};
    if (target.kind != node_kind::list) {
        target = node{};
        target.kind = node_kind::list;
        target.where = where_;
    }
    if (*index > target.items.size() || *index >= most_entries) {
        const auto count = std::to_string(target.items.size());
        return "'" + what.name + "' ends before entry " + parts_[depth] + "; the next one is " + what.name + "." +
               count;
    }
    if (*index == target.items.size()) {
        target.items.emplace_back();
        target.items.back().where = where_;
    }
    const auto element = element_of(what, path_);
    return into_section(element, target.items[*index], depth + 1);
}

}  // namespace

const std::vector<std::string>& setting_paths() {
    static const std::vector<std::string> paths = [] {
        std::vector<std::string> found;
        collect_paths(declared(), "", found);
        return found;
    }();
    return paths;
}

complaint assign(node& root, const std::string& path, std::string value, const origin& where) {
    node changed = root;  // a path that turns out wrong half-way leaves no trace
    auto wrong = assignment{path, std::move(value), where}.into_section(declared(), changed, 0);
    if (wrong.empty()) root = std::move(changed);
    return wrong;
}

bool is_setting(const std::string& path) {
    node scratch;
    return assign(scratch, path, "", {}).empty();
}

complaint check_value(const std::string& path, const std::string& value) {
    settings scratch;
    const setting* what = &declared();
    void* target = &scratch;
    for (const auto& part : segments(path)) {
        what = what->find(part);
        target = what->member(target);
    }
    return what->type->parse(value, target);
}

}  // namespace outrider::config
