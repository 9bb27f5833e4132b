#pragma once

#include <string>
#include <string_view>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::tools {

/// What is said about a text, by place. Beyond a hundred of a kind the rest is only counted: finding the line of each
/// costs a look at the whole text.
class inject_findings {
  public:
    inject_findings(std::string_view text, const std::string& name) : text_(text), name_(name) {}

    void error(std::size_t offset, std::string text) { add(errors_, offset, std::move(text)); }
    void note(std::size_t offset, std::string text) { add(notes_, offset, std::move(text)); }
    /// One that has a place of its own, or none. Said once.
    void error(config::diagnostic finding);
    void note_once(std::size_t offset, std::string text);
    bool failed() const { return !errors_.empty(); }
    unsigned line(std::size_t offset) const;

    config::diagnostics& errors() { return errors_; }
    config::diagnostics& notes() { return notes_; }

  private:
    void add(config::diagnostics& to, std::size_t offset, std::string text) const;

    std::string_view text_;
    const std::string& name_;
    config::diagnostics errors_, notes_;
};

}  // namespace outrider::tools
