#include "sidecar/net/socket.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sidecar/net/direct_call.hpp"

namespace outrider::net {
namespace {

/// A read is looked at after once to twice this.
constexpr std::chrono::milliseconds late_look{50};

/// What one read took, and what the kernel says of the rest.
struct received {
    ssize_t bytes = 0;
    bool more = false;  ///< further bytes are there, or the end of the stream
};

received receive(int descriptor, asio::mutable_buffer into) {
    received out;
    do {
        out.bytes = direct_recv(descriptor, into.data(), into.size(), MSG_DONTWAIT);
    } while (out.bytes < 0 && errno == EINTR);
    return out;
}

received receive_and_ask(int descriptor, asio::mutable_buffer into) {
    iovec piece{into.data(), into.size()};
    alignas(cmsghdr) char told[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    received out;
    do {
        message.msg_control = told;
        message.msg_controllen = sizeof told;
        out.bytes = ::recvmsg(descriptor, &message, MSG_DONTWAIT);
    } while (out.bytes < 0 && errno == EINTR);
    if (out.bytes <= 0) return out;
    const auto* head = CMSG_FIRSTHDR(&message);
    if (!head || head->cmsg_level != IPPROTO_TCP || head->cmsg_type != TCP_CM_INQ) return out;
    int left = 0;  // an end of the stream counts as one byte
    std::memcpy(&left, CMSG_DATA(head), sizeof left);
    out.more = left > 0;
    return out;
}

bool nothing_there(ssize_t got) { return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK); }

/// The reactor's own note of whether a read would find something is private. The arguments of an explicit instantiation
/// are not asked for their access.
template <auto Member>
struct told {
    friend bool& by_reactor(asio::detail::reactor::descriptor_state& of) {
        return (of.*Member)[asio::detail::reactor::read_op];
    }
};
bool& by_reactor(asio::detail::reactor::descriptor_state& of);
template struct told<&asio::detail::reactor::descriptor_state::try_speculative_>;

}  // namespace

/// The reads of one context that wait, in two generations: what is in the older one at a tick is looked at, once.
class pending_reads : public asio::execution_context::service {
  public:
    using key_type = pending_reads;
    static asio::execution_context::id id;

    explicit pending_reads(asio::execution_context& context)
        : service(context),
          reactor(asio::use_service<asio::detail::reactor>(context)),
          timer_(static_cast<asio::io_context&>(context)) {}

    void add(pending_read& read) {
        link(read, young_);
        if (!std::exchange(ticking_, true)) wait();
    }

    asio::detail::reactor& reactor;

  private:
    void shutdown() override { timer_.cancel(); }

    static void link(pending_read& read, pending_read*& list) {
        read.next_ = list;
        read.from_ = &list;
        if (list) list->from_ = &read.next_;
        list = &read;
    }

    void wait() {
        timer_.expires_after(late_look);
        timer_.async_wait([this](error_code ec) {
            if (!ec) tick();
        });
    }

    void tick() {
        while (old_) look_at(*old_);
        if (young_) young_->from_ = &old_;
        old_ = std::exchange(young_, nullptr);
        ticking_ = old_ != nullptr;
        if (ticking_) wait();
    }

    void look_at(pending_read& read) {
        read.unlink();
        // Read, not peeked at: a peek would take the error of a reset with it.
        if (pending_read::perform(&read) == asio::detail::reactor_op::not_done) return;
        read.found_late_ = true;
        read.late_error_ = read.ec_;
        reactor.cancel_ops_by_key(read.descriptor_, read.place_, asio::detail::reactor::read_op, &read);
    }

    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>
        timer_;
    pending_read* young_ = nullptr;
    pending_read* old_ = nullptr;
    bool ticking_ = false;
};

asio::execution_context::id pending_reads::id;

pending_read::pending_read(pending_reads& among, int descriptor, asio::detail::reactor::per_descriptor_data place,
                           asio::mutable_buffer into, read_room* room, bool asks_behind, func_type completion)
    : reactor_op(error_code{}, &perform, completion),
      descriptor_(descriptor),
      place_(place),
      into_(into),
      room_(room),
      asks_behind_(asks_behind) {
    cancellation_key_ = this;
    among.add(*this);
}

asio::detail::reactor_op::status pending_read::perform(reactor_op* self) {
    auto* read = static_cast<pending_read*>(self);
    auto into = read->room_ ? read->room_->take() : read->into_;
    auto got = read->asks_behind_ ? receive_and_ask(read->descriptor_, into) : receive(read->descriptor_, into);
    if (nothing_there(got.bytes)) {
        if (read->room_) read->room_->put_back();
        return not_done;
    }
    // Its handler may run later: when the descriptor became writable as well, another one comes first, and so may a
    // late look, which must not read once more.
    read->unlink();
    if (got.bytes < 0) {
        read->ec_ = {errno, boost::system::system_category()};
        return done;
    }
    if (got.bytes == 0 && into.size() > 0) read->ec_ = asio::error::eof;
    read->bytes_transferred_ = static_cast<std::size_t>(got.bytes);
    return read->bytes_transferred_ < into.size() && !got.more ? done_and_exhausted : done;
}

void pending_read::unlink() {
    if (!from_) return;
    *from_ = next_;
    if (next_) next_->from_ = from_;
    from_ = nullptr;
}

socket socket::accepted(executor ex, int family, int descriptor) {
    socket made{ex, asio::generic::stream_protocol(family, IPPROTO_TCP), descriptor};
    made.impl_.get_implementation().state_ &= static_cast<unsigned char>(~asio::detail::socket_ops::possible_dup);
    return made;
}

bool socket::may_have_news() { return !place() || by_reactor(*place()); }

void socket::expect_news() {
    if (place()) by_reactor(*place()) = true;
}

pending_reads& socket::among() {
    if (!among_) among_ = &asio::use_service<pending_reads>(get_executor().context());
    return *among_;
}

void socket::have_it_told() {
    int on = 1;
    ::setsockopt(native_handle(), IPPROTO_TCP, TCP_INQ, &on, sizeof on);  // fails for what is no TCP
}

void socket::start(pending_read* read) {
    // "Continues" keeps an operation that is done at once on this thread's own queue, away from the mutex.
    constexpr bool continues = true;
    constexpr bool speculates = true;
    among_->reactor.start_op(asio::detail::reactor::read_op, native_handle(), place(), read, continues, speculates);
}

}  // namespace outrider::net
