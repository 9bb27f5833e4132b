#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

/// Which of an upstream's members are in use, by what its registry says and by what time it is. No I/O, no lock.
///
///     members(list) ---------------------------> in use
///     members([]) while some are in use -------> those stay; after `believe_empty` without other news: none
///     none_ready() -----------------------------> none
///     failed(why) -----------------------------> those stay; after `stale`: none, and exchanges are told why
class kept_list {
  public:
    /// How long a registry must go on saying that nobody is there. One that has lost its data, or was started before
    /// those who register, says so too.
    static constexpr milliseconds believe_empty{3'000};
    static constexpr std::size_t most_members = 1'000;

    struct rules {
        std::string registry;   ///< as people call it: "etcd"
        std::string service;    ///< as the registry knows it
        milliseconds stale{0};  ///< 0: a list stays in use for ever
        bool tls = false;       ///< every member speaks TLS
        /// Why a member may not be called; empty: it may. Null: all may.
        std::function<std::string(const config::upstream_endpoint&)> judge;
    };
    explicit kept_list(rules by) : by_(std::move(by)) {}

    /// News of the registry, or the passing of time. @return whether another list is in use now, or another reason for
    /// an empty one
    bool members(member_list said, clock::time_point now);
    bool none_ready();
    bool failed(std::string why, clock::time_point now);
    bool pass(clock::time_point now);
    /// When pass() has something to do.
    clock::time_point due() const;

    const member_list& in_use() const { return in_use_; }
    /// Why nobody is in use, for callers; empty while somebody is.
    const std::string& why_none() const { return why_none_; }
    /// Whether the registry has said anything yet, or could not be asked.
    bool heard() const { return heard_; }
    /// How long the registry has not been able to say whether the list still holds.
    std::chrono::seconds age(clock::time_point now) const;
    /// What is wrong with the registry, or with the members it names; empty: nothing.
    const std::string& problem() const { return problem_; }
    /// Members that were named and are not used: duplicates, addresses that cannot be, destinations that may not be.
    std::size_t left_out() const { return left_out_; }
    bool doubts_empty() const { return empty_since_ != clock::time_point{}; }

  private:
    member_list usable(member_list said);
    std::string complaint_of(const config::upstream_endpoint& member) const;
    bool use(member_list list, std::string why_none);
    std::string nobody() const;
    std::string too_old() const;

    rules by_;
    member_list in_use_;
    std::string why_none_;
    std::string problem_, left_out_why_;
    std::size_t left_out_ = 0;
    std::size_t named_ = 0;
    bool heard_ = false, dropped_ = false;
    clock::time_point empty_since_{}, failed_since_{};  ///< zero: not so
};

}  // namespace outrider::discovery
