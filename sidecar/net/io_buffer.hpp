#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <boost/asio/buffer.hpp>

#include "sidecar/net/block_pool.hpp"
#include "sidecar/net/socket.hpp"

namespace outrider::net {

/// Bytes that were read and not consumed yet: one block with free room behind. Views into it stay valid until
/// make_room(), reset() or shrink().
class io_buffer {
  public:
    std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
    char* mutable_data() { return block_.get() + begin_; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }

    asio::mutable_buffer room() { return {block_.get() + end_, capacity_ - end_}; }
    void commit(std::size_t n) { end_ += n; }
    void consume(std::size_t n) { begin_ += n; }
    /// Forgets everything.
    void reset() { begin_ = end_ = 0; }

    /// At least `n` free bytes, by moving the content to the front and growing if need be.
    void make_room(std::size_t n) {
        if (capacity_ - end_ >= n) return;
        auto held = size();
        if (held + n > capacity_) {
            auto larger = std::max(held + n, capacity_ * 2);
            std::unique_ptr<char[]> block{new char[larger]};  // not value-initialised
            if (held > 0) std::memcpy(block.get(), block_.get() + begin_, held);
            block_ = std::move(block);
            capacity_ = larger;
        } else {
            std::memmove(block_.get(), block_.get() + begin_, held);
        }
        begin_ = 0;
        end_ = held;
    }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;  // there may be no block yet
        make_room(bytes.size());
        std::memcpy(block_.get() + end_, bytes.data(), bytes.size());
        end_ += bytes.size();
    }

    /// Gives a block that has grown past `n` back.
    void shrink(std::size_t n) {
        if (capacity_ <= n) return;
        block_.reset();
        capacity_ = begin_ = end_ = 0;
    }

    /// The block, which is no longer this buffer's.
    std::unique_ptr<char[]> release() {
        capacity_ = begin_ = end_ = 0;
        return std::move(block_);
    }
    void adopt(std::unique_ptr<char[]> block, std::size_t capacity) {
        block_ = std::move(block);
        capacity_ = capacity;
        begin_ = end_ = 0;
    }

  private:
    std::unique_ptr<char[]> block_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// An io_buffer whose block is its worker's until there is something to hold.
class lent_buffer final : public read_room {
  public:
    explicit lent_buffer(block_pool& lender) : lender_(lender) {}
    lent_buffer(const lent_buffer&) = delete;
    lent_buffer& operator=(const lent_buffer&) = delete;
    ~lent_buffer() override { reset(); }

    std::string_view data() const { return held_.data(); }
    std::size_t size() const { return held_.size(); }
    bool empty() const { return held_.empty(); }
    void commit(std::size_t n) { held_.commit(n); }
    void consume(std::size_t n) { held_.consume(n); }
    /// For what takes bytes off the front.
    io_buffer& bytes() { return held_; }

    /// Forgets everything, and with it the block.
    void reset() {
        if (held_.capacity() == block_pool::block_size) lender_.give_back(held_.release());
        held_.shrink(0);
    }

    asio::mutable_buffer take() override {
        if (held_.capacity() == 0) held_.adopt(lender_.take(), block_pool::block_size);
        held_.make_room(least_room);
        return held_.room();
    }
    void put_back() override {
        if (held_.empty()) reset();
    }

  private:
    static constexpr std::size_t least_room = 16 * 1024;
    block_pool& lender_;
    io_buffer held_;
};

}  // namespace outrider::net
