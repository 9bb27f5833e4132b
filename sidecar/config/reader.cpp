#include "sidecar/config/reader.hpp"

#include <filesystem>
#include <set>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

/// What is there instead of what should be; a secret is not shown.
std::string kind_text(const node& what, bool secret) {
    switch (what.kind) {
        case node_kind::null:
            return "nothing";
        case node_kind::scalar:
            return secret ? "text" : "'" + what.text + "'";
        case node_kind::list:
            return "a list";
        case node_kind::mapping:
            break;
    }
    return "a mapping";
}

std::string folder_of(const origin& where) {
    if (where.from != source::file) return {};
    return std::filesystem::path{where.name}.parent_path().string();
}

bool from_outside(const origin& where) { return where.from != source::file && where.from != source::fallback; }

/// "a, b" as two scalars: how a flag or a variable writes a list.
std::vector<node> split_commas(const node& text) {
    std::vector<node> parts;
    std::string_view rest = text.text;
    while (!trim(rest).empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        parts.push_back(scalar(std::string{trim(rest.substr(0, comma))}, text.where));
        parts.back().literal = true;
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return parts;
}

/// Paths, in the whole table, of the settings that have this name.
void find_homes(const setting& section, const std::string& path, std::string_view name,
                std::vector<std::string>& homes) {
    for (const auto& key : section.keys) {
        if (key.shape == shape::later) continue;
        if (key.name == name && !path.empty()) homes.push_back(path);
        const auto* infix = key.shape == shape::sections && !key.alone ? "[]"
                            : key.shape == shape::named                ? ".NAME"
                                                                       : "";
        find_homes(key, join(path, key.name) + infix, name, homes);
    }
}

}  // namespace

std::string join(const std::string& path, const std::string& key) { return path.empty() ? key : path + "." + key; }

void reader::read(const setting& what, const node& from, void* owner, const std::string& path) {
    if (what.shape == shape::later) {
        return fail(path, from.where, "'" + path + "' is not supported by this version; " + what.doc);
    }
    void* target = what.member(owner);
    if (!path.empty()) origins_[path] = from.where;
    switch (what.shape) {
        case shape::scalar:
            return read_scalar(what, from, target, path);
        case shape::list:
            return read_list(what, from, target, path);
        case shape::table:
            return read_table(what, from, target, path);
        case shape::section:
            return read_section(what, from, target, path);
        case shape::sections:
            return read_sections(what, from, target, path);
        case shape::named:
            return read_named(what, from, target, path);
        case shape::later:
            return;
    }
}

void reader::read_scalar(const setting& what, const node& from, void* target, const std::string& path) {
    if (from.kind == node_kind::null) {
        return fail(path, from.where, "'" + path + "' has no value; write one or remove the key");
    }
    if (from.kind != node_kind::scalar) {
        return fail(path, from.where,
                    "'" + path + "' is " + what.type->phrase() + ", not " + kind_text(from, what.secret));
    }
    std::string text;
    if (!expanded(from, path, text)) return;
    if (what.type->is_path() && text != "-") text = from_folder(folder_of(from.where), text);
    if (auto wrong = what.type->parse(text, target); !wrong.empty()) fail(path, from.where, "'" + path + "': " + wrong);
}

void reader::read_list(const setting& what, const node& from, void* target, const std::string& path) {
    what.container->clear(target);
    if (from.kind == node_kind::null) return;
    if (from.kind == node_kind::mapping || (from.kind == node_kind::scalar && !from_outside(from.where))) {
        return fail(path, from.where,
                    "'" + path + "' is a list, not " + kind_text(from, what.secret) + "; write [a, b]");
    }
    node expanded_text = from;
    if (from.kind == node_kind::scalar && !expanded(from, path, expanded_text.text)) return;
    const auto items = from.kind == node_kind::list ? from.items : split_commas(expanded_text);
    for (std::size_t i = 0; i < items.size(); ++i) {
        read_scalar(what, items[i], what.container->add(target, ""), join(path, std::to_string(i)));
    }
}

void reader::read_table(const setting& what, const node& from, void* target, const std::string& path) {
    what.container->clear(target);
    if (from.kind == node_kind::null) return;
    if (from.kind == node_kind::mapping) {
        for (const auto& entry : from.members) {
            const auto name = join(path, entry.key);
            origins_[name] = entry.value.where;
            read_scalar(what, entry.value, what.container->add(target, entry.key), name);
        }
        return;
    }
    if (from.kind == node_kind::list || !from_outside(from.where)) {
        return fail(path, from.where,
                    "'" + path + "' is a mapping of names to values, not " + kind_text(from, what.secret));
    }
    node expanded_text = from;
    if (!expanded(from, path, expanded_text.text)) return;
    for (const auto& pair : split_commas(expanded_text)) {
        const auto equals = pair.text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(path, from.where, "'" + path + "' takes NAME=VALUE, separated by commas");
        }
        const auto name = pair.text.substr(0, equals);
        *static_cast<std::string*>(what.container->add(target, name)) = pair.text.substr(equals + 1);
    }
}

void reader::read_section(const setting& what, const node& from, void* target, const std::string& path) {
    if (from.kind == node_kind::null) return;
    if (from.kind == node_kind::scalar && !what.shorthand.empty()) {
        const auto* key = what.find(what.shorthand);
        return read(*key, from, target, join(path, key->name));
    }
    if (from.kind == node_kind::list && !what.list_shorthand.empty()) {
        const auto* key = what.find(what.list_shorthand);
        return read(*key, from, target, join(path, key->name));
    }
    if (from.kind != node_kind::mapping) {
        const auto name = path.empty() ? (&root_ == &declared() ? "a configuration" : root_.doc) : "'" + path + "'";
        const auto colon = from.text.find(':');
        const bool space = colon != std::string::npos && what.find(from.text.substr(0, colon)) != nullptr;
        return fail(path, from.where,
                    name + " is a mapping of keys to values, not " + kind_text(from, what.secret) +
                        (space ? "; is the space missing after ':'?" : ""));
    }
    read_keys(what, from, target, path);
}

