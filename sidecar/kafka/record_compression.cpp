#include "sidecar/kafka/record_compression.hpp"

#include <algorithm>
#include <limits>

#include "sidecar/kafka/record_compression_parts.hpp"

namespace outrider::kafka {

std::size_t inflation_bound::for_packed(std::size_t size) const {
    auto by_ratio = size > most_bytes / std::max<std::size_t>(most_ratio, 1) ? most_bytes : size * most_ratio;
    return std::min(most_bytes, std::max(by_ratio, free_bytes));
}

bool output_room::more(std::size_t hint) {
    if (free() >= hint) return true;
    static constexpr std::size_t first = 64 << 10;
    auto size = std::max({bytes_.size() * 2, used_ + hint, first});
    bytes_.resize(std::max(bytes_.size(), std::min(size, bound_)));
    return free() != 0;
}

bool output_room::reserve(std::size_t size) {
    if (size > bound_ - used_) return false;
    if (bytes_.size() - used_ < size) bytes_.resize(std::min(std::max(bytes_.size() * 2, used_ + size), bound_));
    return true;
}

void output_room::trim(std::size_t most) {
    if (bytes_.size() <= most) return;
    std::string{}.swap(bytes_);
    used_ = 0;
}

struct record_codecs::parts {
    output_room unpacked, packed;
    std::string scratch;
    std::unique_ptr<packer> gzip, lz4, zstd;

    packer* find(codec how) {
        switch (how) {
            case codec::gzip:
                return made(gzip, make_gzip);
            case codec::lz4:
                return made(lz4, make_lz4);
            case codec::zstd:
                return made(zstd, make_zstd);
            default:
                return nullptr;
        }
    }

    static packer* made(std::unique_ptr<packer>& kept, std::unique_ptr<packer> (*make)()) {
        if (!kept) kept = make();
        return kept.get();
    }
};

record_codecs::record_codecs() : parts_(std::make_unique<parts>()) {}
record_codecs::~record_codecs() = default;

std::string& record_codecs::scratch() { return parts_->scratch; }

record_codecs::result record_codecs::decompress(codec how, std::string_view packed, const inflation_bound& bound) {
    auto& out = parts_->unpacked;
    result done;
    out.start(bound.for_packed(packed.size()));
    if (how == codec::snappy) {
        done.outcome = unpack_snappy(packed, out, done.framing);
    } else {
        auto* found = parts_->find(how);
        done.outcome = found == nullptr ? codec_outcome::unsupported : found->unpack(packed, out);
    }
    if (done.outcome == codec_outcome::ok) done.bytes = out.bytes();
    return done;
}

record_codecs::result record_codecs::compress(codec how, std::string_view plain, snappy_framing framing) {
    auto& out = parts_->packed;
    result done;
    done.framing = framing;
    out.start(std::numeric_limits<std::int32_t>::max());
    if (how == codec::snappy) {
        done.outcome = pack_snappy(plain, out, framing);
    } else {
        auto* found = parts_->find(how);
        done.outcome = found == nullptr ? codec_outcome::unsupported : found->pack(plain, out);
    }
    if (done.outcome == codec_outcome::ok) done.bytes = out.bytes();
    return done;
}

void record_codecs::trim() {
    // Java's client streams zstd at level 3, whose frames ask for a window of 2 MiB.
    static constexpr std::size_t usual = std::size_t{2} << 20, usual_context = 2 * usual;
    parts_->unpacked.trim(usual);
    parts_->packed.trim(usual);
    if (parts_->scratch.capacity() > usual) std::string{}.swap(parts_->scratch);
    for (auto* kept : {&parts_->gzip, &parts_->lz4, &parts_->zstd}) {
        if (*kept && (*kept)->memory() > usual_context) kept->reset();
    }
}

}  // namespace outrider::kafka
