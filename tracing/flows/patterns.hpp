#pragma once

#include <string_view>

namespace outrider::flows {

/// Whether `*` of the pattern, standing for any characters, can be chosen so that it is the text. At most as many steps
/// as both have characters, multiplied.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Whether a path is as a template says: `{name}` is one segment, `{name...}` at the end whatever follows. A path that
/// is a template itself (a span's route) is taken as it is written.
bool matches_path(std::string_view pattern, std::string_view path);

/// The path of a URL; a path as it is; without query and fragment.
std::string_view path_of_url(std::string_view url);

}  // namespace outrider::flows