void reader::read_keys(const setting& what, const node& from, void* target, const std::string& path) {
    bool misnamed = false;
    for (const auto& entry : from.members) {
        const auto own = join(path, entry.key);
        const auto* key = what.find(entry.key);
        if (key == nullptr) {
            unknown_key(what, entry, path);
            misnamed = true;
        } else if (key->shape == shape::later) {
            fail(own, entry.where, "'" + own + "' is not supported by this version; " + key->doc);
            misnamed = true;
        } else {
            read(*key, entry.value, target, own);
        }
    }
    if (what.settle) what.settle(from, target);
    // A misnamed key may be the one that seems to be missing. What the root requires can come from flags and variables:
    // finish() words that better.
    if (misnamed || path.empty()) return;
    for (const auto& key : what.keys) {
        if (key.required && from.find(key.name) == nullptr) {
            fail(path, from.where, "'" + path + "' lacks '" + key.name + "': " + key.doc);
        }
    }
}

void reader::read_sections(const setting& what, const node& from, void* target, const std::string& path) {
    what.container->clear(target);
    if (from.kind == node_kind::null && !what.alone) return;
    const auto element = element_of(what, path);
    const bool alone = what.alone && (from.kind != node_kind::scalar || !what.shorthand.empty());
    if (from.kind != node_kind::list && alone) return read_element(element, from, what, target, path);
    if (from.kind != node_kind::list) {
        const auto* instead = what.alone ? " is a mapping of keys to values, not " : " is a list, not ";
        const auto* hint = what.alone ? "" : "; begin each entry with '- '";
        return fail(path, from.where, "'" + path + "'" + instead + kind_text(from, what.secret) + hint);
    }
    if (what.most != 0 && from.items.size() > what.most) {
        const auto most = what.most == 1 ? "one" : "at most " + std::to_string(what.most);
        return fail(path, from.items[what.most].where, "'" + path + "': there may be " + most + " of these");
    }
    if (what.alone && from.items.size() == 1) return read_element(element, from.items[0], what, target, path);
    for (std::size_t i = 0; i < from.items.size(); ++i)
        read_element(element, from.items[i], what, target, join(path, std::to_string(i)));
}

void reader::read_element(const setting& element, const node& from, const setting& what, void* target,
                          const std::string& path) {
    // Added in any case: the number of an element is its number in the file.
    void* added = what.container->add(target, "");
    if (from.kind == node_kind::null)
        return fail(path, from.where, "'" + path + "' is empty; write its keys or remove it");
    read_section(element, from, added, path);
}

void reader::read_named(const setting& what, const node& from, void* target, const std::string& path) {
    what.container->clear(target);
    if (from.kind == node_kind::null) return;
    if (from.kind != node_kind::mapping) {
        return fail(path, from.where,
                    "'" + path + "' is a mapping of names to settings, not " + kind_text(from, what.secret));
    }
    const auto name_type = word();
    const auto element = element_of(what, path);
    for (const auto& entry : from.members) {
        std::string name;
        if (auto wrong = name_type.type->parse(entry.key, &name); !wrong.empty()) {
            fail(path, entry.where, "a name under '" + path + "': " + wrong);
            continue;
        }
        if (entry.value.kind == node_kind::null) {
            fail(join(path, entry.key), entry.where,
                 "'" + join(path, name) + "' is empty; write its keys or remove it");
            continue;
        }
        origins_[join(path, name)] = entry.value.where;
        read_section(element, entry.value, what.container->add(target, name), join(path, name));
    }
}

void reader::fail(const std::string& path, const origin& where, std::string text) {
    errors_.push_back(at(where, std::move(text)));
    failed_.insert(path);
}

bool reader::expanded(const node& from, const std::string& path, std::string& out) {
    // What OTEL_* variables hold is defined elsewhere, and knows no references of ours.
    if (from.literal || from.where.from == source::otel_environment) {
        out = from.text;
        return true;
    }
    const auto wrong = expand(from.text, variables_, folder_of(from.where), out);
    if (!wrong.empty()) fail(path, from.where, "'" + path + "': " + wrong);
    return wrong.empty();
}

void reader::unknown_key(const setting& section, const member& entry, const std::string& path) {
    const auto where = path.empty() ? std::string{} : " under '" + path + "'";
    std::string hint = did_you_mean(entry.key, section.key_names());
    if (hint.empty()) {
        std::vector<std::string> homes;
        find_homes(root_, "", entry.key, homes);
        if (section.find(entry.key) == nullptr && root_.find(entry.key) != nullptr && !path.empty()) {
            hint = "; it belongs at the top level";
        } else if (!homes.empty()) {
            hint = "; it belongs under '" + homes.front() + "'";
        }
    }
    if (hint.empty()) {
        const auto names = section.key_names();
        hint = "; known keys are ";
        for (std::size_t i = 0; i < names.size(); ++i) hint += (i == 0 ? "" : ", ") + names[i];
    }
    fail(join(path, entry.key), entry.where, "unknown key '" + entry.key + "'" + where + hint);
}

}  // namespace outrider::config
