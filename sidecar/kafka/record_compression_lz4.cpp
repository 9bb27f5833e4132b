#include <algorithm>

#include <lz4frame.h>

#include "sidecar/kafka/record_compression_parts.hpp"

namespace outrider::kafka {
namespace {

/// The lz4 frame format. Blocks of 64 KiB, each on its own, without checksums: what Kafka's Java client writes, and all
/// that it reads.
class lz4_packer final : public packer {
  public:
    lz4_packer() {
        LZ4F_createDecompressionContext(&in_, LZ4F_VERSION);
        LZ4F_createCompressionContext(&out_, LZ4F_VERSION);
    }
    ~lz4_packer() override {
        LZ4F_freeDecompressionContext(in_);
        LZ4F_freeCompressionContext(out_);
    }

    codec_outcome unpack(std::string_view packed, output_room& out) override {
        if (in_ == nullptr) return codec_outcome::unsupported;
        LZ4F_resetDecompressionContext(in_);
        note_block_size(packed);
        // A block that fits is unpacked where it belongs, without a detour.
        static constexpr std::size_t block = 64 << 10;
        std::size_t wanted = 1;
        while (wanted != 0 || !packed.empty()) {
            if (!out.more(block)) return ends_here(packed);
            std::size_t taken = packed.size(), given = out.free();
            wanted = LZ4F_decompress(in_, out.next(), &given, packed.data(), &taken, nullptr);
            if (LZ4F_isError(wanted)) return codec_outcome::malformed;
            if (taken == 0 && given == 0 && wanted != 0) return codec_outcome::malformed;  // truncated
            packed.remove_prefix(taken);
            out.filled(given);
        }
        return codec_outcome::ok;
    }

    codec_outcome pack(std::string_view plain, output_room& out) override {
        if (out_ == nullptr) return codec_outcome::unsupported;
        LZ4F_preferences_t preferences{};
        preferences.frameInfo.blockSizeID = LZ4F_max64KB;
        preferences.frameInfo.blockMode = LZ4F_blockIndependent;
        preferences.autoFlush = 1;
        if (!out.reserve(LZ4F_compressFrameBound(plain.size(), &preferences))) return codec_outcome::too_large;
        LZ4F_compressOptions_t options{};
        options.stableSrc = 1;
        auto step = [&](std::size_t written) {
            if (LZ4F_isError(written)) return false;
            out.filled(written);
            return true;
        };
        bool ok = step(LZ4F_compressBegin(out_, out.next(), out.free(), &preferences)) &&
                  step(LZ4F_compressUpdate(out_, out.next(), out.free(), plain.data(), plain.size(), &options)) &&
                  step(LZ4F_compressEnd(out_, out.next(), out.free(), &options));
        return ok ? codec_outcome::ok : codec_outcome::unsupported;
    }

    std::size_t memory() const override { return largest_block_ * 2; }

  private:
    // The library keeps room for two blocks of the largest size that it met. It is in the sixth byte of a frame, where
    // 4 is 64 KiB and each step four times as much; a wrong one is refused later.
    void note_block_size(std::string_view packed) {
        if (packed.size() < 6) return;
        auto id = static_cast<unsigned>(packed[5]) >> 4 & 7;
        largest_block_ = std::max(largest_block_, std::size_t{1} << (8 + 2 * id));
    }

    // The room is full to its bound. Only the mark of the frame's end, and a checksum, may still come.
    codec_outcome ends_here(std::string_view packed) {
        std::size_t wanted = 1;
        while (!packed.empty()) {
            char none;
            std::size_t taken = packed.size(), given = 0;
            wanted = LZ4F_decompress(in_, &none, &given, packed.data(), &taken, nullptr);
            if (LZ4F_isError(wanted)) return codec_outcome::malformed;
            if (taken == 0) return codec_outcome::too_large;
            packed.remove_prefix(taken);
        }
        return wanted == 0 ? codec_outcome::ok : codec_outcome::too_large;
    }

    std::size_t largest_block_ = 0;
    LZ4F_dctx* in_ = nullptr;
    LZ4F_cctx* out_ = nullptr;
};

}  // namespace

std::unique_ptr<packer> make_lz4() { return std::make_unique<lz4_packer>(); }

}  // namespace outrider::kafka
