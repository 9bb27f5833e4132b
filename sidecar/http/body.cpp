#include "sidecar/http/body.hpp"

#include <charconv>

namespace outrider::http {

void add_chunk_size(std::string& out, std::size_t size) {
    char text[20];
    auto end = std::to_chars(text, text + sizeof text, size, 16).ptr;
    out.append(text, end);
    out.append("\r\n");
}

}  // namespace outrider::http
