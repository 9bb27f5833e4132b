#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

struct member;

enum class node_kind { null, scalar, list, mapping };

/// A configuration before it has types: what a file, variables and flags said, each value with its origin.
struct node {
    node_kind kind = node_kind::null;
    std::string text;             ///< of a scalar
    bool literal = false;         ///< references were replaced already; what looks like one is text
    std::vector<node> items;      ///< of a list
    std::vector<member> members;  ///< of a mapping, in the order written
    origin where;

    const node* find(std::string_view key) const;
    node* find(std::string_view key);
};

/// One key of a mapping with its value.
struct member {
    std::string key;
    origin where;  ///< of the key
    node value;
};

node scalar(std::string text, origin where);

}  // namespace outrider::config
