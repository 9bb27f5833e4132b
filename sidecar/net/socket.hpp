#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/detail/recycling_allocator.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "sidecar/net/asio.hpp"

namespace outrider::net {

class pending_reads;

/// Room for a read that is found only when there is something to read, so that a wait holds no memory.
class read_room {
  public:
    virtual ~read_room() = default;
    virtual asio::mutable_buffer take() = 0;
    /// There was nothing to read after all.
    virtual void put_back() = 0;
};

/// A read that waits in Asio's reactor. Linked into its context's pending_reads while it lives.
class pending_read : public asio::detail::reactor_op {
  public:
    pending_read(const pending_read&) = delete;
    pending_read& operator=(const pending_read&) = delete;

  protected:
    /// Reads into `into`, or into `room` when that is given.
    pending_read(pending_reads& among, int descriptor, asio::detail::reactor::per_descriptor_data place,
                 asio::mutable_buffer into, read_room* room, bool asks_behind, func_type completion);
    ~pending_read() { unlink(); }

    /// The outcome; what a late look found is reported to the reactor as a cancellation.
    error_code outcome() const { return found_late_ ? late_error_ : ec_; }

  private:
    friend pending_reads;

    static status perform(reactor_op* self);
    void unlink();

    int descriptor_;
    asio::detail::reactor::per_descriptor_data place_;
    asio::mutable_buffer into_;
    read_room* room_;
    bool asks_behind_;
    pending_read** from_ = nullptr;  ///< what points here
    pending_read* next_ = nullptr;
    bool found_late_ = false;
    error_code late_error_;
};

/// A stream socket that does not ask the kernel for what is hardly ever there.
///
/// Asio begins every read with a recv(2), which for the next request on a connection, or for the answer to what was
/// just sent, comes back empty. With edge-triggered epoll(7) a read that was short has taken all there was, and the
/// next one may wait for the next edge. What stood right behind the bytes hides from that rule. Of an end of the stream
/// or urgent data TCP tells with the bytes to a read that asks (TCP_INQ); of a reset it does
/// not, and other sockets tell nothing: a read that has waited for `late_look` is tried once more.
///
/// To tell the reactor what a read left, it is an operation of our own, by an interface that Asio does not document
/// (the same from Boost 1.81 to 1.83 at least). Its context is run by one thread; one read at a time; cancellation is
/// that of the whole socket.
class socket : public asio::basic_stream_socket<asio::generic::stream_protocol, executor> {
    using base = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

  public:
    using base::base;

    /// Takes over a connection that was just accepted. Nobody else has its descriptor, so closing that takes it out of
    /// the reactor; Asio would spend a system call on it.
    static socket accepted(executor ex, int family, int descriptor);

    /// Whether the reactor has heard of anything since the last read took all there was. What came at this moment it
    /// has not heard of, nor of an end that stood right behind the last bytes.
    bool may_have_news();

    /// Has the next read ask the kernel at once: something is expected that the reactor may not have heard of.
    void expect_news();

    /// At least one byte, or an error; `asio::error::eof` at the peer's end of sending.
    /// @param asks_behind  what stands behind the bytes; a read that does not ask is cheaper, for peers that hardly
    /// ever
    ///                     end together with their bytes
    template <typename Token>
    auto async_read_some(asio::mutable_buffer into, Token&& token, bool asks_behind = true) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(begin_read{}, token, this, into, nullptr,
                                                                          asks_behind);
    }
    template <typename Token>
    auto async_read_some(read_room& into, Token&& token, bool asks_behind = true) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(begin_read{}, token, this,
                                                                          asio::mutable_buffer{}, &into, asks_behind);
    }

  private:
    template <typename Handler>
    class read_operation;

    struct begin_read {
        template <typename Handler>
        void operator()(Handler&& handler, socket* self, asio::mutable_buffer into, read_room* room,
                        bool asks_behind) const {
            using operation = read_operation<std::decay_t<Handler>>;
            auto* memory = typename operation::allocator{}.allocate(1);
            auto& among = self->among();
            if (asks_behind && !std::exchange(self->told_, true)) self->have_it_told();
            self->start(new (memory) operation(among, self->native_handle(), self->place(), into, room, asks_behind,
                                               std::decay_t<Handler>(std::forward<Handler>(handler))));
        }
    };

    pending_reads& among();
    asio::detail::reactor::per_descriptor_data& place() { return impl_.get_implementation().reactor_data_; }
    void start(pending_read* read);
    /// What stands behind the bytes, to reads that ask. Every other read pays for it, too, if less.
    void have_it_told();

    pending_reads* among_ = nullptr;
    bool told_ = false;
};

template <typename Handler>
class socket::read_operation : public pending_read {
  public:
    using allocator = asio::detail::recycling_allocator<read_operation>;

    read_operation(pending_reads& among, int descriptor, asio::detail::reactor::per_descriptor_data place,
                   asio::mutable_buffer into, read_room* room, bool asks_behind, Handler&& handler)
        : pending_read(among, descriptor, place, into, room, asks_behind, &finish), handler_(std::move(handler)) {}

  private:
    /// Without `owner` the context is going down, and the handler is only destroyed.
    static void finish(void* owner, asio::detail::operation* self, const error_code&, std::size_t) {
        auto* read = static_cast<read_operation*>(self);
        auto handler = std::move(read->handler_);
        auto ec = read->outcome();
        auto size = read->bytes_transferred_;
        read->~read_operation();  // its memory serves the handler's next read
        allocator{}.deallocate(read, 1);
        if (owner) std::move(handler)(ec, size);
    }

    Handler handler_;
};

}  // namespace outrider::net
