#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// Appends JSON to a string, without a tree in between. It puts the commas; the caller pairs begins with ends and keys
/// with values. What is no UTF-8 becomes U+FFFD, so that the output is always valid.
class json_writer {
  public:
    explicit json_writer(std::string& out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { close('}'); }
    void begin_array() { open('['); }
    void end_array() { close(']'); }
    void key(std::string_view name);

    void text(std::string_view value);
    void boolean(bool value);
    void null();
    template <std::integral Integer>
    void number(Integer value) {
        separate();
        out_ += std::to_string(value);
        comma_ = true;
    }
    void number(double value);  ///< finite

    /// A 64-bit number as OTLP writes it: in quotes.
    template <std::integral Integer>
    void quoted(Integer value) {
        text(std::to_string(value));
    }

    void begin_object(std::string_view name) { key(name), begin_object(); }
    void begin_array(std::string_view name) { key(name), begin_array(); }
    void text(std::string_view name, std::string_view value) { key(name), text(value); }
    void boolean(std::string_view name, bool value) { key(name), boolean(value); }
    template <class Number>
    void number(std::string_view name, Number value) {
        key(name), number(value);
    }
    template <std::integral Integer>
    void quoted(std::string_view name, Integer value) {
        key(name), quoted(value);
    }

  private:
    void separate() {
        if (comma_) out_ += ',';
    }
    void open(char bracket) {
        separate();
        out_ += bracket;
        comma_ = false;
    }
    void close(char bracket) {
        out_ += bracket;
        comma_ = true;
    }

    std::string& out_;
    bool comma_ = false;
};

}  // namespace outrider::tracing
