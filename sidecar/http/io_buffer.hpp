#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <boost/asio/buffer.hpp>

namespace outrider::http {

/// Bytes that were read and not consumed yet: one block with free room behind. Views into it stay valid until
/// make_room(), reset() or shrink().
class io_buffer {
  public:
    std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
    char* mutable_data() { return block_.get() + begin_; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    std::size_t capacity() const { return capacity_; }

    boost::asio::mutable_buffer room() { return {block_.get() + end_, capacity_ - end_}; }
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

  private:
    std::unique_ptr<char[]> block_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace outrider::http
