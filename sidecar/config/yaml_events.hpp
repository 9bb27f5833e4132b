#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <libfyaml.h>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

/// libfyaml's event parser with everything it holds released by itself. Only yaml*.cpp include this.
/// libfyaml would print to stderr: its findings are collected here instead.
class yaml_events {
  public:
    /// One event; the token views live as long as it does.
    class event {
      public:
        event(fy_parser* parser, fy_event* raw) : parser_(parser), raw_(raw) {}
        event(event&& other) noexcept : parser_(other.parser_), raw_(std::exchange(other.raw_, nullptr)) {}
        event& operator=(event&&) = delete;
        ~event();
        fy_event_type type() const { return raw_->type; }
        std::string_view text() const;
        bool plain() const;  ///< a scalar without quotes
        bool flow() const;   ///< a list or mapping in brackets
        std::string anchor() const;
        std::string tag() const;
        /// Where it starts (from 1), when it has any text of its own.
        std::optional<std::pair<unsigned, unsigned>> position() const;
        /// Its first byte and the one behind its last, quotes and brackets included, when it has any text of its own.
        /// Of a block scalar that text may go on until what comes next.
        std::optional<std::pair<std::size_t, std::size_t>> span() const;

      private:
        fy_parser* parser_;
        fy_event* raw_;
    };

    /// YAML wants what goes on within quotes or brackets to be indented deeper than its key. Most parsers, that of
    /// Kubernetes among them, do not.
    enum class indentation { strict, lenient };

    explicit yaml_events(std::string_view bytes, indentation within = indentation::strict);

    /// The next event; none after the end of the stream or a syntax error.
    std::optional<event> next();
    /// What libfyaml complained about, with line and column from 1 and its own words.
    std::optional<diagnostic> complaint() const;

  private:
    struct destroy {
        void operator()(fy_diag* d) const { fy_diag_destroy(d); }
        void operator()(fy_parser* p) const { fy_parser_destroy(p); }
    };
    std::unique_ptr<fy_diag, destroy> diag_;
    std::unique_ptr<fy_parser, destroy> parser_;
};

}  // namespace outrider::config
