#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::kafka {

/// How a message writes lengths: int16 and int32, or (KIP-482) varints of N+1 with tagged fields behind each struct.
enum class encoding : std::uint8_t { classic, flexible };

/// A topic's id (KIP-516); all zero is none.
struct topic_id {
    std::array<std::uint8_t, 16> bytes{};
    bool valid() const { return *this != topic_id{}; }
    auto operator<=>(const topic_id&) const = default;
};

/// Reads the primitive types of Kafka's protocol out of bytes that nobody vouches for. It fails sticky: after the first
/// read that does not fit, every read gives zero or nothing and failed() stays true, so it is asked once, at the end.
class wire_reader {
  public:
    explicit wire_reader(std::string_view in) : in_(in) {}

    bool failed() const { return failed_; }
    /// Makes everything that follows fail, when a value makes no sense to the caller.
    void fail() { failed_ = true; }
    std::size_t position() const { return at_; }
    std::size_t left() const { return failed_ ? 0 : in_.size() - at_; }
    /// What has been read since `from`, a former position().
    std::string_view since(std::size_t from) const { return in_.substr(from, at_ - from); }

    bool boolean() { return int8() != 0; }
    std::int8_t int8() { return static_cast<std::int8_t>(number<1>()); }
    std::int16_t int16() { return static_cast<std::int16_t>(number<2>()); }
    std::int32_t int32() { return static_cast<std::int32_t>(number<4>()); }
    std::int64_t int64() { return static_cast<std::int64_t>(number<8>()); }
    std::uint32_t unsigned_varint();
    /// Zigzag, at most 32 (or 64) bits.
    std::int32_t varint();
    std::int64_t varlong();
    topic_id uuid();

    /// @return nothing, and fails, when fewer are left
    std::string_view take(std::size_t size);
    void skip(std::size_t size) { (void)take(size); }

    /// A string that may be null; null has a null data().
    std::string_view string(encoding how);
    /// Bytes that may be null; lengths are int32 or varints.
    std::string_view bytes(encoding how);
    /// The number of elements, -1 for null. More elements than bytes are left is a lie, and fails.
    std::int32_t array(encoding how);
    /// Passes the tagged fields; nothing for classic.
    void skip_tags(encoding how);

  private:
    template <std::size_t Size>
    std::uint64_t number() {
        if (left() < Size) return failed_ = true, 0;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < Size; ++i) value = value << 8 | static_cast<std::uint8_t>(in_[at_ + i]);
        at_ += Size;
        return value;
    }
    std::uint64_t varint_bits(unsigned most_bytes);

    std::string_view in_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

/// Appends the primitive types of Kafka's protocol to a string.
class wire_writer {
  public:
    explicit wire_writer(std::string& out) : out_(out) {}

    void boolean(bool value) { int8(value ? 1 : 0); }
    void int8(std::int8_t value) { number<1>(static_cast<std::uint64_t>(value)); }
    void int16(std::int16_t value) { number<2>(static_cast<std::uint64_t>(value)); }
    void int32(std::int32_t value) { number<4>(static_cast<std::uint64_t>(value)); }
    void int64(std::int64_t value) { number<8>(static_cast<std::uint64_t>(value)); }
    void unsigned_varint(std::uint32_t value);
    void varint(std::int32_t value);
    void varlong(std::int64_t value);
    void uuid(const topic_id& id) { out_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()); }
    void raw(std::string_view bytes) { out_.append(bytes); }
    /// A view with a null data() is written as null.
    void string(std::string_view text, encoding how);
    void bytes(std::string_view data, encoding how);
    /// -1 is null.
    void array(std::int32_t count, encoding how);
    /// No tagged fields; nothing for classic.
    void no_tags(encoding how);

    /// Writes an int32 over what is at `offset` of the string: lengths that are known late.
    void int32_at(std::size_t offset, std::int32_t value);

  private:
    template <std::size_t Size>
    void number(std::uint64_t value) {
        char bytes[Size];
        for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<char>(value >> 8 * (Size - 1 - i));
        out_.append(bytes, Size);
    }

    std::string& out_;
};

}  // namespace outrider::kafka
