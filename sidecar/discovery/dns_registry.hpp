#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/discovery/dns_channel.hpp"
#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// DNS as a registry: asked again when the times to live of its answers are over, from 1 s to 5 min; after a failure in
/// 1 s, then twice as late each time, up to 30 s. A name that is not there is an answer, asked again in 5 s. All on a
/// thread of its own.
class dns_registry final : public registry {
  public:
    /// @param servers  "127.0.0.1:53,[::1]:53"; empty: those that the machine is set up with
    explicit dns_registry(std::string servers);
    ~dns_registry() override;

    /// @param service  "stock.internal:8080" by A and AAAA; "_http._tcp.stock.internal" by SRV
    std::unique_ptr<discovery::watch> watch(const std::string& service, watch_listener to) override;
    registry_status look() const override;

  private:
    struct watched;
    class dns_watch;

    void run();
    void begin(const std::shared_ptr<watched>& which);
    void ended(watched& which, struct dns_round round);
    void renew_channel();

    const std::string servers_;
    mutable std::mutex mutex_;  ///< of all below; held while listeners are called
    std::vector<std::shared_ptr<watched>> watched_;
    registry_status status_;
    bool renew_ = false;  ///< the machine's servers may be others by now
    bool stopping_ = false;
    std::unique_ptr<dns_channel> channel_;
    std::thread thread_;
};

}  // namespace outrider::discovery
