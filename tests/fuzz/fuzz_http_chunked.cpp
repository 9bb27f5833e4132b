// The chunked coding: the outcome never depends on the split, no byte outside of the input is touched, and what was
// decoded can be encoded and decoded again.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/http/body.hpp"
#include "sidecar/http/chunked.hpp"
#include "sidecar/http/forward.hpp"

namespace {

using outrider::http::chunked_decoder;

void require(bool holds) {
    if (!holds) std::abort();
}

struct decoded {
    std::string body, trailers;
    bool done, failed;
    std::size_t consumed;
    bool operator==(const decoded&) const = default;
};

/// Decodes `text` in pieces whose sizes `splits` gives in turn; each piece lies in a block of exactly its size.
decoded decode(std::string_view text, std::string_view splits) {
    chunked_decoder decoder{512};
    decoded out{};
    for (std::size_t at = 0, i = 0; at < text.size() && !decoder.done() && !decoder.failed(); ++i) {
        std::size_t size =
            splits.empty() ? text.size() : static_cast<unsigned char>(splits[i % splits.size()]) % 32 + 1;
        auto piece = text.substr(at, size);
        std::unique_ptr<char[]> exact{new char[piece.size()]};
        std::memcpy(exact.get(), piece.data(), piece.size());
        auto [consumed, produced] = decoder.decode(exact.get(), piece.size());
        require(consumed <= piece.size() && produced <= consumed);
        require(consumed == piece.size() || decoder.done() || decoder.failed());
        out.body.append(exact.get(), produced);
        out.consumed += consumed;
        at += piece.size();
    }
    out.done = decoder.done();
    out.failed = decoder.failed();
    out.trailers = decoder.trailers();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view all{reinterpret_cast<const char*>(data) + 1, size - 1};
    auto splits = all.substr(0, data[0] % 16);
    auto text = all.substr(splits.size());
    auto whole = decode(text, {});
    require(decode(text, splits.empty() ? std::string_view{"\0", 1} : splits) == whole);
    if (!whole.done) return 0;

    std::string again;
    for (std::size_t at = 0; at < whole.body.size(); at += 7) {
        auto piece = std::string_view{whole.body}.substr(at, 7);
        outrider::http::add_chunk_size(again, piece.size());
        again.append(piece).append("\r\n");
    }
    again += "0\r\n";
    std::string kept;
    if (!outrider::http::filter_trailers(whole.trailers, kept)) return 0;
    again += kept + "\r\n";
    auto twice = decode(again, {});
    require(twice.done && twice.body == whole.body && twice.trailers == kept);
    return 0;
}
