#include "sidecar/collector/block_pool.hpp"

#include <new>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (void(address), void(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (void(address), void(size))
#endif

namespace outrider::collector {

/// Where a piece was.
struct block_pool::free_piece {
    free_piece* next;
};

struct block_pool::slab {
    slab *before = nullptr, *after = nullptr;  ///< in the list of those with room
    free_piece* free = nullptr;
    std::uint32_t size = 0;     ///< of a piece
    std::uint32_t reached = 0;  ///< up to here pieces have been handed out: beyond, no page has been touched
    std::uint32_t taken = 0;

    bool full() const { return free == nullptr && reached + size > slab_bytes; }
    char* at(std::size_t offset) { return reinterpret_cast<char*>(this) + offset; }
    static slab* of(char* piece) {
        return reinterpret_cast<slab*>(reinterpret_cast<std::uintptr_t>(piece) & ~(slab_bytes - 1));
    }
};

block_pool::~block_pool() {
    for (auto* one : regions_) {
        ASAN_UNPOISON_MEMORY_REGION(one, (slabs_of_region + 1) * slab_bytes);
        ::munmap(one, (slabs_of_region + 1) * slab_bytes);
    }
}

char* block_pool::take(std::size_t bytes) {
    const auto size = rounded(bytes);
    auto* from = open_of(size) != nullptr ? open_of(size) : fresh(size);
    ++from->taken;
    char* piece = nullptr;
    if (from->free != nullptr) {
        piece = reinterpret_cast<char*>(from->free);
        ASAN_UNPOISON_MEMORY_REGION(piece, size);
        from->free = from->free->next;
    } else {
        piece = from->at(from->reached);
        ASAN_UNPOISON_MEMORY_REGION(piece, size);
        from->reached += static_cast<std::uint32_t>(size);
    }
    if (from->full()) close(from);
    return piece;
}

void block_pool::give_back(char* piece, std::size_t bytes) {
    auto* from = slab::of(piece);
    const bool was_full = from->full();
    from->free = new (piece) free_piece{from->free};
    ASAN_POISON_MEMORY_REGION(piece, rounded(bytes));
    if (was_full) open(from);
    if (--from->taken > 0) return;
    close(from);
    ASAN_UNPOISON_MEMORY_REGION(from, slab_bytes);
    ::madvise(from, slab_bytes, MADV_DONTNEED);
    empty_.push_back(from);
}

block_pool::slab* block_pool::fresh(std::size_t size) {
    if (empty_.empty()) map_region();
    auto* one = new (empty_.back()) slab;
    empty_.pop_back();
    one->size = static_cast<std::uint32_t>(size);
    one->reached = static_cast<std::uint32_t>((sizeof(slab) + 7) / 8 * 8);
    ASAN_POISON_MEMORY_REGION(one->at(one->reached), slab_bytes - one->reached);
    open(one);
    return one;
}

void block_pool::open(slab* one) {
    auto*& first = open_of(one->size);
    one->before = nullptr;
    one->after = first;
    if (first != nullptr) first->before = one;
    first = one;
}

void block_pool::close(slab* one) {
    (one->before != nullptr ? one->before->after : open_of(one->size)) = one->after;
    if (one->after != nullptr) one->after->before = one->before;
}

/// Addresses of many slabs at once, one more than are used so that they can be aligned; pages come when touched.
void block_pool::map_region() {
    auto* region = ::mmap(nullptr, (slabs_of_region + 1) * slab_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) throw std::bad_alloc{};
    regions_.push_back(region);
    auto* first = slab::of(static_cast<char*>(region) + slab_bytes - 1);
    for (std::size_t i = slabs_of_region; i > 0; --i)
        empty_.push_back(reinterpret_cast<slab*>(first->at((i - 1) * slab_bytes)));
    slabs_ += slabs_of_region;
}

}  // namespace outrider::collector
