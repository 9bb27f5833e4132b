#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "governance/policy_set.hpp"
#include "sidecar/admin/admin_routes.hpp"
#include "sidecar/app/reading.hpp"
#include "sidecar/fleet/fleet_client.hpp"

namespace outrider::app {

/// The policies of a running sidecar. Read at the start, and again when one of their files or the configuration file
/// changes, on SIGHUP and on POST /api/reload: read, judged and compiled as a whole, then handed to every worker; what
/// has an error leaves those in force as they are. Any thread.
class policy_store {
  public:
    using publisher = std::function<void(std::shared_ptr<const governance::policy_set>)>;

    /// @param input    what `running` was loaded from, to be loaded again
    /// @param first    without errors; its policies are in force from now on
    /// @param publish  hands a set to the workers
    /// @param fleet    keeps limits of the fleet; null: none is configured
    policy_store(config::load_input input, const config::loaded& running, reading first, publisher publish,
                 fleet::fleet_client* fleet);

    std::shared_ptr<const governance::policy_set> current() const;

    /// Reads again when a file has changed. Cheap when none has: called several times a second.
    void look();
    /// Reads again. @param why  for the log: "SIGHUP"
    admin::reload_report reload(const std::string& why);

    /// /api/policies
    std::string page() const;
    std::string force(const admin::breaker_order& order) const;

    struct counts {
        std::uint64_t applied = 0, failed = 0;
        std::size_t policies = 0;
        std::size_t restart_needed = 0;  ///< settings that changed in the file and wait for a restart
    };
    counts count() const;

  private:
    struct outcome {
        std::vector<std::string> errors, warnings, restart;
        std::size_t policies = 0;
        bool applied = false;
    };
    outcome take(reading read);
    void compile(std::vector<governance::policy> policies, std::uint32_t replicas);
    std::string stamp() const;
    void log(const outcome& what, const std::string& why) const;

    const config::load_input input_;
    const config::loaded& running_;
    publisher publish_;
    fleet::fleet_client* fleet_;
    mutable std::mutex mutex_;
    std::shared_ptr<const governance::policy_set> current_;
    config::policy_files files_;
    std::string config_stamp_;
    std::vector<std::string> errors_;   ///< of the last reading that failed
    std::vector<std::string> restart_;  ///< settings that wait for a restart
    counts counts_;
};

}  // namespace outrider::app
