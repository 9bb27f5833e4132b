#include "sidecar/config/node.hpp"

#include <algorithm>
#include <utility>

namespace outrider::config {

const node* node::find(std::string_view key) const {
    auto found = std::find_if(members.begin(), members.end(), [&](const member& m) { return m.key == key; });
    return found == members.end() ? nullptr : &found->value;
}

node* node::find(std::string_view key) { return const_cast<node*>(std::as_const(*this).find(key)); }

node scalar(std::string text, origin where) {
    node result;
    result.kind = node_kind::scalar;
    result.text = std::move(text);
    result.where = std::move(where);
    return result;
}

}  // namespace outrider::config
