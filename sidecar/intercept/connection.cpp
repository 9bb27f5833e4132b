#include "sidecar/intercept/connection.hpp"

#include <array>

#include "sidecar/net/log.hpp"
#include "sidecar/net/original_destination.hpp"
#include "sidecar/net/peek.hpp"

namespace outrider::intercept {
namespace {

/// Where clients are known to speak first, they are given this long before it is left to their data path to wait.
constexpr std::chrono::milliseconds declared_patience{10'000};

template <typename Which>
std::size_t index_of(Which which) {
    return static_cast<std::size_t>(which);
}

}  // namespace

connection::connection(intercept_path& path, net::stream client, const net::tcp_endpoint& peer,
                       exchange::direction direction)
    : path_(path),
      metrics_(path.metrics[index_of(direction)]),
      direction_(direction),
      client_(std::move(client)),
      peer_(peer),
      deadline_(path.worker.wheel(), &on_deadline, this) {
    path_.open.add();
    index_ = path_.connections_.size();
    path_.connections_.push_back(this);
}

connection::~connection() {
    path_.open.subtract();
    path_.connections_.back()->index_ = index_;
    std::swap(path_.connections_[index_], path_.connections_.back());
    path_.connections_.pop_back();
}

void connection::on_deadline(void* self) {
    auto* own = static_cast<connection*>(self);
    own->timed_out_ = own->stopped_ = true;
    own->client_.cancel();
    if (own->up_) own->up_->cancel();
}

void connection::abort() {
    over_ = stopped_ = true;
    client_.cancel();
    if (up_) up_->cancel();
}

/// Zero waits for ever.
void connection::arm(std::chrono::milliseconds wait) {
    timed_out_ = false;
    stopped_ = over_;
    if (wait.count() == 0) return deadline_.disarm();
    deadline_.arm(net::steady_clock::now() + wait);
}

void connection::refuse(refusal why) {
    metrics_.refused[index_of(why)].add();
    spdlog::debug("the connection of {} to {} is refused: {}", net::text_of(peer_), net::text_of(destination_),
                  refusal_names[index_of(why)]);
    client_.reset();
}

bool connection::find_destination() {
    const auto found = net::original_destination(client_.lower().native_handle());
    if (found) destination_ = *found;
    return found.has_value();
}

/// What the application may not be led to, or its callers. Where the application goes by itself the sidecar may go for
/// it: link-local addresses too, which an explicit listener refuses because there a Host chooses them.
std::optional<refusal> connection::judge_destination() {
    switch (path_.around.judge(destination_)) {
        case governance::egress_refusal::own_listener:
            return refusal::own_listener;
        case governance::egress_refusal::unspecified:
        case governance::egress_refusal::multicast:
            return refusal::no_destination;
        default:
            break;
    }
    if (direction_ == exchange::direction::outbound) return std::nullopt;
    if (!path_.is_of_application(destination_.port())) return refusal::not_declared;
    if (path_.shares_our_user(destination_.port())) return refusal::shared_user;
    destination_ = path_.application_at(destination_);
    return std::nullopt;
}

net::awaitable<connection::expectation> connection::expect() {
    expectation out;
    const bool outbound = direction_ == exchange::direction::outbound;
    const auto* declared = path_.declared(destination_.port());
    using kind = config::intercepted_protocol::kind;
    if (declared && declared->what == kind::http) out.what = protocol::http;
    if (declared && declared->what == kind::tcp) out.what = protocol::tcp;
    // Which clusters a sidecar knows is about its own application's clients, not about its callers.
    if (declared && declared->what == kind::kafka) out.what = outbound ? protocol::kafka : protocol::tcp;
    if (!outbound || (out.what && *out.what != protocol::kafka)) co_return out;
    auto known = co_await path_.around.find_broker(destination_);
    if (known) {
        out.what = protocol::kafka;
        out.broker = *known;
    }
    if (declared) out.broker.cluster = path_.around.cluster_named(declared->cluster);
    co_return out;
}

/// Until the first bytes tell what they are, or the time is over.
net::awaitable<first_words> connection::listen(std::chrono::milliseconds patience) {
    std::array<char, most_first_bytes> seen;
    net::peek look{client_, seen, stopped_};
    auto said = first_words::unsure;
    arm(patience);
    while (said == first_words::unsure) {
        bool more = co_await look.more();
        if (!more) break;
        said = judge_first_words(look.seen());
    }
    deadline_.disarm();
    co_return said;
}

protocol connection::decide(const expectation& expected, first_words said) {
    const bool passes = said == first_words::tls || said == first_words::not_ours;
    if (expected.what) return passes ? protocol::tcp : *expected.what;
    return said == first_words::http ? protocol::http : protocol::tcp;
}

void connection::note_unknown_broker(first_words said) const {
    if (said != first_words::kafka || direction_ != exchange::direction::outbound) return;
    spdlog::info("{} speaks Kafka to {}, which is no broker of a cluster under 'kafka': passed on as it is, untraced",
                 net::text_of(peer_), net::text_of(destination_));
}

/// A pool that connects ahead: it is likely to do so again, and this is what there is to do about it.
void connection::note_silence() const {
    const auto port = destination_.port();
    if (direction_ != exchange::direction::inbound || !path_.is_first_silence(port)) return;
    spdlog::warn(
        "a caller of port {} said nothing within intercept.detect ({} ms): its connection passes as it is, untraced, "
        "and "
        "a stop cuts it off; declare what the port speaks, such as intercept.ports: {{\"{}\": http}}",
        port, path_.settings.intercept.detect.count(), port);
}

net::awaitable<void> connection::serve() {
    if (!find_destination()) co_return refuse(refusal::not_redirected);
    const auto refused = judge_destination();
    if (refused) co_return refuse(*refused);
    auto expected = co_await expect();
    auto said = first_words::unsure;
    const auto patience = expected.what ? declared_patience : path_.settings.intercept.detect;
    if (expected.what != protocol::tcp && patience.count() > 0) said = co_await listen(patience);
    if (over_) co_return client_.close();
    const auto what = decide(expected, said);
    if (!expected.what) note_unknown_broker(said);
    if (!expected.what && timed_out_) note_silence();
    metrics_.connections[index_of(what)].add();
    if (what == protocol::http) co_return path_.around.http(std::move(client_), peer_, destination_, direction_);
    if (what == protocol::kafka) co_return path_.around.kafka(std::move(client_), peer_, destination_, expected.broker);
    co_await tunnel();
}

}  // namespace outrider::intercept
