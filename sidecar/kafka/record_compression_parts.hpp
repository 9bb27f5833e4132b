#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_compression.hpp"

namespace outrider::kafka {

/// Room for output whose size nobody knows: it grows as it is filled, to a bound, and is kept for the next batch.
class output_room {
  public:
    /// Begins again; nothing beyond `bound` bytes will be given.
    void start(std::size_t bound) { used_ = 0, bound_ = bound; }
    /// Where `free()` bytes, at least one, may be written. @return false when the bound is reached
    bool more(std::size_t hint = 1);
    /// Exactly so many bytes in one piece. @return false when that is past the bound
    bool reserve(std::size_t size);
    char* next() { return bytes_.data() + used_; }
    std::size_t free() const { return std::min(bytes_.size(), bound_) - used_; }
    void filled(std::size_t size) { used_ += size; }
    std::string_view bytes() const { return {bytes_.data(), used_}; }
    /// Frees what is more than `most`; bytes() is gone then.
    void trim(std::size_t most);

  private:
    std::string bytes_;  ///< all of it is room: it never shrinks, so that it isn't filled with zeros over and over
    std::size_t used_ = 0;
    std::size_t bound_ = 0;
};

/// One codec in both directions. Both write to room that was started with its bound, and neither throws.
class packer {
  public:
    packer() = default;
    packer(const packer&) = delete;
    packer& operator=(const packer&) = delete;
    virtual ~packer() = default;
    virtual codec_outcome unpack(std::string_view packed, output_room& out) = 0;
    virtual codec_outcome pack(std::string_view plain, output_room& out) = 0;
    /// About how much it holds between batches.
    virtual std::size_t memory() const = 0;
};

std::unique_ptr<packer> make_gzip();
std::unique_ptr<packer> make_lz4();
std::unique_ptr<packer> make_zstd();

/// Snappy has no state to keep.
codec_outcome unpack_snappy(std::string_view packed, output_room& out, snappy_framing& framing);
codec_outcome pack_snappy(std::string_view plain, output_room& out, snappy_framing framing);

}  // namespace outrider::kafka
