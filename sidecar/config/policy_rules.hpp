#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "governance/match_specificity.hpp"
#include "governance/policy.hpp"
#include "sidecar/config/reader.hpp"

namespace outrider::config {

/// A policy as read, with what its file knows about it.
struct read_policy {
    governance::policy value;
    std::string path;  ///< "policies.3"
    std::shared_ptr<const config::origins> origins;
    std::shared_ptr<const std::set<std::string>> failed;  ///< paths of the file that have errors already
};

/// Where a key of a policy was written ("limit.rate"), or the nearest thing above it that was.
origin where_of(const read_policy& of, const std::string& key);

/// "limit" where there is one of them, else "limit.2": as the reader names them.
std::string numbered(const char* rule, std::size_t count, std::size_t index);

/// Findings about all policies of one run.
struct policy_findings {
    diagnostics errors;
    diagnostics warnings;
};

/// What every rule over one policy works with.
class policy_rules {
  public:
    policy_rules(read_policy& of, policy_findings& into) : of_(of), policy_(of.value), into_(into) {}
    /// All that can be said about this policy alone.
    void check();

  protected:
    /// Whether a key was written; `key` counts from the policy ("limit.rate").
    bool given(const std::string& key) const { return of_.origins->contains(of_.path + "." + key); }
    bool has_failed(const std::string& key) const;
    /// Adds an error at a key, unless it follows from one that was already found.
    void fail(const std::string& key, const std::string& text);
    void warn(const std::string& key, const std::string& text);

    void check_match();
    void check_has_rules();
    void check_traffic_of_rules();
    void check_limit(const std::string& at, const governance::limit_rule& rule);
    void check_limit_key(const std::string& at, const governance::limit_rule& rule);
    void check_limit_units(const std::string& at, const governance::limit_rule& rule);
    void check_pace(const std::string& at, const governance::limit_rule& rule);
    void check_concurrency(const std::string& at, const governance::concurrency_rule& rule);
    void check_breaker(const std::string& at, const governance::breaker_rule& rule);
    void check_timeout(const governance::timeout_rule& rule);
    void check_retry(const governance::retry_rule& rule);
    void check_unsafe(const governance::retry_rule& rule);
    void check_fallback(governance::fallback_rule& rule);

    read_policy& of_;
    governance::policy& policy_;
    policy_findings& into_;
    governance::traffic_set traffic_ = 0;  ///< that the match can hold for
};

/// What can be said only about all policies together: names, ties, fallbacks that are asked for.
/// @param fleet  whether a fleet is configured; nothing: not known
void check_together(const std::vector<read_policy>& all, std::optional<bool> fleet, policy_findings& into);

}  // namespace outrider::config
