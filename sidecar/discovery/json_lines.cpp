#include "sidecar/discovery/json_lines.hpp"

namespace outrider::discovery {

bool json_lines::feed(std::string_view piece, const std::function<bool(std::string_view line)>& take) {
    while (!too_long_) {
        const auto end = piece.find('\n');
        const auto part = piece.substr(0, end);
        if (begun_.size() + part.size() > longest_) break;
        if (end == std::string_view::npos) {
            begun_ += part;
            return true;
        }
        piece.remove_prefix(end + 1);
        if (begun_.empty()) {
            if (!hand_on(part, take)) return false;
            continue;
        }
        begun_ += part;
        const auto line = std::move(begun_);
        begun_.clear();
        if (!hand_on(line, take)) return false;
    }
    too_long_ = true;
    return false;
}

bool json_lines::hand_on(std::string_view line, const std::function<bool(std::string_view)>& take) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    return take(line);
}

}  // namespace outrider::discovery
