#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/wire.hpp"

/// What parsers await. Each advance() says whether the step is done, and keeps its state where it is not.
namespace outrider::kafka::push {

struct need_step {
    std::size_t size;
    std::string_view bytes{};
    bool advance(push_input& in) { return in.take(size, bytes); }
    std::string_view value() const { return bytes; }
};

struct skip_step {
    std::uint64_t size;
    bool advance(push_input& in) { return in.pass(size); }
    void value() const {}
    std::uint64_t* passes() { return &size; }
};

struct some_step {
    std::uint64_t most;
    std::string_view bytes{};
    bool advance(push_input& in) {
        auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, in.left()));
        return (most == 0 || size != 0) && in.take(size, bytes);
    }
    std::string_view value() const { return bytes; }
};

struct position_step {
    std::uint64_t at = 0;
    bool advance(push_input& in) { return at = in.position(), true; }
    std::uint64_t value() const { return at; }
};

struct malformed_step {
    bool advance(push_input& in) { return in.fail(); }
    void value() const {}
};

template <typename Integer>
struct integer_step {
    std::string_view bytes{};
    bool advance(push_input& in) { return in.take(sizeof(Integer), bytes); }
    Integer value() const {
        std::uint64_t bits = 0;
        for (auto byte : bytes) bits = bits << 8 | static_cast<std::uint8_t>(byte);
        return static_cast<Integer>(bits);
    }
};

struct uuid_step {
    std::string_view bytes{};
    bool advance(push_input& in) { return in.take(sizeof(topic_id), bytes); }
    topic_id value() const { return wire_reader{bytes}.uuid(); }
};

/// At most five bytes and 32 bits.
struct unsigned_varint_step {
    std::uint64_t bits = 0;
    unsigned shift = 0;
    bool advance(push_input& in) {
        std::uint8_t byte = 0;
        while (in.byte(byte)) {
            bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return bits <= 0xffffffffU || in.fail();
            if ((shift += 7) == 35) return in.fail();
        }
        return false;
    }
    std::uint32_t value() const { return static_cast<std::uint32_t>(bits); }
};

struct varint_step : unsigned_varint_step {
    std::int32_t value() const { return static_cast<std::int32_t>(bits >> 1 ^ (~(bits & 1) + 1)); }
};

struct varlong_step {
    std::uint64_t bits = 0;
    unsigned shift = 0;
    bool advance(push_input& in) {
        std::uint8_t byte = 0;
        while (in.byte(byte)) {
            bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return true;
            if ((shift += 7) == 70) return in.fail();
        }
        return false;
    }
    std::int64_t value() const { return static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1)); }
};

struct length_step {
    encoding how;
    integer_step<std::int32_t> classic{};
    unsigned_varint_step flexible{};
    bool advance(push_input& in) {
        if (how == encoding::classic ? !classic.advance(in) : !flexible.advance(in)) return false;
        return value() >= -1 || in.fail();
    }
    std::int64_t value() const {
        return how == encoding::classic ? std::int64_t{classic.value()} : std::int64_t{flexible.value()} - 1;
    }
};

/// A string that is longer than what can be held is cut there.
struct text_step {
    explicit text_step(encoding how) : flexible(how == encoding::flexible) {}
    bool advance(push_input& in);
    std::string_view value() const { return text; }

    bool flexible, sized = false, have_text = false;
    unsigned_varint_step compact{};
    std::uint64_t rest = 0;
    std::size_t size = 0;
    std::string_view text{};
};

struct tags_step {
    explicit tags_step(encoding how) : next(how == encoding::classic ? part::end : part::count) {}
    bool advance(push_input& in);
    void value() const {}

    enum class part : std::uint8_t { count, number, size, body, end } next;
    unsigned_varint_step number{};
    std::uint32_t left = 0;
    std::uint64_t body = 0;
};

/// The next `size` bytes in one view; at most push_input::most_held.
inline need_step need(std::size_t size) { return {size}; }
/// Passes bytes without a look at them.
inline skip_step skip(std::uint64_t size) { return {size}; }
/// At least one byte and at most `most`, whatever is at hand.
inline some_step some(std::uint64_t most) { return {most}; }
/// Bytes from the start of the message.
inline position_step position() { return {}; }
/// Never comes back.
inline malformed_step malformed() { return {}; }
inline integer_step<std::int8_t> int8() { return {}; }
inline integer_step<std::int16_t> int16() { return {}; }
inline integer_step<std::int32_t> int32() { return {}; }
inline integer_step<std::int64_t> int64() { return {}; }
inline uuid_step uuid() { return {}; }
inline unsigned_varint_step unsigned_varint() { return {}; }
inline varint_step varint() { return {}; }
inline varlong_step varlong() { return {}; }
/// The length of bytes, or the count of an array; -1 is null, and less is malformed.
inline length_step length(encoding how) { return {how}; }
/// A string; null has a null data(). Of one longer than push_input::most_held, the beginning.
inline text_step text(encoding how) { return text_step{how}; }
/// Passes the tagged fields; nothing for classic.
inline tags_step tags(encoding how) { return tags_step{how}; }

}  // namespace outrider::kafka::push
