#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrider::collector {

/// Memory for very many small pieces that stay, apart from the heap where requests and answers come and go: between
/// those, the pieces would hold on to pages that are free but for one of them. A piece takes its size rounded up to
/// eight bytes and nothing beside. Pieces of one size stand in slabs; the pages of a slab that has none left go back to
/// the system. Not thread-safe. What has not been released goes with the pool.
///
///     slab = header piece piece piece ...      64 KiB, and aligned to that, so that a piece finds its slab
class block_pool {
  public:
    static constexpr std::size_t most = 1'024;  ///< of one piece
    static constexpr std::size_t slab_bytes = 64 << 10;

    block_pool() = default;
    ~block_pool();
    block_pool(const block_pool&) = delete;
    block_pool& operator=(const block_pool&) = delete;

    static constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }
    /// @param bytes  1 to most
    char* take(std::size_t bytes);
    /// @param bytes  what it was taken with
    void give_back(char* piece, std::size_t bytes);

    /// Of all slabs that hold something.
    std::size_t memory() const { return (slabs_ - empty_.size()) * slab_bytes; }

  private:
    struct slab;
    struct free_piece;
    static constexpr std::size_t slabs_of_region = 64;

    slab* fresh(std::size_t size);
    slab*& open_of(std::size_t size) { return open_[size / 8]; }
    void open(slab* one);
    void close(slab* one);
    void map_region();

    std::array<slab*, most / 8 + 1> open_{};  ///< slabs with room, by the size of their pieces
    std::vector<slab*> empty_;
    std::vector<void*> regions_;
    std::size_t slabs_ = 0;
};

}  // namespace outrider::collector
