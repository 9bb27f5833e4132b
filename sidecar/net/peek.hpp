#pragma once

#include <span>
#include <string_view>

#include "sidecar/net/stream.hpp"

namespace outrider::net {

/// Looks at the first bytes of a plain stream and leaves them where they are, for who reads it afterwards.
class peek {
  public:
    /// @param into  where what is seen lies; as much as is looked at at most
    /// @param over  once it is true nothing is waited for any more; who sets it cancels the stream too
    peek(stream& of, std::span<char> into, const bool& over) : of_(of), into_(into), over_(over) {}
    peek(const peek&) = delete;
    peek& operator=(const peek&) = delete;
    ~peek();

    std::string_view seen() const { return {into_.data(), seen_}; }
    bool full() const { return seen_ == into_.size(); }
    /// Waits until more is there than was seen. @return false when the peer has ended or reset the connection, when
    /// it is over, and when no more is looked at
    awaitable<bool> more();

  private:
    bool look();
    void wake_at(std::size_t bytes);

    stream& of_;
    std::span<char> into_;
    const bool& over_;
    std::size_t seen_ = 0;
    bool woken_late_ = false;  ///< the socket wakes its readers for more than the first byte
};

}  // namespace outrider::net
