#pragma once

#include <string>
#include <string_view>

namespace outrider::tracing {

/// Text for a label of a Mermaid diagram: what means something to Mermaid, to HTML or to Markdown is written as
/// `#code;`. The text is printable already.
std::string mermaid_text(std::string_view text);

}  // namespace outrider::tracing
