#include "sidecar/kafka/record_batch.hpp"

#include <algorithm>

#include <isa-l/crc.h>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

std::optional<batch_header> read_batch_header(std::string_view batch) {
    if (batch.size() < batch_header_size || batch[batch_magic_at] != 2) return {};
    wire_reader in{batch.substr(0, batch_header_size)};
    batch_header header;
    header.base_offset = in.int64();
    header.length = in.int32();
    header.leader_epoch = in.int32();
    header.magic = in.int8();
    header.crc = static_cast<std::uint32_t>(in.int32());
    header.attributes = in.int16();
    header.last_offset_delta = in.int32();
    header.base_timestamp = in.int64();
    header.max_timestamp = in.int64();
    header.producer_id = in.int64();
    header.producer_epoch = in.int16();
    header.base_sequence = in.int32();
    header.records = in.int32();
    return header;
}

std::optional<std::int8_t> batch_magic(std::string_view batch) {
    if (batch.size() <= batch_magic_at) return {};
    return static_cast<std::int8_t>(batch[batch_magic_at]);
}

std::optional<std::size_t> batch_total_size(std::string_view batch) {
    static constexpr std::size_t prefix = batch_length_at + 4;
    if (batch.size() < prefix) return {};
    wire_reader in{batch.substr(batch_length_at, 4)};
    auto length = in.int32();
    if (length < static_cast<std::int32_t>(batch_header_size - prefix)) return {};
    return prefix + static_cast<std::size_t>(length);
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
    // ISA-L inverts neither the initial nor the final value, takes an int as length and reads only.
    static constexpr std::size_t most = std::size_t{1} << 30;
    std::uint32_t crc = ~before;
    while (!bytes.empty()) {
        auto piece = bytes.substr(0, most);
        auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
        crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
        bytes.remove_prefix(piece.size());
    }
    return ~crc;
}

bool crc_matches(std::string_view whole_batch) {
    if (whole_batch.size() < batch_header_size) return false;
    wire_reader in{whole_batch.substr(batch_crc_at, 4)};
    return static_cast<std::uint32_t>(in.int32()) == crc32c(whole_batch.substr(batch_attributes_at));
}

}  // namespace outrider::kafka
