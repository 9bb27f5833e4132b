#include "sidecar/config/yaml.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sidecar/config/utf8.hpp"
#include "sidecar/config/yaml_complaint.hpp"
#include "sidecar/config/yaml_events.hpp"

namespace outrider::config {
namespace {

using event = yaml_events::event;

struct size_of_tree {
    std::size_t nodes = 1;
    std::size_t bytes = 0;
};

size_of_tree measure(const node& tree) {
    size_of_tree sum{1, tree.text.size()};
    const auto add = [&sum](const node& child) {
        const auto part = measure(child);
        sum.nodes += part.nodes;
        sum.bytes += part.bytes;
    };
    for (const auto& item : tree.items) add(item);
    for (const auto& entry : tree.members) {
        add(entry.value);
        sum.bytes += entry.key.size();
    }
    return sum;
}

bool is_null(std::string_view plain) {
    return plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL";
}

/// Builds the tree of one document from the parser's events. After a finding that leaves the position unclear it stops.
class document_reader {
  public:
    document_reader(std::string_view bytes, const std::string& name, diagnostics& errors, const yaml_bounds& bounds)
        : bytes_(bytes), name_(name), errors_(errors), bounds_(bounds), events_(bytes) {}

    yaml_tree read();

  private:
    enum class outcome { done, stop };

    outcome read_value(const event& first, const origin& fallback, node& out);
    outcome read_list(node& out);
    outcome read_mapping(node& out);
    outcome read_member(const event& key, node& out, std::set<std::string>& seen);
    outcome read_alias(const event& alias, node& out);
    outcome remember(const std::string& anchor, const node& value);
    outcome count(const size_of_tree& more, const origin& where);
    outcome fail(const origin& where, std::string text);
    void syntax_error();
    origin place(const event& what, const origin& fallback) const;

