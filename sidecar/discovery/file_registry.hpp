#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/net/job_thread.hpp"

namespace outrider::discovery {

/// Files as a registry: lists of members that are read whenever they change, and one file that the verdict on the
/// application is written to.
///
/// Files are looked at ten times a second, links followed, so that a mounted ConfigMap's new version is seen. A file
/// that was replaced by renaming is read at once; one that is written in place when it has been left alone for two
/// looks. A file that cannot be read, or is wrong, leaves the last list in use.
class file_registry final : public registry {
  public:
    struct options {
        std::string verdict;  ///< path; empty: none
        std::string service, instance, address;
    };
    explicit file_registry(options from);
    ~file_registry() override;

    /// @param service  path of the file
    std::unique_ptr<discovery::watch> watch(const std::string& service, watch_listener to) override;
    /// Replaces the file as a whole.
    void publish(publication verdict) override;
    /// Removes the file; what is published afterwards is not written.
    void withdraw(std::chrono::milliseconds within) override;
    registry_status look() const override;

  private:
    struct watched;
    struct shared;
    class file_watch;

    options from_;
    std::shared_ptr<shared> shared_;  ///< with the threads, which may outlive this when a disk hangs
    net::job_thread reading_{"member files"};
    net::job_thread writing_{"verdict file"};
    bool reads_ = false;
};

/// What is written: {"service", "instance", "address", "ready", "reasons", "at"}.
std::string verdict_text(const file_registry::options& who, const publication& verdict,
                         std::chrono::system_clock::time_point at);

}  // namespace outrider::discovery
