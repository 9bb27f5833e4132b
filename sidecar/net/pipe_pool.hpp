#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sidecar/net/asio.hpp"

namespace outrider::net {

/// A pipe in which bytes go from one socket to another without being copied into this process and out of it again:
/// splice(2). Sockets have to be non-blocking, and SIGPIPE ignored: splice(2) cannot be told to send none.
class kernel_pipe {
  public:
    /// Nothing when the system gives none.
    static std::optional<kernel_pipe> make();
    kernel_pipe(kernel_pipe&& from) noexcept;
    kernel_pipe& operator=(kernel_pipe&& from) noexcept;
    ~kernel_pipe();

    /// Takes up to `most` bytes out of a socket, without waiting. @return how many; 0 at the end of the stream, or with
    /// `ec`: would_block, or what failed
    std::size_t fill(int socket, std::size_t most, error_code& ec);
    /// Gives what it holds to a socket, as far as that goes at once; `ec` as above.
    void drain(int socket, error_code& ec);
    std::size_t holds() const { return holds_; }

    /// What one holds at most, where the system allows it; 64 KiB else.
    static constexpr std::size_t capacity = 256 * 1024;

  private:
    kernel_pipe(int out, int in) : out_(out), in_(in) {}

    int out_, in_;
    std::size_t holds_ = 0;
};

/// A worker's pipes. One is lent while it has something to hold.
class pipe_pool {
  public:
    /// Nothing when too many are lent, or the system gives none.
    std::optional<kernel_pipe> take();
    /// Takes it back; one that still holds something is closed.
    void give_back(kernel_pipe lent);

  private:
    static constexpr std::size_t most_lent = 32;
    static constexpr std::size_t most_spare = 4;
    std::vector<kernel_pipe> spare_;
    std::size_t lent_ = 0;
};

/// Gives a pipe back, however its use ends.
class pipe_lease {
  public:
    explicit pipe_lease(pipe_pool& pool) : pool_(pool), pipe_(pool.take()) {}
    pipe_lease(const pipe_lease&) = delete;
    pipe_lease& operator=(const pipe_lease&) = delete;
    ~pipe_lease() { end(); }

    /// Empty: none was to be had, or it has ended.
    std::optional<kernel_pipe>& pipe() { return pipe_; }
    void end() {
        if (pipe_) pool_.give_back(std::move(*pipe_));
        pipe_.reset();
    }
    void begin() {
        if (!pipe_) pipe_ = pool_.take();
    }

  private:
    pipe_pool& pool_;
    std::optional<kernel_pipe> pipe_;
};

}  // namespace outrider::net
