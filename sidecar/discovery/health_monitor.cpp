#include "sidecar/discovery/health_monitor.hpp"

#include <algorithm>
#include <future>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::discovery {

using governance::target_state;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds look_at_traffic_every{100};
/// While an application is away it is asked more often: it should be used soon after it has come.
constexpr milliseconds every_while_away{250};
/// Targets are spread over this at first, so that many do not come all at once.
constexpr milliseconds spread_over{2'000};
/// Between the end of a probe that took long and the next.
constexpr milliseconds least_pause{20};
constexpr milliseconds stop_within{1'000};

governance::time_point steady_now() { return governance::steady_clock::now(); }

}  // namespace

publication publication_of(const governance::health_verdict& verdict) {
    if (may_get_traffic(verdict.state)) return {true, {}};
    const auto why = verdict.why();
    return {false, std::string{name_of(verdict.state)} + (why.empty() ? "" : ": " + why)};
}

health_monitor::health_monitor(const monitor_setup& setup)
    : setup_(setup),
      worker_(0, "health"),
      board_(steady_now()),
      resolver_(worker_.get_executor()),
      application_slots_(std::make_shared<probe_slots>(
          worker_.get_executor(), std::clamp<std::size_t>(setup_.applications.size(), 1, most_probes / 2))),
      slots_(std::make_shared<probe_slots>(worker_.get_executor(), most_probes - application_slots_->free())),
      traffic_timer_(worker_.get_executor()),
      random_(std::random_device{}()) {
    for (const auto& each : setup_.applications) {
        health_target target;
        target.where.address = each.where;
        target.how = setup_.application_check;
        add(target)->tell = each.tell;
    }
    for (const auto& [name, each] : setup_.upstreams) {
        if (!each.health) continue;
        board_.add_upstream(name, each.health->required, steady_now());
        replace_endpoints(name, each.endpoints);
    }
    for (const auto& [name, each] : setup_.clusters) {
        if (!each.health) continue;
        health_target target;
        target.of = target_kind::kafka;
        target.name = name;
        target.brokers = each.brokers;
        target.how = *each.health;
        if (setup_.tls && each.protocol == config::broker_protocol::tls) target.tls = setup_.tls(target.of, name);
        add(target);
    }
}

health_monitor::~health_monitor() { stop(); }

void health_monitor::subscribe(std::function<void(const governance::health_verdict&)> who) {
    subscribers_.push_back(std::move(who));
}

void health_monitor::start() {
    running_ = true;
    board_.judge(steady_now());
    log_verdict();
    worker_.start();
    worker_.post([this] {
        probing_ = true;
        board_.judge(steady_now());  // endpoints may have come meanwhile
        announce();
        for (const auto& each : targets_) begin(each);
        worker_.tasks().spawn(watch_traffic());
    });
}

void health_monitor::stop() {
    if (!std::exchange(running_, false)) return;
    auto ended = std::make_shared<std::promise<void>>();
    worker_.post([this, ended] {
        stopping_ = true;
        traffic_timer_.cancel();
        for (const auto& each : targets_) end(*each);
        worker_.tasks().when_empty([ended] { ended->set_value(); });
    });
    ended->get_future().wait_for(stop_within);
    worker_.stop();
    if (const auto escaped = worker_.tasks().escaped(); escaped > 0)
        spdlog::error("{} probes ended by an exception: please report this", escaped);
}

void health_monitor::drain() {
    if (!board_.drain(steady_now())) return;
    log_verdict();
    worker_.post([this] { announce(); });
}

void health_monitor::use_endpoints(const std::string& upstream, std::vector<config::upstream_endpoint> endpoints) {
    worker_.post([this, upstream, list = std::move(endpoints)] { replace_endpoints(upstream, list); });
}

// ------------------------------------------------------------------------------------------------------- the targets

health_monitor::watched_handle health_monitor::add(const health_target& what) {
    const auto id = board_.add(what, steady_now());
    return targets_.emplace_back(std::make_shared<watched>(worker_.get_executor(), what, id));
}

void health_monitor::begin(const watched_handle& one) { worker_.tasks().spawn(watch(one)); }

/// The coroutine notices at once.
void health_monitor::end(watched& one) {
    one.gone = true;
    one.wake.cancel();
    if (one.probing) one.probing->finish();
}

void health_monitor::replace_endpoints(const std::string& upstream,
                                       const std::vector<config::upstream_endpoint>& endpoints) {
    const auto found = setup_.upstreams.find(upstream);
    if (stopping_ || found == setup_.upstreams.end() || !found->second.health) return;
    auto left = endpoints;
    bool changed = false;
    targets_.remove_if([&](const watched_handle& one) {
        if (one->what.of != target_kind::upstream || one->what.name != upstream) return false;
        const auto same = std::find(left.begin(), left.end(), one->what.where);
        if (same != left.end()) {
            left.erase(same);
            return false;
        }
        end(*one);
        changed = board_.remove(one->id, steady_now()) || changed;
        return true;
    });
    for (const auto& each : left) {
        health_target target;
        target.of = target_kind::upstream;
        target.name = upstream;
        target.where = each;
        target.how = *found->second.health;
        if (each.tls && setup_.tls) target.tls = setup_.tls(target.of, upstream);
        const auto one = add(target);
        if (probing_) begin(one);
    }
    if (!probing_) return;
    changed = board_.judge(steady_now()) || changed;
    if (!changed) return;
    log_verdict();
    announce();
}

// ---------------------------------------------------------------------------------------------------------- probing

milliseconds health_monitor::first_pause(const watched& one) {
    if (one.what.of == target_kind::application) return milliseconds{0};
    const auto most = std::min<milliseconds>(one.what.how.every, spread_over);
    return milliseconds{std::uniform_int_distribution<std::int64_t>{0, most.count()}(random_)};
}

milliseconds health_monitor::pause_after(const watched& one) {
    auto every = one.what.how.every;
    const bool away = board_.state_of(one.id) != target_state::up;
    // A program is not started four times a second.
    if (one.what.of == target_kind::application && away && one.what.how.command.empty())
        every = std::min<milliseconds>(every, every_while_away);
    const auto tenth = every.count() / 10;
    return every + milliseconds{std::uniform_int_distribution<std::int64_t>{-tenth, tenth}(random_)};
}

net::awaitable<void> health_monitor::watch(watched_handle one) {
    co_await pause(one, steady_now() + first_pause(*one));
    while (!one->gone) {
        const auto began = steady_now();
        co_await probe_once(one);
        if (one->gone) break;
        const auto next = std::max(began + pause_after(*one), steady_now() + least_pause);
        co_await pause(one, next);
    }
}

net::awaitable<void> health_monitor::pause(watched_handle one, governance::time_point until) {
    do {
        one->sooner = false;
        one->wake.expires_at(until);
        co_await one->wake.async_wait(net::use_tuple);
        until = steady_now() + pause_after(*one);
    } while (one->sooner && !one->gone);
}

net::awaitable<void> health_monitor::probe_once(watched_handle one) {
    auto& slots = one->what.of == target_kind::application ? application_slots_ : slots_;
    const auto slot = co_await slots->take(board_.state_of(one->id) != target_state::down);
    if (one->gone) co_return;
    probe_time time{worker_.wheel(), one->what.how.timeout};
    probe_io io{worker_, resolver_, time};
    const auto began = steady_now();
    one->probing = &time;
    const auto result = co_await probe(io, one->what);
    one->probing = nullptr;
    // One that was broken off says nothing of its target.
    if (one->gone) co_return;
    const auto now = steady_now();
    const bool timed_out = !result.good && (time.over() || now + net::timer_wheel::tick >= time.end());
    take(*one, board_.note(one->id, result, timed_out, now - began, now));
}

/// Ten times a second: an application that died is noticed by its callers before it is by a probe.
net::awaitable<void> health_monitor::watch_traffic() {
    while (!stopping_) {
        for (const auto& one : targets_) {
            if (!one->tell) continue;
            const auto failures = one->tell->failures_in_a_row();
            if (failures == std::exchange(one->traffic_failures, failures)) continue;
            const auto news = board_.note_traffic(one->id, failures, steady_now());
            take(*one, news);
            if (!news.target_changed) continue;
            one->sooner = true;  // or the pause of one that is up would go on
            one->wake.cancel();
        }
        traffic_timer_.expires_after(look_at_traffic_every);
        co_await traffic_timer_.async_wait(net::use_tuple);
    }
}

/// Who has to know of a result.
void health_monitor::take(watched& one, const health_board::news& news) {
    const bool down = news.state == target_state::down;
    if (news.target_changed)
        spdlog::info("health: {} is {}{}", one.what.label(), name_of(news.state), down ? ": " + news.text : "");
    if (one.what.of == target_kind::upstream && setup_.hold_out && (down || news.target_changed))
        setup_.hold_out(one.what.name, one.what.where, down, news.text);
    // One that never was up may only need longer to start: who calls it finds out.
    if (one.tell && news.target_changed && news.been_up)
        one.tell->say(down, down ? one.what.what() + ": " + news.text : std::string{});
    if (!news.verdict_changed) return;
    log_verdict();
    announce();
}

// ----------------------------------------------------------------------------------------------------------- telling

void health_monitor::log_verdict() const {
    const auto verdict = board_.verdict();
    const auto why = verdict.why();
    const auto level = verdict.state == governance::health_state::unhealthy  ? spdlog::level::err
                       : verdict.state == governance::health_state::degraded ? spdlog::level::warn
                                                                             : spdlog::level::info;
    spdlog::log(level, "event health state={}{}", name_of(verdict.state), why.empty() ? "" : ": " + why);
}

void health_monitor::announce() {
    if (stopping_) return;
    const auto verdict = board_.verdict();
    for (const auto& each : subscribers_) each(verdict);
}

}  // namespace outrider::discovery
