#include "sidecar/fleet/fleet_client.hpp"

#include <algorithm>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/fleet/key_names.hpp"
#include "sidecar/fleet/lease_script.hpp"
#include "sidecar/net/bell.hpp"
#include "sidecar/net/job_thread.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::fleet {
namespace {

using clock = std::chrono::steady_clock;
using governance::fleet_limiter;

/// SHA-1 in hex, as SCRIPT LOAD answers.
bool is_digest(const std::string& text) {
    return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string place_of(const redis_address& at) { return at.host + ":" + std::to_string(at.port); }

}  // namespace

/// Shared with the thread, which outlives the client when it hangs.
struct fleet_client::parts {
    explicit parts(settings with)
        : how(std::move(with)),
          waker(std::make_shared<net::bell>()),
          link(std::make_shared<governance::fleet_link>(how.replicas, [w = waker] { w->ring(); })),
          random(std::random_device{}()) {}

    struct kept_limit {
        std::string prefix;
        std::weak_ptr<fleet_limiter> limiter;
    };
    /// What one call carries; holds the limits until they have their answers.
    struct batch {
        std::vector<lease_question> questions;
        std::vector<std::shared_ptr<fleet_limiter>> of;  ///< of each question
    };
    /// By the names that their keys begin with.
    using live_limits = std::vector<std::pair<std::string, std::shared_ptr<fleet_limiter>>>;

    void run();
    bool connect();
    void serve();
    void take_turn();
    live_limits live();
    batch collect(const live_limits& limits);
    redis_connection::result<redis_answer> ask(const batch& load);
    void settle(const batch& load, const redis_answer& said, clock::duration took);
    void lose(redis_error error, std::string_view why);
    void back_off();

    const settings how;
    const std::shared_ptr<net::bell> waker;
    const std::shared_ptr<governance::fleet_link> link;
    redis_connection redis;
    std::string digest;  ///< of the script
    std::minstd_rand random;
    clock::duration step{};  ///< of the backoff
    bool told_down = false;
    std::size_t turn = 0;

