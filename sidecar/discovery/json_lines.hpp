#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace outrider::discovery {

/// Cuts a stream into its lines, as watches send one JSON document in each. Empty lines are no documents.
class json_lines {
  public:
    /// @param longest  the most bytes of a line
    explicit json_lines(std::size_t longest) : longest_(longest) {}

    /// @param take  gets each line that is complete; false: no more
    /// @return false when take() said so, or the line is too long
    bool feed(std::string_view piece, const std::function<bool(std::string_view line)>& take);
    bool too_long() const { return too_long_; }

  private:
    bool hand_on(std::string_view line, const std::function<bool(std::string_view)>& take);

    const std::size_t longest_;
    std::string begun_;  ///< of a line that is not complete
    bool too_long_ = false;
};

}  // namespace outrider::discovery
