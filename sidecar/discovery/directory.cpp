#include "sidecar/discovery/directory.hpp"

#include <algorithm>
#include <set>

#include <pthread.h>
#include <signal.h>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::discovery {
namespace {

constexpr std::size_t most_named = 10;

/// At most a few of them.
std::string named(const char* what, const std::vector<std::string>& members) {
    if (members.empty()) return {};
    std::string out = what;
    for (std::size_t i = 0; i < std::min(members.size(), most_named); ++i) out += (i == 0 ? " " : ", ") + members[i];
    if (members.size() > most_named) out += " and " + std::to_string(members.size() - most_named) + " more";
    return out;
}

/// Those of `list` that `other` has not.
std::vector<std::string> only_in(const member_list& list, const member_list& other) {
    std::set<std::string> known;
    for (const auto& each : other) known.insert(config::to_text(each));
    std::vector<std::string> out;
    for (const auto& each : list)
        if (auto text = config::to_text(each); !known.contains(text)) out.push_back(std::move(text));
    return out;
}

void block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

std::string describe_change(const member_list& before, const member_list& after) {
    const auto came = named("came", only_in(after, before));
    const auto went = named("went", only_in(before, after));
    if (came.empty() && went.empty()) return "the same, in another order";
    return came + (came.empty() || went.empty() ? "" : "; ") + went;
}

directory::directory(options from) : from_(std::move(from)) {
    for (const auto& each : from_.upstreams) entries_.push_back(std::make_unique<entry>(each));
}

directory::~directory() { stop(); }

void directory::start() {
    if (entries_.empty()) return;
    thread_ = std::thread([this] { run(); });
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        watch_listener to;
        to.members = [this, i](member_list list) { post({i, false, std::move(list), {}}); };
        to.failed = [this, i](std::string why) { post({i, true, {}, std::move(why)}); };
        to.none_ready = [this, i] { post({.upstream = i, .none_ready = true}); };
        auto watch = entries_[i]->from.registry->watch(entries_[i]->from.asked, std::move(to));
        const std::lock_guard lock(mutex_);
        entries_[i]->watch = std::move(watch);
    }
}

bool directory::wait_for_news(milliseconds most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [this] {
        return mailbox_.empty() &&
               std::all_of(entries_.begin(), entries_.end(), [](const auto& each) { return each->list.heard(); });
    });
}

void directory::stop() {
    std::vector<std::unique_ptr<discovery::watch>> ended;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (auto& each : entries_) ended.push_back(std::move(each->watch));
    }
    // Without the lock: a registry may be in the middle of telling us something.
    ended.clear();
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void directory::post(news what) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    // A list is the whole list, and ends whatever failed before; of several that wait, the last one counts.
    std::erase_if(mailbox_,
                  [&](const news& each) { return each.upstream == what.upstream && (!what.failed || each.failed); });
    mailbox_.push_back(std::move(what));
    changed_.notify_all();
}

void directory::run() {
    ::pthread_setname_np(::pthread_self(), "directory");
    block_signals();  // they are the main thread's
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (mailbox_.empty()) {
            const auto due = next_due();
            if (due == clock::time_point::max())
                changed_.wait(lock, [this] { return stopping_ || !mailbox_.empty(); });
            else
                changed_.wait_until(lock, due, [this] { return stopping_ || !mailbox_.empty(); });
        }
        while (!mailbox_.empty() && !stopping_) {
            auto first = std::move(mailbox_.front());
            mailbox_.pop_front();
            take(std::move(first));
        }
        pass_time();
        changed_.notify_all();
    }
}

clock::time_point directory::next_due() const {
    auto due = clock::time_point::max();
    for (const auto& each : entries_) due = std::min(due, each->list.due());
    return due;
}

void directory::take(news what) {
    auto& of = *entries_[what.upstream];
    const auto before = of.list.in_use();
    const auto now = clock::now();
    const bool changed = what.failed       ? of.list.failed(std::move(what.why), now)
                         : what.none_ready ? of.list.none_ready()
                                           : of.list.members(std::move(what.members), now);
    note(of, changed, before);
}

void directory::pass_time() {
    const auto now = clock::now();
    for (auto& each : entries_) {
        if (now < each->list.due()) continue;
        const auto before = each->list.in_use();
        const bool changed = each->list.pass(now);
        note(*each, changed, before);
    }
}

/// Hands a changed list on, and says in the log what people should know. Under the lock, so that lists are handed on in
/// their order; apply() only leaves messages.
void directory::note(entry& of, bool changed, const member_list& before) {
    const auto& name = of.from.name;
    const auto& list = of.list;
    if (list.problem() != of.told) {
        of.told = list.problem();
        if (!of.told.empty())
            spdlog::warn("upstream '{}': {}; {} endpoints are in use", name, of.told, list.in_use().size());
        else
            spdlog::info("upstream '{}': there is nothing wrong with {} any more", name, of.from.rules.registry);
    }
    if (!changed) return;
    if (list.in_use() != before)
        spdlog::info("upstream '{}': {} endpoints by {}: {}", name, list.in_use().size(), of.from.rules.registry,
                     describe_change(before, list.in_use()));
    try {
        from_.apply(name, list.in_use(), list.why_none());
    } catch (const std::exception& error) {
        spdlog::error("upstream '{}': its endpoints cannot be used: {}", name, error.what());
    }
}

void directory::publish(const publication& verdict) {
    for (const auto& [name, each] : from_.registries) each->publish(verdict);
}

void directory::withdraw(milliseconds within) {
    std::vector<std::thread> all;
    for (const auto& [name, each] : from_.registries)
        all.emplace_back([registry = each, within] {
            block_signals();
            registry->withdraw(within);
        });
    for (auto& each : all) each.join();
}

std::vector<directory::upstream_view> directory::upstreams() const {
    const std::lock_guard lock(mutex_);
    const auto now = clock::now();
    std::vector<upstream_view> out;
    for (const auto& each : entries_) {
        const auto& list = each->list;
        out.push_back({each->from.name, each->from.registry_name, each->from.asked, list.in_use(), list.why_none(),
                       list.problem(), list.left_out(), list.age(now), list.doubts_empty()});
    }
    return out;
}

std::vector<std::pair<std::string, registry_status>> directory::registries() const {
    std::vector<std::pair<std::string, registry_status>> out;
    for (const auto& [name, each] : from_.registries) out.emplace_back(name, each->look());
    return out;
}

}  // namespace outrider::discovery
