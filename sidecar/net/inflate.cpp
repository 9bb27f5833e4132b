#include "sidecar/net/inflate.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace outrider::net {

namespace {

/// zlib's state, freed however the loop ends.
struct inflater {
    inflater() {
        ready = inflateInit2(&stream, MAX_WBITS + 32) == Z_OK;
    }  // 32: gzip and zlib, told apart by their head
    ~inflater() {
        if (ready) inflateEnd(&stream);
    }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    z_stream stream{};
    bool ready = false;
};

constexpr std::size_t first_guess = 64 * 1024;

}  // namespace

boost::system::result<std::string, inflate_error> inflate(std::string_view packed, std::size_t most) {
    inflater state;
    if (!state.ready || packed.size() > std::numeric_limits<uInt>::max()) return inflate_error::damaged;
    auto& stream = state.stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::size_t used = 0;
    while (true) {
        // One byte more than is allowed tells a full answer from one that goes on.
        if (used == out.size()) out.resize(std::min(most + 1, std::max(first_guess, used * 2)));
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream.avail_out = static_cast<uInt>(out.size() - used);
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        used = out.size() - stream.avail_out;
        if (used > most) return inflate_error::too_large;
        if (result == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            if (inflateReset(&stream) != Z_OK) return inflate_error::damaged;
        } else if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) {
            return inflate_error::damaged;
        }
    }
    out.resize(used);
    return out;
}

}  // namespace outrider::net
