#include "sidecar/discovery/watch_worker.hpp"

#include <utility>

#include "sidecar/discovery/backoff.hpp"
#include "sidecar/discovery/registry_thread.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;

/// What was followed for so long worked; what ended earlier may end so again at once.
constexpr std::chrono::seconds steady{1};
/// Between two lists: a registry that sends changes without end is read no faster, and its changes come together.
constexpr std::chrono::milliseconds spacing{20};

}  // namespace

watch_news::watch_news(std::string who, watch_listener to, std::shared_ptr<registry_books> books)
    : who_(std::move(who)), to_(std::move(to)), books_(std::move(books)) {}

watch_news::~watch_news() { books_->forget(who_); }

void watch_news::members(member_list now, std::size_t skipped, const std::string& why_skipped, bool out) {
    books_->answered(who_);
    tell_skipped(skipped, why_skipped);
    out = out && now.empty();
    const bool news = !told_ || !failing_.empty() || *told_ != now || told_out_ != out;
    failing_.clear();
    if (!news) return;
    told_ = now;
    told_out_ = out;
    std::this_thread::sleep_until(last_ + spacing);
    last_ = clock::now();
    if (out && to_.none_ready)
        to_.none_ready();
    else if (to_.members)
        to_.members(std::move(now));
}

/// Each member that is left out counts once, not with each answer.
void watch_news::tell_skipped(std::size_t count, const std::string& why) {
    if (count > skipped_) {
        books_->skipped(count - skipped_);
        spdlog::warn("{}: {} members left out: {}", who_, count, why);
    }
    skipped_ = count;
}

void watch_news::failed(const std::string& why) {
    books_->failed(who_, why);
    if (why == failing_) return;
    failing_ = why;
    if (to_.failed) to_.failed(why);
}

watch_worker::watch_worker(const std::string& thread, std::unique_ptr<follower> how, watch_listener to, std::string who,
                           std::shared_ptr<registry_books> books)
    : follower_(std::move(how)),
      news_(std::move(who), std::move(to), std::move(books)),
      thread_(start_thread(thread, [this] { run(); })) {}

watch_worker::~watch_worker() {
    bell_.close();
    follower_->cancel();
    thread_.join();
}

void watch_worker::run() {
    backoff pause;
    while (!bell_.closed()) {
        const auto began = clock::now();
        const auto why = follower_->follow(news_);
        if (bell_.closed()) return;
        if (!why.empty()) news_.failed(why);
        if (why.empty() && clock::now() - began >= steady)
            pause.reset();
        else
            bell_.sleep(clock::now() + pause.next());
    }
}

}  // namespace outrider::discovery
