#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/net/block_pool.hpp"
#include "sidecar/net/pipe_pool.hpp"

namespace outrider::kafka {

/// A block of any size.
struct sized_block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t capacity() const { return size; }
};

/// Buffers that were used before, the last one first. What allocators do with blocks of a megabyte is to give them back
/// to the kernel, which hands out others page by page: that took more time than all that is done with the bytes.
template <typename Buffer>
class spare_buffers {
  public:
    /// One of at least `size` bytes, or an empty one.
    Buffer take(std::size_t size) {
        for (auto i = spare_.size(); i > 0; --i) {
            if (spare_[i - 1].capacity() < size) continue;
            auto taken = std::move(spare_[i - 1]);
            spare_.erase(spare_.begin() + static_cast<std::ptrdiff_t>(i - 1));
            unused_ = std::min(unused_, i - 1);
            return taken;
        }
        // What is too small now makes room for what is large enough.
        if (spare_.size() == most_spare) spare_.erase(spare_.begin());
        unused_ = std::min(unused_, spare_.size());
        return {};
    }
    void give_back(Buffer buffer) {
        if (spare_.size() < most_spare && buffer.capacity() <= largest) spare_.push_back(std::move(buffer));
    }
    /// Frees what nobody has needed since the last call.
    void trim() {
        spare_.erase(spare_.begin(), spare_.begin() + static_cast<std::ptrdiff_t>(unused_));
        unused_ = spare_.size();
    }

  private:
    static constexpr std::size_t most_spare = 4;
    static constexpr std::size_t largest = 5U << 20;  ///< a frame that may be held, with the headers added to it

    std::vector<Buffer> spare_;
    std::size_t unused_ = 0;
};

/// What a worker's frames of one cluster lie in.
class frame_memory {
  public:
    /// A block of at least `size` bytes.
    sized_block take_held(std::size_t size) {
        auto taken = held_.take(size);
        if (taken.size >= size) return taken;
        auto rounded =
            (size + net::block_pool::block_size - 1) / net::block_pool::block_size * net::block_pool::block_size;
        return {std::unique_ptr<char[]>{new char[rounded]}, rounded};  // not value-initialised
    }
    void give_back(sized_block spare) { held_.give_back(std::move(spare)); }

    /// An empty string that has room for `size` bytes.
    std::string take_text(std::size_t size) {
        auto taken = texts_.take(size);
        taken.reserve(size);
        return taken;
    }
    void give_back(std::string spare) {
        spare.clear();
        texts_.give_back(std::move(spare));
    }

    /// Once a second.
    void trim() {
        held_.trim();
        texts_.trim();
    }

    net::block_pool blocks;
    net::pipe_pool pipes;

  private:
    spare_buffers<sized_block> held_;
    spare_buffers<std::string> texts_;
};

}  // namespace outrider::kafka
