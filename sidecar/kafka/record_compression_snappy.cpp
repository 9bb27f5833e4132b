#include <algorithm>

#include <snappy.h>

#include "sidecar/kafka/record_compression_parts.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

// What xerial's SnappyOutputStream writes: this magic, its version and the least version that reads it, then blocks,
// each behind its packed size. Its blocks hold 32 KiB.
constexpr auto magic = "\x82SNAPPY\0"sv;
constexpr std::size_t xerial_header = magic.size() + 8, xerial_block = std::size_t{32} << 10;

codec_outcome unpack_block(std::string_view block, output_room& out) {
    std::size_t size = 0;
    if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) return codec_outcome::malformed;
    if (!out.reserve(size)) return codec_outcome::too_large;
    if (!snappy::RawUncompress(block.data(), block.size(), out.next())) return codec_outcome::malformed;
    out.filled(size);
    return codec_outcome::ok;
}

codec_outcome unpack_blocks(std::string_view blocks, output_room& out) {
    wire_reader in{blocks};
    while (in.left() != 0) {
        auto size = in.int32();
        if (size <= 0) return codec_outcome::malformed;
        auto block = in.take(static_cast<std::size_t>(size));
        if (in.failed()) return codec_outcome::malformed;
        auto outcome = unpack_block(block, out);
        if (outcome != codec_outcome::ok) return outcome;
    }
    return in.failed() ? codec_outcome::malformed : codec_outcome::ok;
}

std::size_t pack_block(std::string_view plain, char* to) {
    std::size_t size = 0;
    snappy::RawCompress(plain.data(), plain.size(), to, &size);
    return size;
}

}  // namespace

codec_outcome unpack_snappy(std::string_view packed, output_room& out, snappy_framing& framing) {
    framing = packed.starts_with(magic) ? snappy_framing::xerial : snappy_framing::raw;
    if (framing == snappy_framing::raw) return unpack_block(packed, out);
    if (packed.size() < xerial_header) return codec_outcome::malformed;
    return unpack_blocks(packed.substr(xerial_header), out);
}

codec_outcome pack_snappy(std::string_view plain, output_room& out, snappy_framing framing) {
    if (framing == snappy_framing::raw) {
        if (!out.reserve(snappy::MaxCompressedLength(plain.size()))) return codec_outcome::too_large;
        out.filled(pack_block(plain, out.next()));
        return codec_outcome::ok;
    }
    auto blocks = plain.size() / xerial_block + 1;
    if (!out.reserve(xerial_header + blocks * (4 + snappy::MaxCompressedLength(xerial_block)))) {
        return codec_outcome::too_large;
    }
    std::copy(magic.begin(), magic.end(), out.next());
    auto number = [](char* to, std::size_t value) {
        for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> 8 * (3 - i));
    };
    number(out.next() + magic.size(), 1);
    number(out.next() + magic.size() + 4, 1);
    out.filled(xerial_header);
    for (; !plain.empty(); plain.remove_prefix(std::min(xerial_block, plain.size()))) {
        auto size = pack_block(plain.substr(0, xerial_block), out.next() + 4);
        number(out.next(), size);
        out.filled(4 + size);
    }
    return codec_outcome::ok;
}

}  // namespace outrider::kafka
