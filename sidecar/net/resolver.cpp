#include "sidecar/net/resolver.hpp"

#include <boost/asio/error.hpp>

namespace outrider::net {

resolver::resolver(executor ex) : executor_(ex), resolver_(ex) {}

awaitable<resolver::answer> resolver::resolve(const std::string& host, std::uint16_t port,
                                              steady_clock::time_point deadline) {
    if (auto literal = literal_address(host)) co_return answer{{tcp_endpoint{*literal, port}}, {}};
    auto key = host + ":" + std::to_string(port);
    if (!names_.contains(key) && names_.size() >= most_names) forget_one();
    auto& slot = names_[key];
    if (!slot) slot = std::make_shared<entry>();
    auto held = slot;  // the table may change while we wait
    auto age = steady_clock::now() - held->answered_at;
    if (!held->last.addresses.empty() && age < keep) co_return held->last;
    if (!held->asking) ask(key, host, port, held);
    auto timer = std::make_shared<steady_timer>(executor_, deadline);
    held->waiting.push_back(timer);
    co_await timer->async_wait(use_tuple);
    std::erase(held->waiting, timer);
    if (!held->asking || (!held->last.addresses.empty() && age < stale)) co_return held->last;
    co_return answer{{}, asio::error::timed_out};
}

void resolver::ask(const std::string& key, const std::string& host, std::uint16_t port,
                   const std::shared_ptr<entry>& into) {
    into->asking = true;
    using flags = asio::ip::resolver_base;
    resolver_.async_resolve(
        host, std::to_string(port), flags::numeric_service | flags::address_configured,
        [this, key, into](error_code ec, const asio::ip::tcp::resolver::results_type& found) {
            into->asking = false;
            if (!ec) {
                into->last = {};
                for (const auto& one : found) into->last.addresses.push_back(one.endpoint());
                into->answered_at = steady_clock::now();
            } else if (into->last.addresses.empty() || steady_clock::now() - into->answered_at > stale) {
                into->last = {{}, ec};
            }
            for (auto& timer : into->waiting) timer->cancel();
        });
}

void resolver::forget_one() {
    for (auto it = names_.begin(); it != names_.end(); ++it) {
        if (it->second->asking) continue;
        names_.erase(it);
        return;
    }
}

}  // namespace outrider::net
