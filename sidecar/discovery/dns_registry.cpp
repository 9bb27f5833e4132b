#include "sidecar/discovery/dns_registry.hpp"

#include <algorithm>

#include <pthread.h>
#include <signal.h>

#include "sidecar/discovery/dns_service.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::discovery {
namespace {

using steady = std::chrono::steady_clock;
constexpr std::chrono::seconds first_pause{1}, longest_pause{30};

}  // namespace

/// One service that somebody watches.
struct dns_registry::watched {
    std::string name;
    watch_listener to;
    std::shared_ptr<dns_service> service;
    steady::time_point next{};
    std::chrono::seconds pause = first_pause;
    std::string failure;  ///< as it was told; empty: none
    bool asking = false;
    bool told_weights = false;
};

class dns_registry::dns_watch final : public discovery::watch {
  public:
    dns_watch(dns_registry& of, std::shared_ptr<watched> which) : of_(of), which_(std::move(which)) {}
    ~dns_watch() override {
        const std::lock_guard lock(of_.mutex_);
        std::erase(of_.watched_, which_);
    }

  private:
    dns_registry& of_;
    std::shared_ptr<watched> which_;
};

dns_registry::dns_registry(std::string servers)
    : servers_(std::move(servers)), channel_(std::make_unique<dns_channel>(servers_)) {
    status_.reachable = true;
    thread_ = std::thread([this] { run(); });
}

dns_registry::~dns_registry() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        channel_->wake();
    }
    thread_.join();
}

std::unique_ptr<discovery::watch> dns_registry::watch(const std::string& service, watch_listener to) {
    auto made = std::make_shared<watched>();
    made->name = service;
    made->to = std::move(to);
    made->service = std::make_shared<dns_service>(service);
    const std::lock_guard lock(mutex_);
    watched_.push_back(made);
    channel_->wake();
    return std::make_unique<dns_watch>(*this, std::move(made));
}

registry_status dns_registry::look() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

void dns_registry::run() {
    ::pthread_setname_np(::pthread_self(), "dns");
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto now = steady::now();
        auto next = now + std::chrono::seconds{60};
        for (const auto& each : std::vector{watched_}) {
            if (!each->asking && each->next <= now) begin(each);
            if (!each->asking) next = std::min(next, each->next);
        }
        renew_channel();
        lock.unlock();
        channel_->wait(std::chrono::ceil<std::chrono::milliseconds>(next - steady::now()));
        lock.lock();
        channel_->process();
    }
}

void dns_registry::begin(const std::shared_ptr<watched>& which) {
    which->asking = true;
    const auto asker = [this](const std::string& name, dns_type type, std::function<void(dns_reply)> then) {
        channel_->ask(name, type, std::move(then));
    };
    which->service->ask(asker, [this, weak = std::weak_ptr{which}](dns_round round) {
        if (auto alive = weak.lock()) ended(*alive, std::move(round));
    });
}

/// Under the lock. One that is watched no longer is told nothing.
void dns_registry::ended(watched& which, dns_round round) {
    which.asking = false;
    const bool wanted =
        std::any_of(watched_.begin(), watched_.end(), [&](const auto& each) { return each.get() == &which; });
    status_.reachable = round.failure.empty();
    status_.problem = round.failure;
    if (round.failure.empty()) {
        which.pause = first_pause;
        which.next = steady::now() + round.good_for;
        which.failure.clear();
        if (which.service->ignores_weights() && !std::exchange(which.told_weights, true))
            spdlog::info("DNS: the weights of {}'s SRV records are not used: members are chosen by latency and load",
                         which.name);
        if (wanted) which.to.members(std::move(round.members));
        return;
    }
    ++status_.failures;
    renew_ = true;
    which.next = steady::now() + which.pause;
    which.pause = std::min(which.pause * 2, longest_pause);
    if (std::exchange(which.failure, round.failure) != round.failure && wanted) which.to.failed(round.failure);
}

/// After a failure, and when nothing is under way, the machine's settings are read again.
void dns_registry::renew_channel() {
    if (!renew_ || channel_->under_way() > 0) return;
    renew_ = false;
    if (servers_.empty()) channel_ = std::make_unique<dns_channel>(servers_);
}

}  // namespace outrider::discovery
