#include "sidecar/discovery/dns_channel.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <ares.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sidecar/net/own_mark.hpp"

namespace outrider::discovery {
namespace {

constexpr int one_try_ms = 1'500;
constexpr int tries = 2;
/// What passes unfragmented everywhere (DNS flag day 2020).
constexpr int datagram_bytes = 1'232;

void set_up_library() {
    static const int once = ares_library_init(ARES_LIB_INIT_ALL);
    (void)once;
}

}  // namespace

struct dns_channel::question {
    dns_channel* of;
    dns_type type;
    std::function<void(dns_reply)> then;
};

dns_channel::dns_channel(std::string servers) : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    set_up_library();
    ares_options options{};
    // Search domains belong to the machine's own servers; others are asked for names as they are written.
    options.flags = ARES_FLAG_EDNS | (servers.empty() ? 0 : ARES_FLAG_NOSEARCH);
    options.timeout = one_try_ms;
    options.tries = tries;
    options.ednspsz = datagram_bytes;
    options.sock_state_cb = &dns_channel::on_socket;
    options.sock_state_cb_data = this;
    const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    if (int wrong = ares_init_options(&channel_, &options, given); wrong != ARES_SUCCESS) {
        channel_ = nullptr;
        problem_ = ares_strerror(wrong);
        return;
    }
    // Before it connects, and so over TCP too: an answer that is cut is asked for again there.
    ares_set_socket_configure_callback(
        channel_, [](ares_socket_t socket, int, void*) { return net::mark_as_own(socket), 0; }, nullptr);
    if (servers.empty()) return;
    if (int wrong = ares_set_servers_ports_csv(channel_, servers.c_str()); wrong != ARES_SUCCESS)
        problem_ = servers + ": " + ares_strerror(wrong);
}

dns_channel::~dns_channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
    ::close(wake_);
}

void dns_channel::ask(const std::string& name, dns_type type, std::function<void(dns_reply)> then) {
    if (!problem_.empty()) return then({dns_reply::outcome::failed, {}, problem_});
    ++under_way_;
    auto asked = std::make_unique<question>(question{this, type, std::move(then)});
    ares_search(channel_, name.c_str(), 1, static_cast<int>(type), &dns_channel::on_answer, asked.release());
}

void dns_channel::on_answer(void* arg, int status, int, unsigned char* message, int size) {
    const std::unique_ptr<question> asked{static_cast<question*>(arg)};
    --asked->of->under_way_;
    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
    dns_reply reply;
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA) {
        reply.how = dns_reply::outcome::nobody;
    } else if (status != ARES_SUCCESS) {
        reply.why = ares_strerror(status);
    } else if (auto read = parse_dns_answer({message, static_cast<std::size_t>(size)}, asked->type); !read) {
        reply.why = "the answer is malformed";
    } else {
        const bool any = !read->addresses.empty() || !read->services.empty();
        reply.how = any ? dns_reply::outcome::answered : dns_reply::outcome::nobody;
        reply.answer = std::move(*read);
    }
    asked->then(std::move(reply));
}

void dns_channel::on_socket(void* arg, int socket, int readable, int writable) {
    auto& sockets = static_cast<dns_channel*>(arg)->sockets_;
    const auto events = static_cast<short>((readable != 0 ? POLLIN : 0) | (writable != 0 ? POLLOUT : 0));
    if (events == 0)
        sockets.erase(socket);
    else
        sockets[socket] = events;
}

void dns_channel::wait(std::chrono::milliseconds most) {
    std::vector<pollfd> waiting{{wake_, POLLIN, 0}};
    for (const auto& [socket, events] : sockets_) waiting.push_back({socket, events, 0});
    auto left = std::clamp<std::int64_t>(most.count(), 0, 60'000);
    timeval next{};
    if (channel_ != nullptr && ares_timeout(channel_, nullptr, &next) != nullptr)
        left = std::min<std::int64_t>(left, next.tv_sec * 1'000 + next.tv_usec / 1'000 + 1);
    ready_.clear();
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) <= 0) return;
    std::uint64_t rung = 0;
    if (waiting.front().revents != 0) (void)!::read(wake_, &rung, sizeof rung);
    for (std::size_t i = 1; i < waiting.size(); ++i)
        if (waiting[i].revents != 0) ready_[waiting[i].fd] = waiting[i].revents;
}

void dns_channel::process() {
    if (channel_ == nullptr) return;
    for (const auto& [socket, events] : ready_) {
        if (!sockets_.contains(socket)) continue;  // closed by what came before it
        const bool readable = (events & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool writable = (events & POLLOUT) != 0;
        ares_process_fd(channel_, readable ? socket : ARES_SOCKET_BAD, writable ? socket : ARES_SOCKET_BAD);
    }
    ready_.clear();
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
}

void dns_channel::wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
}

}  // namespace outrider::discovery
