#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace outrider::net {

/// A worker's spare blocks for what is read from upstreams. The block that was used last is used next: it is still in
/// the processor's cache, which for long answers is worth more than the system calls that a larger buffer spares.
class block_pool {
  public:
    static constexpr std::size_t block_size = 64 * 1024;
    using block = std::unique_ptr<char[]>;

    block take() {
        if (spare_.empty()) return block{new char[block_size]};  // not value-initialised
        auto taken = std::move(spare_.back());
        spare_.pop_back();
        return taken;
    }
    void give_back(block spare) {
        if (spare_.size() < most_spare) spare_.push_back(std::move(spare));
    }

  private:
    static constexpr std::size_t most_spare = 16;
    std::vector<block> spare_;
};

}  // namespace outrider::net
