#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace outrider::collector {

constexpr std::uint64_t zigzag(std::uint64_t difference) { return difference << 1 ^ (0 - (difference >> 63)); }
constexpr std::uint64_t unzigzag(std::uint64_t value) { return value >> 1 ^ (0 - (value & 1)); }

/// Appends integers and bytes.
class byte_writer {
  public:
    explicit byte_writer(std::string& out) : out_(out) {}

    void byte(unsigned value) { out_ += static_cast<char>(value); }
    void whole(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
        out_ += static_cast<char>(value);
    }
    void raw(std::string_view bytes) { out_.append(bytes); }
    template <class Bytes>
    void array(const Bytes& bytes) {
        out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }

  private:
    std::string& out_;
};

/// Reads them back. What goes beyond the end fails for good and reads as zeros, so that one look at the end suffices.
class byte_reader {
  public:
    explicit byte_reader(std::string_view bytes) : left_(bytes) {}

    unsigned byte() {
        const auto one = raw(1);
        return one.empty() ? 0 : static_cast<unsigned char>(one[0]);
    }
    std::uint64_t whole() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
            const auto next = static_cast<unsigned char>(left_[0]);
            left_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        fail();
        return 0;
    }
    std::string_view raw(std::uint64_t size) {
        if (size > left_.size()) {
            fail();
            return {};
        }
        const auto bytes = left_.substr(0, size);
        left_.remove_prefix(size);
        return bytes;
    }
    template <class Bytes>
    void array(Bytes& into) {
        const auto bytes = raw(into.size());
        if (!bytes.empty()) std::memcpy(into.data(), bytes.data(), into.size());
    }

    void fail() {
        failed_ = true;
        left_ = {};
    }
    bool failed() const { return failed_; }
    bool done() const { return left_.empty(); }
    std::size_t left() const { return left_.size(); }

  private:
    std::string_view left_;
    bool failed_ = false;
};

}  // namespace outrider::collector
