#pragma once

#include <string>

#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// Reads a list of members: a YAML or JSON list of `host:port`, `http://host[:port]` or `https://host[:port]`, at most
/// 1 MiB. An empty file is an error: it is being written.
/// @return what is wrong, with the place in the file; empty: `out` is the list
std::string read_member_file(const std::string& path, member_list& out);

/// The same of a text that is at hand.
std::string parse_member_file(std::string_view text, const std::string& name, member_list& out);

}  // namespace outrider::discovery
