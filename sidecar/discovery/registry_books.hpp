#pragma once

#include <map>
#include <mutex>
#include <string>

#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// How things stand with a registry, written by its threads, each under a name of its own. Any thread.
class registry_books {
  public:
    void answered(const std::string& who);
    void failed(const std::string& who, std::string why);
    void registered(bool is);
    void skipped(std::size_t members);
    /// That thread has ended: what ailed it is no problem any more.
    void forget(const std::string& who);
    registry_status look() const;

  private:
    mutable std::mutex mutex_;
    registry_status status_;
    std::map<std::string, std::string> problems_;
};

}  // namespace outrider::discovery
