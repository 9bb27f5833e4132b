#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/applications.hpp"

namespace outrider::app {

/// Watches whether the applications' TCP ports accept connections, on a thread of its own: `rise` successes make one
/// up, `fall` failures make it down.
class app_probe {
  public:
    /// @param tell  is told of those that were up and are not; outlives it
    app_probe(std::vector<config::endpoint> applications, const config::health& how, exchange::applications& tell);
    ~app_probe();
    void start();
    void stop();
    /// Empty when every application accepts connections; else a line for each that does not.
    std::vector<std::string> complaints() const;

  private:
    struct target {
        config::endpoint where;
        bool up = false;
        std::uint32_t in_a_row = 0;  ///< results that contradict `up`
        std::string reason;
        exchange::application_health* health = nullptr;
    };
    void run();
    void judge(target& one, const std::string& error);

    config::health how_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<target> targets_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace outrider::app
