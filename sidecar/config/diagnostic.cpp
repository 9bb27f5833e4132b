#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

diagnostic at(const origin& where, std::string text) { return {where.name, where.line, where.column, std::move(text)}; }

std::string to_text(const diagnostic& finding) {
    std::string out = finding.file;
    if (finding.line != 0) out += ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column);
    if (!out.empty()) out += ": ";
    return out + finding.text;
}

std::string to_text(const origin& where) {
    switch (where.from) {
        case source::file:
            return "file " + where.name + ":" + std::to_string(where.line);
        case source::otel_environment:
        case source::outrider_environment:
            return "environment " + where.name;
        case source::flag:
            return "flag " + where.name;
        case source::fallback:
            break;
    }
    return "default";
}

}  // namespace outrider::config
