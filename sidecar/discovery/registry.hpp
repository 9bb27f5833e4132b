#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::discovery {

/// The members of a service as a registry names them, in an order that does not change while they do not.
using member_list = std::vector<config::upstream_endpoint>;

/// Where news of a watched service go. Called on a thread of the registry's, one call at a time.
struct watch_listener {
    /// The whole list, first as soon as it is known and then after each change. May be empty.
    std::function<void(member_list)> members;
    /// The registry cannot be asked, or answers what cannot be read: why. The last list goes on; called again only
    /// after members(), or when the reason changes.
    std::function<void(std::string why)> failed;
    /// In place of an empty list: the registry knows members, and that none of them may get traffic. Nothing to doubt,
    /// as an empty list is. Null: members({}) is called.
    std::function<void()> none_ready{};
};

/// One service being watched, until this is destroyed; that takes a second at most, and no call comes afterwards.
class watch {
  public:
    virtual ~watch() = default;
};

/// What a registry is told of the application beside this sidecar.
struct publication {
    bool ready = false;  ///< whether traffic may be sent there
    std::string why;     ///< not ready: the reasons, in a line
    bool operator==(const publication&) const = default;
};

/// How things stand with a registry, for pages and metrics.
struct registry_status {
    bool registered = false;     ///< the instance stands in it, as of the last answer
    bool reachable = false;      ///< it answered the last request
    std::string problem;         ///< the last failure; empty: none since
    std::uint64_t failures = 0;  ///< requests without a usable answer
    std::uint64_t skipped = 0;   ///< members that were left out: unreadable, or more than are taken
};

/// A registry of services: etcd, Consul, Kubernetes, DNS, a file. Its I/O runs on threads of its own.
class registry {
  public:
    virtual ~registry() = default;
    /// Begins to watch a service. @param service  as the registry names it
    virtual std::unique_ptr<discovery::watch> watch(const std::string& service, watch_listener to) = 0;
    /// Makes the instance known, with the verdict; called again whenever that changes, returns at once, and reaches the
    /// registry within a second while that can be reached. Registries that are only read ignore it.
    virtual void publish(publication) {}
    /// Takes the instance out of the registry. Waits until that is done, at most so long.
    virtual void withdraw(std::chrono::milliseconds) {}
    virtual registry_status look() const = 0;
};

}  // namespace outrider::discovery
