#include "sidecar/collector/block_pool.hpp"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace outrider::collector {
namespace {

struct piece {
    char* at;
    std::size_t size;
    char filled;
};

bool is_whole(const piece& one) {
    for (std::size_t i = 0; i < one.size; ++i)
        if (one.at[i] != one.filled) return false;
    return true;
}

TEST(BlockPool, GivesEachPieceMemoryOfItsOwn) {
    block_pool pool;
    std::vector<piece> held;
    std::minstd_rand dice{7};
    for (int i = 0; i < 40'000; ++i) {
        if (held.size() > 5'000 || (dice() % 3 == 0 && !held.empty())) {
            std::swap(held[dice() % held.size()], held.back());
            ASSERT_TRUE(is_whole(held.back()));
            pool.give_back(held.back().at, held.back().size);
            held.pop_back();
        }
        const std::size_t size = 1 + dice() % block_pool::most;
        held.push_back({pool.take(size), size, static_cast<char>(dice())});
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(held.back().at) % 8, 0u);
        std::memset(held.back().at, held.back().filled, size);
    }
    for (const auto& one : held) ASSERT_TRUE(is_whole(one));
}

TEST(BlockPool, GivesSlabsThatAreEmptyToPiecesOfAnySize) {
    block_pool pool;
    std::size_t most = 0;
    for (std::size_t size = 8; size <= block_pool::most; size += 8) {
        std::vector<char*> pieces;
        for (std::size_t bytes = 0; bytes < 20 * block_pool::slab_bytes; bytes += size)
            pieces.push_back(pool.take(size));
        most = std::max(most, pool.memory());
        for (auto* one : pieces) pool.give_back(one, size);
        EXPECT_EQ(pool.memory(), 0u) << size;
    }
    EXPECT_LE(most, 22 * block_pool::slab_bytes);
}

TEST(BlockPool, TakesLittleBesideThePieces) {
    block_pool pool;
    constexpr std::size_t count = 100'000;
    for (std::size_t i = 0; i < count; ++i) pool.take(100);
    EXPECT_LE(pool.memory(), count * 104 * 101 / 100 + block_pool::slab_bytes);
}

}  // namespace
}  // namespace outrider::collector
