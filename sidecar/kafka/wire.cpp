#include "sidecar/kafka/wire.hpp"

#include <algorithm>

namespace outrider::kafka {

std::uint64_t wire_reader::varint_bits(unsigned most_bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < most_bytes; ++i) {
        auto byte = number<1>();
        if (failed_) return 0;
        value |= (byte & 0x7f) << 7 * i;
        if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
}

std::uint32_t wire_reader::unsigned_varint() {
    auto bits = varint_bits(5);
    if (bits > 0xffffffffU) return failed_ = true, 0;
    return static_cast<std::uint32_t>(bits);
}

std::int32_t wire_reader::varint() {
    auto bits = unsigned_varint();
    return static_cast<std::int32_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

std::int64_t wire_reader::varlong() {
    auto bits = varint_bits(10);
    return static_cast<std::int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}

topic_id wire_reader::uuid() {
    topic_id id;
    auto raw = take(id.bytes.size());
    std::copy(raw.begin(), raw.end(), id.bytes.begin());
    return id;
}

std::string_view wire_reader::take(std::size_t size) {
    if (left() < size) return failed_ = true, std::string_view{};
    auto out = in_.substr(at_, size);
    at_ += size;
    return out;
}

std::string_view wire_reader::string(encoding how) {
    if (how == encoding::flexible) return bytes(how);
    auto size = int16();
    if (size == -1) return {};
    if (size < 0) return failed_ = true, std::string_view{};
    return take(static_cast<std::size_t>(size));
}

std::string_view wire_reader::bytes(encoding how) {
    auto size = how == encoding::flexible ? std::int64_t{unsigned_varint()} - 1 : std::int64_t{int32()};
    if (size == -1 || failed_) return {};
    if (size < 0) return failed_ = true, std::string_view{};
    return take(static_cast<std::size_t>(size));
}

std::int32_t wire_reader::array(encoding how) {
    auto count = how == encoding::flexible ? std::int64_t{unsigned_varint()} - 1 : std::int64_t{int32()};
    if (failed_) return 0;
    if (count < -1 || count > static_cast<std::int64_t>(left())) return failed_ = true, 0;
    return static_cast<std::int32_t>(count);
}

void wire_reader::skip_tags(encoding how) {
    if (how == encoding::classic) return;
    auto count = unsigned_varint();
    for (std::uint32_t i = 0; i < count && !failed_; ++i) {
        (void)unsigned_varint();
        skip(unsigned_varint());
    }
}

void wire_writer::unsigned_varint(std::uint32_t value) {
    while (value >= 0x80) {
        out_ += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out_ += static_cast<char>(value);
}

void wire_writer::varint(std::int32_t value) {
    unsigned_varint(static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31));
}

void wire_writer::varlong(std::int64_t value) {
    auto bits = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    while (bits >= 0x80) {
        out_ += static_cast<char>(bits | 0x80);
        bits >>= 7;
    }
    out_ += static_cast<char>(bits);
}

void wire_writer::string(std::string_view text, encoding how) {
    if (how == encoding::flexible) return bytes(text, how);
    if (text.data() == nullptr) return int16(-1);
    int16(static_cast<std::int16_t>(text.size()));
    out_.append(text);
}

void wire_writer::bytes(std::string_view data, encoding how) {
    auto null = data.data() == nullptr;
    if (how == encoding::flexible) {
        unsigned_varint(null ? 0 : static_cast<std::uint32_t>(data.size()) + 1);
    } else {
        int32(null ? -1 : static_cast<std::int32_t>(data.size()));
    }
    out_.append(data);
}

void wire_writer::array(std::int32_t count, encoding how) {
    if (how == encoding::flexible) return unsigned_varint(static_cast<std::uint32_t>(count + 1));
    int32(count);
}

void wire_writer::no_tags(encoding how) {
    if (how == encoding::flexible) out_ += '\0';
}

void wire_writer::int32_at(std::size_t offset, std::int32_t value) {
    for (std::size_t i = 0; i < 4; ++i) out_[offset + i] = static_cast<char>(value >> 8 * (3 - i));
}

}  // namespace outrider::kafka
