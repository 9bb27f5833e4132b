#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

struct marked_member;

/// A value of a YAML text together with the bytes it stands at, for who changes the text in place.
struct marked_node {
    enum class form { null, scalar, list, mapping, alias };

    form is = form::null;
    std::string text;                     ///< of a scalar: its value; of an alias: the name
    std::string anchor;                   ///< the name it may be referred to by
    bool tagged = false;                  ///< it has a tag, whose text stands before `begin` as an anchor's does
    bool flow = false;                    ///< a list or mapping in brackets
    std::size_t begin = 0;                ///< its first byte; of a list in block style the first dash
    std::size_t end = 0;                  ///< behind its last byte; `begin` when it has no text of its own
    std::vector<marked_node> items;       ///< of a list
    std::vector<marked_member> members;   ///< of a mapping, in the order written
    const marked_node* target = nullptr;  ///< of an alias: what it stands for

    const marked_member* find(std::string_view key) const;
    /// What an alias stands for, else itself.
    const marked_node& resolved() const { return target != nullptr ? *target : *this; }
};

/// One key of a mapping with its value.
struct marked_member {
    marked_node key;
    marked_node value;
};

/// One document of a stream.
struct marked_document {
    std::size_t number = 1;             ///< from 1
    std::unique_ptr<marked_node> root;  ///< null where there is nothing but comments
    std::set<std::string> aliased;      ///< the anchors that some alias in it refers to
};

/// What a stream may cost.
struct marked_bounds {
    std::size_t bytes = 32U << 20;
    std::size_t depth = 100;
    std::size_t nodes = 1'000'000;
};

/// Reads every document of a stream. Aliases stay aliases, tags and merge keys are left alone; duplicate keys, keys
/// that are not one word, and everything over a bound are errors. What goes on within quotes or brackets may be
/// indented as little as its key, as kubectl takes it.
/// @param bytes   without a byte order mark
/// @param name    the file's name, as errors show it
/// @param errors  findings are added here
/// @return nothing when there were any
std::optional<std::vector<marked_document>> parse_marked_yaml(std::string_view bytes, const std::string& name,
                                                              diagnostics& errors, const marked_bounds& bounds = {});

}  // namespace outrider::config
