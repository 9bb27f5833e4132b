#include "tracing/chains/mermaid_text.hpp"

#include <array>

namespace outrider::tracing {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{" .,_-/()+~=?[]@:"}.find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::string mermaid_text(std::string_view text) {
    // Mermaid looks for the first two before it parses, and takes the semicolon of a code behind them away; the others
    // are an icon, and how text is wrapped.
    static constexpr std::array<std::string_view, 4> words{"style", "classDef", ":fa-", "wrap:"};
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool plain = is_plain(text[i]);
        for (auto word : words) plain = plain && !text.substr(i).starts_with(word);
        if (plain) {
            out += text[i];
        } else {
            out.append("#").append(std::to_string(static_cast<unsigned char>(text[i]))).append(";");
        }
    }
    return out.empty() ? " " : out;
}

}  // namespace outrider::tracing
