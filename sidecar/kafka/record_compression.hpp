#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_batch.hpp"

namespace outrider::kafka {

/// How much the records of a batch may unpack to: the smaller of the two counts.
struct inflation_bound {
    std::size_t most_bytes = std::size_t{16} << 20;
    std::size_t most_ratio = 256;                   ///< unpacked to packed bytes ...
    std::size_t free_bytes = std::size_t{1} << 20;  ///< ... which does not matter below this size

    std::size_t for_packed(std::size_t size) const;
};

enum class codec_outcome : std::uint8_t {
    ok,
    malformed,    ///< not what the codec says, truncated, or followed by something else
    too_large,    ///< more than the bound, or a window that no client of Kafka writes
    unsupported,  ///< a number that is no codec
};

/// Which of its two formats snappy has: bare, or in the blocks of the Java library xerial. Other codecs have one.
enum class snappy_framing : std::uint8_t { raw, xerial };

/// The compressors and decompressors of one thread, with their memory, which is made at first use and kept.
class record_codecs {
  public:
    record_codecs();
    ~record_codecs();
    record_codecs(const record_codecs&) = delete;
    record_codecs& operator=(const record_codecs&) = delete;

    /// What came out of one of them; the bytes live until its next call.
    struct result {
        codec_outcome outcome = codec_outcome::ok;
        std::string_view bytes;
        snappy_framing framing = snappy_framing::xerial;  ///< of what was unpacked
    };

    result decompress(codec how, std::string_view packed, const inflation_bound& bound);
    /// Packs as clients of Kafka can read: lz4 in independent blocks, snappy in the framing that is asked for.
    result compress(codec how, std::string_view plain, snappy_framing framing);
    /// Where a caller puts the records between the two; kept with the rest.
    std::string& scratch();
    /// Gives back what unusually large batches have left behind.
    void trim();

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::kafka
