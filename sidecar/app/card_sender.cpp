#include "sidecar/app/card_sender.hpp"

#include <algorithm>
#include <random>

#include <pthread.h>
#include <signal.h>

#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr milliseconds look_every{250};
constexpr milliseconds push_takes{2'000}, last_push_takes{500};

net::http_client_options options_of(const std::shared_ptr<net::tls_context>& tls) {
    net::http_client_options out;
    out.tls = tls;
    out.response_bytes = 64 << 10;
    return out;
}

std::shared_ptr<net::tls_context> tls_of(const net::url& to, const config::tracing& settings) {
    return to.tls ? std::make_shared<net::tls_context>(settings.tls) : nullptr;
}

double chance() {
    static thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_real_distribution<double>{0, 1}(random);
}

}  // namespace

bool send_schedule::due(const std::string& stands, time_point now) const {
    if (now < not_before_) return false;
    return now >= next_ || stands != stands_;
}

void send_schedule::sent(bool accepted, std::string stands, time_point now, double chance_of_it) {
    stands_ = std::move(stands);
    next_ = now + regular;
    not_before_ = now;
    backoff_ = accepted ? milliseconds{0} : std::clamp(backoff_ * 2, first_backoff, longest_backoff);
    if (accepted) return;
    const auto wait = std::chrono::duration_cast<milliseconds>(backoff_ * (0.75 + chance_of_it / 4));
    next_ = not_before_ = now + wait;
}

std::string cards_url(const config::tracing& settings) {
    if (settings.disabled || settings.exporter != config::exporter::otlp || settings.collector.empty()) return {};
    // Of the URL that spans go to, which has its /v1/traces already.
    constexpr std::string_view traces = "/v1/traces";
    auto url = settings.otlp_url;
    if (url.ends_with('/')) url.pop_back();
    if (!url.ends_with(traces)) return {};
    url.resize(url.size() - traces.size());
    return url + "/v1/sidecars";
}

std::string random_secret() {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::random_device random;
    std::string out;
    for (int i = 0; i < 32; ++i) out += digits[random() % digits.size()];
    return out;
}

std::unique_ptr<card_sender> card_sender::make(const config::tracing& settings, source what) {
    const auto text = cards_url(settings);
    if (text.empty()) return nullptr;
    const auto url = net::parse_url(text);
    if (!url) return nullptr;  // the exporter has the same one, and says so
    return std::make_unique<card_sender>(*url, settings, std::move(what));
}

card_sender::card_sender(net::url to, const config::tracing& settings, source what)
    : to_(std::move(to)),
      what_(std::move(what)),
      headers_(settings.headers),
      tls_(tls_of(to_, settings)),
      client_(options_of(tls_)),
      last_client_(options_of(tls_)) {
    headers_.emplace_back("Content-Type", "application/json");
}

card_sender::~card_sender() { stop(milliseconds{0}); }

void card_sender::start() {
    thread_ = std::thread{[this] {
        ::pthread_setname_np(::pthread_self(), "card-sender");
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        run();
        const std::lock_guard lock{mutex_};
        ended_ = true;
        wake_.notify_all();
    }};
}

bool card_sender::pause() {
    std::unique_lock lock{mutex_};
    return !wake_.wait_for(lock, look_every, [this] { return stopping_; });
}

void card_sender::run() {
    do {
        auto card = what_(false);
        left_out_ = card.left_out;
        if (!schedule_.due(card.stands, clock::now())) continue;
        const bool accepted = send(card.body, push_takes);
        schedule_.sent(accepted, std::move(card.stands), clock::now(), chance());
    } while (pause());
    say_goodbye();
}

bool card_sender::send(const std::string& body, milliseconds timeout) {
    net::http_request request;
    request.method = "POST";
    request.url = to_;
    request.headers = headers_;
    request.body = {body};
    const auto answer = client_.request(request, timeout);
    const bool accepted = answer && answer->status / 100 == 2;
    if (!answer && answer.error().failure == net::http_failure::cancelled) return false;
    note(accepted, accepted ? "" : answer ? "answered " + std::to_string(answer->status) : answer.error().text);
    return accepted;
}

/// Said once when it begins and once when it is over.
void card_sender::note(bool accepted, const std::string& why) {
    ++(accepted ? accepted_ : failed_);
    if (accepted == !told_failure_) return;
    told_failure_ = !accepted;
    if (accepted)
        spdlog::info("the collector hears again how this sidecar stands");
    else
        spdlog::warn("the collector is not told how this sidecar stands: {}: {}", to_.text(), why);
}

void card_sender::say_goodbye() {
    if (schedule_.failing() || accepted_ == 0) return;
    const auto card = what_(true);
    net::http_request request;
    request.method = "POST";
    request.url = to_;
    request.headers = headers_;
    request.body = {card.body};
    const auto answer = last_client_.request(request, last_push_takes);
    ++(answer && answer->status / 100 == 2 ? accepted_ : failed_);
}

void card_sender::begin_stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    client_.cancel();
}

void card_sender::stop(milliseconds patience) {
    begin_stop();
    if (!thread_.joinable()) return;
    {
        std::unique_lock lock{mutex_};
        if (!wake_.wait_for(lock, patience, [this] { return ended_; })) last_client_.cancel();
    }
    thread_.join();
}

sender_stats card_sender::stats() const { return {accepted_.load(), failed_.load(), left_out_.load()}; }

}  // namespace outrider::app
