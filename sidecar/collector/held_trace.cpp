#include "sidecar/collector/held_trace.hpp"

#include <algorithm>
#include <cstring>

#include "sidecar/collector/byte_stream.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t worth_the_work = 256;  // dead bytes

}  // namespace

tracing::span_id held_entry::id() const {
    tracing::span_id id;
    byte_reader{body}.array(id.bytes);
    return id;
}

void entry_list::iterator::read() {
    if (at_ >= list_->size_) return;
    byte_reader in{std::string_view{list_->bytes_, list_->size_}.substr(at_)};
    const auto length = in.whole();
    now_.offset = at_;
    now_.slot = static_cast<std::uint8_t>(in.byte());
    now_.marks = static_cast<std::uint8_t>(in.byte());
    now_.body = in.raw(length);
    next_ = list_->size_ - static_cast<std::uint32_t>(in.left());
}

std::uint32_t entry_list::append(block_pool& pool, std::uint8_t slot, std::uint8_t marks, std::string_view body) {
    std::string head;  // within the string itself: no allocation
    byte_writer out{head};
    out.whole(body.size());
    out.byte(slot);
    out.byte(marks);
    reserve(pool, head.size() + body.size());
    const auto offset = size_;
    std::memcpy(bytes_ + size_, head.data(), head.size());
    std::memcpy(bytes_ + size_ + head.size(), body.data(), body.size());
    size_ += static_cast<std::uint32_t>(head.size() + body.size());
    return offset;
}

std::size_t entry_list::mark_at(std::uint32_t offset) const {
    byte_reader in{std::string_view{bytes_, size_}.substr(offset)};
    in.whole();
    in.byte();
    return size_ - in.left();
}

void entry_list::mark(std::uint32_t offset, std::uint8_t also) {
    auto& marks = bytes_[mark_at(offset)];
    marks = static_cast<char>(static_cast<unsigned char>(marks) | also);
}

bool entry_list::kill(std::uint32_t offset) {
    const auto one = at(offset);
    mark(offset, mark_dead);
    dead_ += static_cast<std::uint32_t>(one.body.size());
    return dead_ > worth_the_work && dead_ > size_ / 2;
}

void entry_list::compact(block_pool& pool) {
    entry_list kept;
    kept.reserve(pool, size_ - dead_);
    for (const auto& one : *this)
        if (!one.dead()) kept.append(pool, one.slot, one.marks, one.body);
    release(pool);
    *this = kept;
}

void entry_list::release(block_pool& pool) {
    if (capacity_ > block_pool::most)
        delete[] bytes_;
    else if (capacity_ > 0)
        pool.give_back(bytes_, capacity_);
    *this = {};
}

/// What the pool has pieces for is not kept in reserve.
void entry_list::reserve(block_pool& pool, std::size_t more) {
    const auto wanted = size_ + more;
    if (wanted <= capacity_) return;
    entry_list larger;
    larger.capacity_ =
        static_cast<std::uint32_t>(block_pool::rounded(wanted > block_pool::most ? wanted + wanted / 8 : wanted));
    larger.bytes_ = wanted > block_pool::most ? new char[larger.capacity_] : pool.take(larger.capacity_);
    larger.size_ = size_, larger.dead_ = dead_;
    if (size_ > 0) std::memcpy(larger.bytes_, bytes_, size_);
    release(pool);
    *this = larger;
}

}  // namespace outrider::collector
