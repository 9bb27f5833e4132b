#include <algorithm>
#include <vector>

#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include "sidecar/kafka/record_compression_parts.hpp"

namespace outrider::kafka {
namespace {

/// gzip: unpacked by zlib, which has met every hostile byte there is, and packed by ISA-L, which is several times as
/// fast and sees only bytes that we have checked.
class gzip_packer final : public packer {
  public:
    gzip_packer() : level_memory_(ISAL_DEF_LVL2_DEFAULT) {
        static constexpr int gzip_only = 16 + MAX_WBITS;
        ready_ = inflateInit2(&in_, gzip_only) == Z_OK;
    }
    ~gzip_packer() override {
        if (ready_) inflateEnd(&in_);
    }

    codec_outcome unpack(std::string_view packed, output_room& out) override {
        if (!ready_) return codec_outcome::unsupported;
        if (packed.size() > most_input) return codec_outcome::too_large;
        inflateReset(&in_);
        in_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        in_.avail_in = static_cast<uInt>(packed.size());
        while (true) {
            auto room = out.more(step);
            auto before = in_.avail_in;
            auto [status, given] = inflate_some(out, room);
            if (status == Z_STREAM_END) {
                if (in_.avail_in == 0) return codec_outcome::ok;
                inflateReset(&in_);  // members in a row are one file
            } else if (status != Z_OK && status != Z_BUF_ERROR) {
                return codec_outcome::malformed;
            } else if (given == 0 && in_.avail_in == before) {
                return room ? codec_outcome::malformed : codec_outcome::too_large;
            }
        }
    }

    codec_outcome pack(std::string_view plain, output_room& out) override {
        if (!out.reserve(bound(plain.size()))) return codec_outcome::too_large;
        auto& stream = out_;
        isal_deflate_init(&stream);
        stream.level = 2;
        stream.level_buf = level_memory_.data();
        stream.level_buf_size = static_cast<std::uint32_t>(level_memory_.size());
        stream.gzip_flag = IGZIP_GZIP;
        stream.end_of_stream = 1;
        stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(plain.data()));
        stream.avail_in = static_cast<std::uint32_t>(plain.size());
        stream.next_out = reinterpret_cast<std::uint8_t*>(out.next());
        stream.avail_out = static_cast<std::uint32_t>(out.free());
        if (isal_deflate(&stream) != COMP_OK || stream.internal_state.state != ZSTATE_END) {
            return codec_outcome::unsupported;
        }
        out.filled(stream.total_out);
        return codec_outcome::ok;
    }

    std::size_t memory() const override { return level_memory_.size() + sizeof *this; }

  private:
    struct progress {
        int status;
        uInt given;
    };

    progress inflate_some(output_room& out, bool room) {
        char none;  // at the bound, the end of the member may still be read
        auto free = static_cast<uInt>(room ? out.free() : 0);
        in_.next_out = reinterpret_cast<Bytef*>(room ? out.next() : &none);
        in_.avail_out = free;
        auto status = inflate(&in_, Z_NO_FLUSH);
        auto given = free - in_.avail_out;
        out.filled(given);
        return {status, given};
    }

    static constexpr std::size_t step = 64 << 10, most_input = std::size_t{1} << 30;

    // Stored blocks of 64 KiB are the worst case, and the header, trailer and a margin.
    static std::size_t bound(std::size_t size) { return size + (size >> 10) * 8 + 1024; }

    z_stream in_{};
    isal_zstream out_{};
    bool ready_ = false;
    std::vector<std::uint8_t> level_memory_;
};

}  // namespace

std::unique_ptr<packer> make_gzip() { return std::make_unique<gzip_packer>(); }

}  // namespace outrider::kafka
