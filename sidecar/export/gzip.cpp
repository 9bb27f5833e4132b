#include "sidecar/export/gzip.hpp"

#include <stdexcept>

#include <zlib.h>

namespace outrider::exporting {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib: 16 asks for a gzip header instead of its own
constexpr int memory_level = 8;

void deflate_part(z_stream& stream, std::string_view part, int flush, std::string& out) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    do {
        const auto before = out.size();
        out.resize(before + 64 * 1024);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(out.size() - before);
        ::deflate(&stream, flush);
        out.resize(out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
}

}  // namespace

std::string gzip(const std::vector<std::string_view>& parts) {
    z_stream stream{};
    if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string out;
    for (const auto part : parts) deflate_part(stream, part, Z_NO_FLUSH, out);
    deflate_part(stream, {}, Z_FINISH, out);
    ::deflateEnd(&stream);
    return out;
}

}  // namespace outrider::exporting