    std::string_view bytes_;
    const std::string& name_;
    diagnostics& errors_;
    const yaml_bounds& bounds_;
    yaml_events events_;
    std::map<std::string, node> anchors_;
    std::set<std::string> open_anchors_;
    std::vector<origin> open_brackets_;  ///< of the lists and mappings in brackets around the current place
    size_of_tree total_{0, 0};
    std::size_t depth_ = 0;
};

yaml_tree document_reader::read() {
    yaml_tree result;
    result.root.where = {source::file, name_, 1, 1};
    bool seen = false;
    while (auto next = events_.next()) {
        if (next->type() == FYET_STREAM_END) {
            result.whole = true;
            return result;
        }
        if (next->type() == FYET_STREAM_START || next->type() == FYET_DOCUMENT_END) continue;
        if (next->type() == FYET_DOCUMENT_START) {
            if (seen) {
                fail(place(*next, result.root.where), "a second document starts here; a configuration is one document");
                return result;
            }
            continue;
        }
        seen = true;
        if (read_value(*next, origin{result.root.where}, result.root) == outcome::stop) return result;
    }
    syntax_error();
    return result;
}

document_reader::outcome document_reader::read_value(const event& first, const origin& fallback, node& out) {
    out = node{};
    out.where = place(first, fallback);
    if (first.type() == FYET_ALIAS) return read_alias(first, out);
    if (count({1, first.text().size()}, out.where) == outcome::stop) return outcome::stop;
    if (const auto tag = first.tag(); !tag.empty()) {
        constexpr std::string_view core = "tag:yaml.org,2002:";
        const auto shown = tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag;
        errors_.push_back(at(out.where, "tag '" + shown + "': tags have no meaning here; remove it"));
    }
    const std::string anchor = first.anchor();
    if (first.type() == FYET_SCALAR) {
        out.text = first.text();
        out.kind = first.plain() && is_null(out.text) ? node_kind::null : node_kind::scalar;
        return remember(anchor, out);
    }
    if (depth_ == bounds_.depth) {
        return fail(out.where, "nested deeper than " + std::to_string(bounds_.depth) + " levels");
    }
    ++depth_;
    if (!anchor.empty()) open_anchors_.insert(anchor);
    if (first.flow()) open_brackets_.push_back(out.where);
    const auto result = first.type() == FYET_SEQUENCE_START ? read_list(out) : read_mapping(out);
    open_anchors_.erase(anchor);
    if (first.flow() && result == outcome::done) open_brackets_.pop_back();
    --depth_;
    return result == outcome::stop ? result : remember(anchor, out);
}

document_reader::outcome document_reader::read_list(node& out) {
    out.kind = node_kind::list;
    while (auto next = events_.next()) {
        if (next->type() == FYET_SEQUENCE_END) return outcome::done;
        out.items.emplace_back();
        if (read_value(*next, out.where, out.items.back()) == outcome::stop) return outcome::stop;
    }
    syntax_error();
    return outcome::stop;
}

document_reader::outcome document_reader::read_mapping(node& out) {
    out.kind = node_kind::mapping;
    std::set<std::string> seen;
    while (auto next = events_.next()) {
        if (next->type() == FYET_MAPPING_END) return outcome::done;
        if (read_member(*next, out, seen) == outcome::stop) return outcome::stop;
    }
    syntax_error();
    return outcome::stop;
}

document_reader::outcome document_reader::read_member(const event& key, node& out, std::set<std::string>& seen) {
    const origin where = place(key, out.where);
    if (key.type() != FYET_SCALAR) return fail(where, "a key is one word here, not a list, a mapping or an alias");
    if (const auto anchor = key.anchor(); !anchor.empty()) {
        errors_.push_back(at(where, "anchor '&" + anchor + "' on a key; put it on a value"));
    }
    std::string name{key.text()};
    if (count({1, name.size()}, where) == outcome::stop) return outcome::stop;
    if (name == "<<" && key.plain()) {
        errors_.push_back(
            at(where, "merge keys ('<<') are not part of YAML 1.2; repeat the keys, or alias the whole value"));
    }
    auto value_event = events_.next();
    if (!value_event) {
        syntax_error();
        return outcome::stop;
    }
    node value;
    if (read_value(*value_event, where, value) == outcome::stop) {
        out.members.push_back({std::move(name), where, std::move(value)});
        return outcome::stop;
    }
    if (name == "<<") return outcome::done;
    if (!seen.insert(name).second) {
        const auto first = std::find_if(out.members.begin(), out.members.end(), [&](auto& m) { return m.key == name; });
        errors_.push_back(
            at(where, "duplicate key '" + name + "'; it was first given in line " + std::to_string(first->where.line)));
        return outcome::done;
    }
    out.members.push_back({std::move(name), where, std::move(value)});
    return outcome::done;
}

document_reader::outcome document_reader::read_alias(const event& alias, node& out) {
    const std::string name{alias.text()};
    if (open_anchors_.contains(name)) return fail(out.where, "alias '*" + name + "' refers to the value it is part of");
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) {
        errors_.push_back(at(out.where, "alias '*" + name + "' has no anchor '&" + name + "' before it"));
        return outcome::done;
    }
    if (count(measure(found->second), out.where) == outcome::stop) return outcome::stop;
    out = found->second;
    return outcome::done;
}

document_reader::outcome document_reader::remember(const std::string& anchor, const node& value) {
    if (anchor.empty()) return outcome::done;
    // The copy is memory too: a document of nested anchors would otherwise hold each level again.
    if (count(measure(value), value.where) == outcome::stop) return outcome::stop;
    anchors_[anchor] = value;
    return outcome::done;
}

document_reader::outcome document_reader::count(const size_of_tree& more, const origin& where) {
    total_.nodes += more.nodes;
    total_.bytes += more.bytes;
    if (total_.nodes > bounds_.nodes) {
        return fail(where, "more than " + std::to_string(bounds_.nodes) +
                               " values once aliases are replaced; a configuration is far smaller");
    }
    if (total_.bytes > 4 * bounds_.bytes) {
        return fail(where, "more than " + std::to_string(4 * bounds_.bytes >> 20) + " MiB once aliases are replaced");
    }
    return outcome::done;
}

document_reader::outcome document_reader::fail(const origin& where, std::string text) {
    errors_.push_back(at(where, std::move(text)));
    return outcome::stop;
}

void document_reader::syntax_error() {
    const auto* open = open_brackets_.empty() ? nullptr : &open_brackets_.back();
    errors_.push_back(explain_syntax_error(bytes_, name_, events_.complaint(), open));
}

origin document_reader::place(const event& what, const origin& fallback) const {
    const auto position = what.position();
    return position ? origin{source::file, name_, position->first, position->second} : fallback;
}

}  // namespace

yaml_tree parse_yaml(std::string_view bytes, const std::string& name, diagnostics& errors, const yaml_bounds& bounds) {
    yaml_tree nothing;
    nothing.root.where = {source::file, name, 1, 1};
    if (bytes.size() > bounds.bytes) {
        errors.push_back(
            {name, 0, 0, "larger than " + std::to_string(bounds.bytes >> 10) + " KiB; a configuration is far smaller"});
        return nothing;
    }
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    if (const auto clean = clean_prefix(bytes); clean != bytes.size()) {
        const bool control = static_cast<unsigned char>(bytes[clean]) < 0x80;
        errors.push_back(at_offset(
            bytes, clean, name,
            control ? "a control character; a configuration is plain text" : "not UTF-8; save the file as UTF-8"));
        return nothing;
    }
    if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        nothing.whole = true;
        return nothing;
    }
    return document_reader{bytes, name, errors, bounds}.read();
}

}  // namespace outrider::config
