#pragma once

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/discovery/probe.hpp"

namespace outrider::discovery {

/// A peer on a loopback port of its own that does with each connection what it is told, one after the other.
class peer {
  public:
    using conduct = std::function<void(int connection)>;
    explicit peer(conduct what) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        ::bind(listener_, reinterpret_cast<sockaddr*>(&where), size);
        ::listen(listener_, 16);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
        port_ = ntohs(where.sin_port);
        thread_ = std::thread{[this, what = std::move(what)] {
            for (int connection; (connection = ::accept(listener_, nullptr, nullptr)) >= 0;) {
                what(connection);
                ::close(connection);
            }
        }};
    }
    ~peer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;
    config::endpoint where() const { return {"127.0.0.1", port_}; }

    static bool send(int connection, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// What one read brings; empty at the end.
    static std::string receive(int connection) {
        std::string out(65'536, '\0');
        const auto got = ::recv(connection, out.data(), out.size(), 0);
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }
    /// Until the other side has closed.
    static void wait_for_end(int connection) {
        while (!receive(connection).empty()) {
        }
    }

  private:
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// A loopback port where nobody listens.
inline config::endpoint nowhere() {
    const peer gone{[](int) {}};
    return gone.where();
}

/// Runs probes on a thread of their own, as the monitor does.
class prober {
  public:
    using probe = std::function<net::awaitable<probe_result>(probe_io&)>;

    prober() { worker_.start(); }
    ~prober() { worker_.stop(); }
    probe_result run(probe what, std::chrono::milliseconds patience = std::chrono::seconds{5}) {
        auto done = std::make_shared<std::promise<probe_result>>();
        auto result = done->get_future();
        worker_.post([this, done, patience, what = std::move(what)] {
            worker_.tasks().spawn(run_one(worker_, resolver_, what, patience, done));
        });
        if (result.wait_for(std::chrono::seconds{20}) != std::future_status::ready) return {false, "the probe hangs"};
        return result.get();
    }
    std::size_t escaped() const { return worker_.tasks().escaped(); }

  private:
    static net::awaitable<void> run_one(net::worker& worker, net::resolver& resolver, probe what,
                                        std::chrono::milliseconds patience,
                                        std::shared_ptr<std::promise<probe_result>> done) {
        probe_time time{worker.wheel(), patience};
        probe_io io{worker, resolver, time};
        auto result = co_await what(io);
        done->set_value(std::move(result));
    }
    mutable net::worker worker_{0, "prober"};
    net::resolver resolver_{worker_.get_executor()};
};

}  // namespace outrider::discovery
