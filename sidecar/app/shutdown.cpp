#include "sidecar/app/shutdown.hpp"

#include <algorithm>

#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_every{20};
constexpr milliseconds question_every{250};
constexpr milliseconds report_every{5'000};
/// A registry that cannot be reached keeps nobody longer: its entry ends by itself.
constexpr milliseconds withdrawal_takes{1'000};
/// Before the deadline, for what was accepted last and for requests that wait at a broker.
constexpr milliseconds longest_closing{2'000};
/// So long a listener that closes may still take callers whose handshake was under way.
constexpr milliseconds shortest_closing{100};
constexpr milliseconds cutting_takes{1'000};
constexpr milliseconds hurried_delivery{500};

}  // namespace

std::string_view name_of(stop_phase phase) {
    switch (phase) {
        case stop_phase::announcing:
            return "announcing";
        case stop_phase::draining:
            return "draining";
        case stop_phase::closing:
            return "closing";
        case stop_phase::cutting:
            return "cutting";
        case stop_phase::delivering:
            return "delivering";
    }
    return "";
}

shutdown::shutdown(milliseconds drain, const config::stop& how, stop_actions actions, stop_clock clock)
    : drain_(drain), how_(how), actions_(std::move(actions)), clock_(std::move(clock)) {}

milliseconds shutdown::longest() const { return withdrawal_takes + how_.delay + drain_ + cutting_takes + how_.deliver; }

std::optional<stop_progress> shutdown::look() const {
    const std::lock_guard lock{mutex_};
    return progress_;
}

void shutdown::run(const std::atomic<bool>& hurry) {
    hurry_ = &hurry;
    announce();
    drain();
    close();
    cut();
    deliver();
}

/// Callers learn of the end from registries and readiness; until they have, nothing changes for them. An application
/// that has ended already has none to lose.
void shutdown::announce() {
    end_ = clock_.now() + how_.delay + drain_;
    enter(stop_phase::announcing);
    if (actions_.withdraw) actions_.withdraw(withdrawal_takes);
    const auto until = clock_.now() + how_.delay;
    while (actions_.has_callers && goes_on(until) && !application_refuses()) clock_.sleep(look_every);
}

/// The application ends after its sidecar, if it can: what it still does needs us. So both directions and Kafka stay
/// open until no connection of any kind has been open for a moment. An idle one is a sign of life.
void shutdown::drain() {
    end_ = clock_.now() + drain_;
    actions_.close_inbound();
    enter(stop_phase::draining);  // said once it is true: from now on every answer to a caller closes
    const auto until = end_ - std::min(longest_closing, drain_ / 4);
    bool inbound = true;
    quiet_since_ = clock_.now();
    while (goes_on(until) && !has_gone()) {
        // Its port is closed: as it would, we turn new callers away. Those it has may still take it a while.
        if (inbound && application_refuses()) {
            actions_.stop_inbound();
            inbound = false;
        }
        report();
        clock_.sleep(look_every);
    }
}

void shutdown::close() {
    enter(stop_phase::closing);
    actions_.stop_accepting();
    actions_.close_all();
    const auto least = clock_.now() + shortest_closing;
    while (goes_on(end_) && (clock_.now() < least || actions_.open().all() > 0)) clock_.sleep(look_every);
}

void shutdown::cut() {
    const auto left = actions_.open().all();
    if (left == 0) return;
    enter(stop_phase::cutting);
    spdlog::warn("{} connections are cut off", left);
    actions_.cut();
    const auto until = clock_.now() + cutting_takes;
    while (actions_.open().all() > 0 && clock_.now() < until) clock_.sleep(look_every);
}

void shutdown::deliver() {
    enter(stop_phase::delivering);
    actions_.deliver(*hurry_ ? std::min(hurried_delivery, how_.deliver) : how_.deliver);
}

void shutdown::enter(stop_phase phase) {
    const std::lock_guard lock{mutex_};
    if (!progress_) progress_.emplace().since = std::chrono::system_clock::now();
    progress_->phase = phase;
    progress_->deadline =
        std::chrono::system_clock::now() + std::chrono::duration_cast<milliseconds>(end_ - clock_.now());
}

bool shutdown::goes_on(time_point until) const { return !*hurry_ && clock_.now() < until; }

/// Whether nothing has been open for a moment.
bool shutdown::has_gone() {
    const auto open = actions_.open();
    const auto now = clock_.now();
    if (open.all() > 0 || open.accepted != accepted_) quiet_since_ = now;
    accepted_ = open.accepted;
    return now - quiet_since_ >= how_.quiet;
}

/// Asked a few times a second, because asking is a connection.
bool shutdown::application_refuses() {
    const auto now = clock_.now();
    if (!actions_.application_refuses || now < next_question_) return refuses_;
    refuses_ = actions_.application_refuses();
    next_question_ = now + question_every;
    return refuses_;
}

void shutdown::report() {
    const auto now = clock_.now();
    if (now < next_report_) return;
    next_report_ = now + report_every;
    const auto open = actions_.open();
    spdlog::info("draining: open are {} inbound, {} outbound and {} Kafka connections, {} ms are left", open.inbound,
                 open.outbound, open.kafka, std::chrono::duration_cast<milliseconds>(end_ - now).count());
}

}  // namespace outrider::app
