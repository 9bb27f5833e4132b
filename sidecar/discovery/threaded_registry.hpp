#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sidecar/discovery/registration.hpp"
#include "sidecar/discovery/watch_worker.hpp"

namespace outrider::discovery {

/// What makes a registry of the threads here.
struct registry_ways {
    std::string name;  ///< "etcd": in the log, in status, of threads
    std::function<std::unique_ptr<follower>(const std::string& service)> follow;
    std::function<std::unique_ptr<registrar>()> enrol;  ///< null: nothing is made known there
};

/// A registry with a thread for each watch and, from the first publish() on, one that keeps the instance known.
std::unique_ptr<registry> make_threaded_registry(registry_ways ways);

}  // namespace outrider::discovery