    mutable std::mutex mutex;  ///< of what follows
    std::vector<kept_limit> limits;
    fleet_stats books;
};

fleet_client::fleet_client(settings how) : parts_(std::make_shared<parts>(std::move(how))) {}
fleet_client::~fleet_client() { stop(); }

std::shared_ptr<fleet_limiter> fleet_client::limiter_for(std::string_view policy, std::size_t index,
                                                         const governance::limit_rule& rule,
                                                         governance::time_point now) {
    auto limiter = std::make_shared<fleet_limiter>(rule, now, parts_->link, name_of_key);
    const std::lock_guard lock(parts_->mutex);
    parts_->limits.push_back({prefix_of(policy, index, rule), limiter});
    return limiter;
}

void fleet_client::start() {
    if (thread_) return;
    thread_ = std::make_unique<net::job_thread>("fleet");
    thread_->post([p = parts_] { p->run(); });
}

void fleet_client::stop(milliseconds patience) {
    parts_->waker->close();
    if (const auto thread = std::move(thread_)) thread->stop(patience);
}

void fleet_client::set_replicas(double count) { parts_->link->set_replicas(count); }

fleet_stats fleet_client::stats() const {
    const std::lock_guard lock(parts_->mutex);
    auto out = parts_->books;
    out.up = parts_->link->look().up;
    for (const auto& kept : parts_->limits) {
        const auto limiter = kept.limiter.lock();
        if (!limiter) continue;
        const auto counts = limiter->look();
        out.local += counts.local;
        out.unasked += counts.unasked;
        out.overflowed += counts.overflowed;
    }
    return out;
}

void fleet_client::parts::run() {
    step = how.first_backoff;
    while (!waker->closed()) {
        if (connect())
            serve();
        else
            back_off();
    }
    link->set_up(false);
    redis.close();
}

/// A connection counts once it has the script: then it answers.
bool fleet_client::parts::connect() {
    if (auto opened = redis.open(how.redis, how.connect, how.command); !opened)
        return lose(opened.error(), redis.why()), false;
    auto loaded = redis.call({"SCRIPT", "LOAD", std::string(lease_script())}, how.command);
    if (!loaded) return lose(loaded.error(), redis.why()), false;
    if (!is_digest(loaded->text)) return lose(redis_error::garbage, "no digest of the script"), false;
    digest = loaded->text;
    step = how.first_backoff;
    if (told_down) spdlog::info("fleet: Redis at {} answers; limits are the fleet's again", place_of(how.redis));
    told_down = false;
    {
        const std::lock_guard lock(mutex);
        ++books.connections;
    }
    link->set_up(true);
    return true;
}

void fleet_client::parts::serve() {
    while (redis.is_open() && !waker->closed()) take_turn();
}

/// Asks what is to be asked; else waits for it, and looks after the connection.
void fleet_client::parts::take_turn() {
    const auto current = live();
    const auto load = collect(current);
    const auto began = clock::now();
    if (!load.questions.empty()) {
        auto said = ask(load);
        if (said) return settle(load, *said, clock::now() - began);
        lose(said.error(), redis.why());
        for (std::size_t i = 0; i < load.questions.size(); ++i)
            load.of[i]->failed(load.questions[i].asked, clock::now());
        return;
    }
    auto due = began + how.idle;
    for (const auto& [prefix, limiter] : current) due = std::min(due, limiter->next_due());
    waker->wait(due);
    if (clock::now() < began + how.idle) return;
    if (auto said = redis.call({"PING"}, how.command); !said) lose(said.error(), redis.why());
}

/// The limits that are still held by anyone; the others are forgotten.
fleet_client::parts::live_limits fleet_client::parts::live() {
    live_limits out;
    const std::lock_guard lock(mutex);
    std::erase_if(limits, [&out](const kept_limit& kept) {
        auto limiter = kept.limiter.lock();
        if (limiter) out.emplace_back(kept.prefix, std::move(limiter));
        return kept.limiter.expired();
    });
    return out;
}

/// Begins with another limit each time, so that a busy one does not keep others waiting.
fleet_client::parts::batch fleet_client::parts::collect(const live_limits& current) {
    batch out;
    std::vector<fleet_limiter::request> asked;
    for (std::size_t i = 0; i < current.size() && out.of.size() < how.batch; ++i) {
        const auto& [prefix, limiter] = current[(turn + i) % current.size()];
        asked.clear();
        limiter->collect(clock::now(), how.batch - out.of.size(), asked);
        for (const auto& one : asked) {
            out.questions.push_back({prefix, one});
            out.of.push_back(limiter);
        }
    }
    ++turn;
    return out;
}

redis_connection::result<redis_answer> fleet_client::parts::ask(const batch& load) {
    auto arguments = lease_arguments(load.questions);
    std::vector<std::string> command{"EVALSHA", digest};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto said = redis.call(command, how.command);
    // Somebody has flushed the scripts.
    if (said || said.error() != redis_error::refused || !redis.why().starts_with("NOSCRIPT")) return said;
    command[0] = "EVAL";
    command[1] = lease_script();
    return redis.call(command, how.command);
}

void fleet_client::parts::settle(const batch& load, const redis_answer& said, clock::duration took) {
    const auto grants = read_grants(load.questions, said.list);
    if (!grants) lose(redis_error::garbage, "no answer to the script");
    double granted = 0, given = 0, told = 0;
    for (std::size_t i = 0; i < load.questions.size(); ++i) {
        const auto& asked = load.questions[i].asked;
        if (!grants) {
            load.of[i]->failed(asked, clock::now());
            continue;
        }
        load.of[i]->answered(asked, (*grants)[i], clock::now());
        granted += (*grants)[i].granted;
        given += asked.what.give;
        told += asked.what.spend;
    }
    if (!grants) return;
    const auto ms = std::chrono::duration<double, std::milli>(took).count();
    const auto* const bound = std::lower_bound(latency_bounds_ms.begin(), latency_bounds_ms.end(), ms);
    const std::lock_guard lock(mutex);
    ++books.calls;
    books.keys += load.questions.size();
    books.granted += granted;
    books.given_back += given;
    books.told += told;
    books.seconds += ms / 1e3;
    ++books.latency[static_cast<std::size_t>(bound - latency_bounds_ms.begin())];
}

/// From here on limits go by the local share.
void fleet_client::parts::lose(redis_error error, std::string_view why) {
    link->set_up(false);
    if (!std::exchange(told_down, true))
        spdlog::warn(
            "fleet: Redis at {} does not answer ({}: {}); each sidecar admits its share of the limits until it does",
            place_of(how.redis), name_of(error), why);
    redis.close();
    const std::lock_guard lock(mutex);
    ++books.errors[static_cast<std::size_t>(error)];
}

/// From half of a step that doubles to the whole of it.
void fleet_client::parts::back_off() {
    std::uniform_real_distribution<double> share(0.5, 1.0);
    waker->sleep(clock::now() + std::chrono::duration_cast<clock::duration>(step * share(random)));
    step = std::min<clock::duration>(step * 2, how.longest_backoff);
}

}  // namespace outrider::fleet
