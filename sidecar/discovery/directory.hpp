#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sidecar/discovery/kept_list.hpp"
#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// One upstream that is discovered.
struct discovered_upstream {
    std::string name;
    std::shared_ptr<discovery::registry> registry;
    std::string registry_name;  ///< as in the configuration: "etcd"
    std::string asked;          ///< what the registry is asked to watch
    kept_list::rules rules;
};

/// Keeps the members of every discovered upstream up to date, and tells registries of the application. Registries
/// bring their news on threads of their own; all of it is taken up, one after the other, on one thread of the
/// directory's, which is also the one that hands lists on.
///
///     registry --members, failed--> mailbox --> kept_list --changed--> apply --> every worker
class directory {
  public:
    struct options {
        std::vector<discovered_upstream> upstreams;
        std::map<std::string, std::shared_ptr<registry>> registries;  ///< by name; those of upstreams among them
        /// Another list is in use: its members, or why there are none.
        std::function<void(const std::string& upstream, const member_list&, const std::string& why_none)> apply;
    };
    explicit directory(options from);
    ~directory();
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;

    /// Begins to watch.
    void start();
    /// Waits until every registry has said something of every upstream. @return false when `most` passed first
    bool wait_for_news(milliseconds most);
    /// No list changes any more.
    void stop();

    /// The verdict on the application, for every registry. Returns at once.
    void publish(const publication& verdict);
    /// Takes the application out of every registry, all at once.
    void withdraw(milliseconds within);

    struct upstream_view {
        std::string name, registry, service;
        member_list members;
        std::string why_none, problem;
        std::size_t left_out = 0;
        std::chrono::seconds age{0};
        bool doubts_empty = false;
    };
    std::vector<upstream_view> upstreams() const;
    std::vector<std::pair<std::string, registry_status>> registries() const;

  private:
    struct entry {
        explicit entry(const discovered_upstream& what) : from(what), list(what.rules) {}
        const discovered_upstream& from;
        kept_list list;
        std::string told;  ///< the problem that was logged last
        std::unique_ptr<discovery::watch> watch;
    };
    struct news {
        std::size_t upstream;
        bool failed = false;
        member_list members{};
        std::string why{};
        bool none_ready = false;
    };

    void run();
    void take(news what);
    void pass_time();
    void note(entry& of, bool changed, const member_list& before);
    void post(news what);
    clock::time_point next_due() const;

    options from_;
    mutable std::mutex mutex_;  ///< of all below
    std::condition_variable changed_;
    std::vector<std::unique_ptr<entry>> entries_;
    std::deque<news> mailbox_;
    bool stopping_ = false;
    std::thread thread_;
};

/// "3 endpoints by etcd (came 10.0.0.3:8080, went 10.0.0.1:8080)": what one list has that another had not.
std::string describe_change(const member_list& before, const member_list& after);

}  // namespace outrider::discovery
