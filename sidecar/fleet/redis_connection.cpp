#include "sidecar/fleet/redis_connection.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <hiredis/hiredis.h>
#include <poll.h>
#include <unistd.h>

#include "sidecar/net/try_connect.hpp"

namespace outrider::fleet {
namespace {

using clock = std::chrono::steady_clock;

/// Of an answer; a batch has at most a few hundred short texts.
constexpr std::size_t most_elements = 4'096;
constexpr std::size_t most_bytes = 1 << 20;

timeval timeval_of(std::chrono::milliseconds time) {
    return {.tv_sec = time.count() / 1000, .tv_usec = (time.count() % 1000) * 1000};
}

/// hiredis allocates what an answer announces before it has come, and up to 1.0 without a bound.
redisReplyObjectFunctions* bounded_functions(const redisReplyObjectFunctions& of_hiredis) {
    static const auto usual = of_hiredis;
    static auto bounded = [] {
        auto out = usual;
        // The count is an int or a size_t, by the version of hiredis.
        out.createArray = [](const redisReadTask* task, auto count) -> void* {
            return static_cast<std::size_t>(count) > most_elements ? nullptr : usual.createArray(task, count);
        };
        return out;
    }();
    return &bounded;
}

struct reply_closer {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using reply_pointer = std::unique_ptr<redisReply, reply_closer>;

std::string text_of(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
    return reply.str ? std::string(reply.str, reply.len) : std::string();
}

}  // namespace

std::string_view name_of(redis_error which) {
    constexpr std::array<std::string_view, redis_errors> names{"connect", "timeout", "closed", "garbage", "refused"};
    return names[static_cast<std::size_t>(which)];
}

void redis_connection::closer::operator()(redisContext* context) const { redisFree(context); }

redis_connection::redis_connection() = default;
redis_connection::~redis_connection() = default;
void redis_connection::close() { context_.reset(); }
bool redis_connection::is_open() const { return context_ != nullptr; }

redis_error redis_connection::fail(redis_error how, std::string_view why) {
    why_ = why;
    if (how != redis_error::refused) close();
    return how;
}

redis_connection::result<void> redis_connection::open(const redis_address& to, milliseconds connect,
                                                      milliseconds command) {
    context_.reset();
    // A socket of net's: one of our own connections for the rules of the kernel, and kept from programs that we start.
    const auto socket = net::connect_now({to.host, to.port}, connect);
    if (!socket) return fail(redis_error::connect, socket.error());
    context_.reset(redisConnectFd(*socket));
    if (!context_) return ::close(*socket), fail(redis_error::connect, "out of memory");
    redisSetTimeout(context_.get(), timeval_of(command));  // for writes; reads have their own deadline
    redisEnableKeepAlive(context_.get());
    context_->reader->fn = bounded_functions(*context_->reader->fn);
    if (!to.password.empty()) {
        std::vector<std::string> auth{"AUTH"};
        if (!to.user.empty()) auth.push_back(to.user);
        auth.push_back(to.password);
        if (auto said = call(auth, command); !said) return close(), said.error();
    }
    if (to.database != 0)
        if (auto said = call({"SELECT", std::to_string(to.database)}, command); !said) return close(), said.error();
    return {};
}

redis_connection::result<redis_answer> redis_connection::call(const std::vector<std::string>& command,
                                                              milliseconds patience) {
    if (!context_) return fail(redis_error::closed, "not connected");
    const auto deadline = clock::now() + patience;
    if (auto sent = send(command); !sent) return sent.error();
    return receive(deadline);
}

redis_connection::result<void> redis_connection::send(const std::vector<std::string>& command) {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const auto& part : command) {
        texts.push_back(part.data());
        lengths.push_back(part.size());
    }
    auto* const context = context_.get();
    int done = redisAppendCommandArgv(context, static_cast<int>(texts.size()), texts.data(), lengths.data());
    if (done != REDIS_OK) return fail(redis_error::closed, std::string(context->errstr));
    for (done = 0; done == 0;) {
        errno = 0;
        if (redisBufferWrite(context, &done) == REDIS_OK) continue;
        const bool late = errno == EAGAIN || errno == EWOULDBLOCK;
        return fail(late ? redis_error::timeout : redis_error::closed, std::string(context->errstr));
    }
    return {};
}

redis_connection::result<redis_answer> redis_connection::receive(clock::time_point deadline) {
    auto* const context = context_.get();
    void* found = nullptr;
    while (true) {
        if (redisGetReplyFromReader(context, &found) != REDIS_OK)
            return fail(redis_error::garbage, std::string(context->errstr));
        if (found) break;
        if (context->reader->len > most_bytes) return fail(redis_error::garbage, "an answer without end");
        const auto left = std::chrono::ceil<milliseconds>(deadline - clock::now()).count();
        pollfd ready{.fd = static_cast<int>(context->fd), .events = POLLIN, .revents = 0};
        const int count = left > 0 ? ::poll(&ready, 1, static_cast<int>(left)) : 0;
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail(redis_error::timeout, "no answer in time");
        if (redisBufferRead(context) != REDIS_OK) return fail(redis_error::closed, std::string(context->errstr));
    }
    const reply_pointer reply(static_cast<redisReply*>(found));
    if (reply->type == REDIS_REPLY_ERROR) return fail(redis_error::refused, text_of(*reply));
    redis_answer out{text_of(*reply), {}};
    for (std::size_t i = 0; i < reply->elements; ++i) out.list.push_back(text_of(*reply->element[i]));
    return out;
}

}  // namespace outrider::fleet
