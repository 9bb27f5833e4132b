#pragma once

#include <cassert>
#include <cstdint>
#include <string_view>

#include "sidecar/kafka/frame_memory.hpp"
#include "sidecar/net/io_buffer.hpp"
#include "sidecar/net/stream.hpp"

namespace outrider::kafka {

/// What stands before each request and answer: the number of bytes that follow.
inline constexpr std::size_t size_prefix = 4;

/// One direction of a connection: bytes are read into a block that is lent while there is something to hold, judged
/// frame by frame, and written on in as few writes as possible.
///
///     read --> [ passed, not yet written | unseen ] --> written
///              [ written ahead  ... ]
///
/// A view of unseen() is valid until the next co_await. Members that wait say false when the connection has ended or
/// failed; then error() tells how.
class frame_relay final : public net::read_room {
  public:
    /// @param over  looked at before each wait: when it is true nothing more is read, and written only what goes at
    /// once
    frame_relay(net::stream& from, net::stream& to, frame_memory& lender, const bool& over)
        : from_(from), to_(to), lender_(lender), over_(over) {}
    frame_relay(const frame_relay&) = delete;
    frame_relay& operator=(const frame_relay&) = delete;
    ~frame_relay() override { let_go(); }

    std::string_view unseen() const { return held_.data().substr(passed_); }
    /// The same bytes, to be written over.
    char* unseen_data() { return held_.mutable_data() + passed_; }

    /// The next `n` unseen bytes go on as they are, with the next write.
    void pass(std::size_t n) { passed_ += n; }
    /// The next `n` unseen bytes go nowhere. Only when nothing waits to be written.
    void drop(std::size_t n) {
        assert(passed_ == 0 && ahead_ == 0);
        held_.consume(n);
        if (held_.empty()) let_go();
    }

    /// Where nothing stands behind the next `n` unseen bytes, which will be passed as they are: writes them, and what
    /// has been passed before, as far as that goes at once. The other side wakes while they are still looked into.
    /// Views stay valid.
    void write_ahead(std::size_t n = 0);

    /// Writes what has been passed, then reads `left` bytes that go nowhere, and counts them down.
    net::awaitable<bool> discard(std::size_t& left);
    /// Writes what has been passed.
    net::awaitable<bool> flush();
    /// Writes what has been passed and then `bytes`.
    net::awaitable<bool> write(std::string_view bytes);
    /// Reads once, so that at least one byte more is unseen; there is room for `wanted` unseen bytes in all. What has
    /// been passed is written first.
    net::awaitable<bool> read(std::size_t wanted);
    /// Reads until `n` bytes are unseen.
    net::awaitable<bool> ensure(std::size_t n);

    /// Up to `most` bytes, of which none is held, go on without coming to this process. Waits until some do.
    /// @param gone  how many went; 0 where that cannot be: they are to be read like any others
    net::awaitable<bool> pass_unread(std::size_t most, std::size_t& gone);
    /// From so many bytes on that is worth while.
    static constexpr std::size_t least_unread = 32 * 1024;

    /// Why a member said false; eof for an orderly end between two reads.
    net::error_code error() const { return error_; }
    /// Whether it was the side that is read from that ended or failed.
    bool source_ended() const { return source_ended_; }
    /// Bytes held now.
    std::size_t held() const { return held_.size(); }

    boost::asio::mutable_buffer take() override;
    void put_back() override;

  private:
    bool failed(net::error_code ec, bool source);
    bool can_pass_unread();
    net::awaitable<bool> empty(net::kernel_pipe& pipe);
    void let_go();
    void write_up_to(std::size_t end);
    void written();
    void grow();

    net::stream& from_;
    net::stream& to_;
    frame_memory& lender_;
    const bool& over_;
    net::io_buffer held_;
    std::size_t passed_ = 0;
    std::size_t ahead_ = 0;  ///< so many of the bytes that are held have been written
    net::error_code ahead_error_;
    std::size_t wanted_ = 0;
    bool brief_ = false;     ///< the next read takes only a little
    bool unsplit_ = false;   ///< what was tried showed that bytes cannot pass unread
    bool prepared_ = false;  ///< for bytes that pass unread
    net::error_code error_;
    bool source_ended_ = false;
};

}  // namespace outrider::kafka
