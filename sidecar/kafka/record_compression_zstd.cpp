#include <algorithm>

#include <zstd.h>
#include <zstd_errors.h>

#include "sidecar/kafka/record_compression_parts.hpp"

namespace outrider::kafka {
namespace {

// A frame may ask for a window of this much memory: 8 MiB, which the format's specification says every decoder must
// grant, and what level 19 uses at most.
constexpr int most_window_log = 23;
// Kafka's default level is 3. The batch was packed by its producer for the long run already; here the time counts.
constexpr int level = 1;

class zstd_packer final : public packer {
  public:
    zstd_packer() : in_(ZSTD_createDCtx()), out_(ZSTD_createCCtx()) {
        if (in_ != nullptr) ZSTD_DCtx_setParameter(in_, ZSTD_d_windowLogMax, most_window_log);
        if (out_ != nullptr) ZSTD_CCtx_setParameter(out_, ZSTD_c_compressionLevel, level);
    }
    ~zstd_packer() override {
        ZSTD_freeDCtx(in_);
        ZSTD_freeCCtx(out_);
    }

    codec_outcome unpack(std::string_view packed, output_room& out) override {
        if (in_ == nullptr) return codec_outcome::unsupported;
        if (auto size = known_size(packed); size != 0) return unpack_at_once(packed, size, out);
        ZSTD_DCtx_reset(in_, ZSTD_reset_session_only);
        ZSTD_inBuffer input{packed.data(), packed.size(), 0};
        std::size_t wanted = 1;
        while (true) {
            auto room = out.more(step);
            ZSTD_outBuffer output{room ? out.next() : nullptr, room ? out.free() : 0, 0};
            auto before = input.pos;
            wanted = ZSTD_decompressStream(in_, &output, &input);
            if (ZSTD_isError(wanted)) return judge(wanted);
            out.filled(output.pos);
            if (wanted == 0 && input.pos == input.size) return codec_outcome::ok;
            if (output.pos != 0 || input.pos != before) continue;
            return room ? codec_outcome::malformed : codec_outcome::too_large;
        }
    }

    codec_outcome pack(std::string_view plain, output_room& out) override {
        if (out_ == nullptr) return codec_outcome::unsupported;
        if (!out.reserve(ZSTD_compressBound(plain.size()))) return codec_outcome::too_large;
        auto written = ZSTD_compress2(out_, out.next(), out.free(), plain.data(), plain.size());
        if (ZSTD_isError(written)) return codec_outcome::unsupported;
        out.filled(written);
        return codec_outcome::ok;
    }

    std::size_t memory() const override { return ZSTD_sizeof_DCtx(in_) + ZSTD_sizeof_CCtx(out_); }

  private:
    static constexpr std::size_t step = 64 << 10;

    // What the only frame says that it holds; 0 when it does not say, or another follows.
    static std::size_t known_size(std::string_view packed) {
        auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
        if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return 0;
        if (ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size()) return 0;
        return size;
    }

    // Straight to its place, and so without a window.
    codec_outcome unpack_at_once(std::string_view packed, std::size_t size, output_room& out) {
        if (!out.reserve(size)) return codec_outcome::too_large;
        auto written = ZSTD_decompressDCtx(in_, out.next(), size, packed.data(), packed.size());
        if (ZSTD_isError(written)) return codec_outcome::malformed;
        out.filled(written);
        return codec_outcome::ok;
    }

    static codec_outcome judge(std::size_t error) {
        return ZSTD_getErrorCode(error) == ZSTD_error_frameParameter_windowTooLarge ? codec_outcome::too_large
                                                                                    : codec_outcome::malformed;
    }

    ZSTD_DCtx* in_;
    ZSTD_CCtx* out_;
};

}  // namespace

std::unique_ptr<packer> make_zstd() { return std::make_unique<zstd_packer>(); }

}  // namespace outrider::kafka
