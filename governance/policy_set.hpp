#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "governance/breaker.hpp"
#include "governance/concurrency.hpp"
#include "governance/facts.hpp"
#include "governance/inline_list.hpp"
#include "governance/limit_handle.hpp"
#include "governance/policy.hpp"
#include "governance/rate_limiter.hpp"
#include "governance/retry_budget.hpp"

namespace outrider::governance {

/// Decisions are counted by rule and outcome; a worker counts in a table of its own under the rule's number.
using rule_number = std::uint16_t;

enum class rule_kind : std::uint8_t { limit, concurrency, breaker, timeout, retry, fallback };
std::string_view name_of(rule_kind which);

/// A breaker rule's breakers: one per upstream (or operation) it is asked about, made when first needed, at most 1,000.
class breaker_table;

/// What every compiled rule has in common.
struct compiled_rule {
    const policy* of = nullptr;
    rule_kind kind = rule_kind::limit;
    std::uint32_t index = 0;  ///< among the policy's rules of this kind
    rule_number number = 0;
    bool shadow = false;
};
struct compiled_limit : compiled_rule {
    const limit_rule* rule = nullptr;
    std::shared_ptr<rate_limiter> limiter;  ///< with `scope: fleet`: this sidecar's equal share
    std::shared_ptr<fleet_limiter> fleet;   ///< with `scope: fleet`, where there is a store to ask; else null
    limit_handle asked() const { return {limiter.get(), fleet.get()}; }
};
struct compiled_concurrency : compiled_rule {
    const concurrency_rule* rule = nullptr;
    std::shared_ptr<concurrency_limiter> limiter;
};
struct compiled_breaker : compiled_rule {
    const breaker_rule* rule = nullptr;
    std::shared_ptr<breaker_table> breakers;
    std::string operation;  ///< with `per: operation`: method and path template, as the policy names them
    /// The name of the breaker that guards an upstream; a view until the thread asks again.
    std::string_view guarded(std::string_view upstream) const;
};
struct compiled_retry : compiled_rule {
    const retry_rule* rule = nullptr;
    std::shared_ptr<retry_budget> budget;
};

struct compiled_policy {
    const policy* source = nullptr;
    std::uint32_t specificity = 0;  ///< how narrow the match is: the greater the narrower
    std::vector<compiled_limit> limits;
    std::vector<compiled_concurrency> concurrency;
    std::vector<compiled_breaker> breakers;
    compiled_rule timeout, fallback;  ///< for counting; meaningful where the policy has them
    compiled_retry retry;
};

/// The policies that match one exchange. Reused from exchange to exchange: nothing is allocated once warm.
struct matched {
    inline_list<const compiled_policy*, 8> policies;  ///< in the order of the files; disabled ones are not there
    /// Of each setting the one that counts: the most specific policy's; null: none. A policy in shadow mode sets
    /// nothing.
    const compiled_policy *timeout = nullptr, *retry = nullptr, *eject = nullptr, *balance = nullptr,
                          *fallback = nullptr, *priority = nullptr, *cost = nullptr;
    struct parameter {
        std::string_view name, value;
    };
    inline_list<parameter, 4> parameters;  ///< of path templates
    inline_list<std::uint32_t, 16> candidates;
    std::string normal_path;  ///< the path without escapes and dot segments, where it had any; parameters view it
    void clear();
};

/// All policies, compiled: immutable, shared by all workers. The state of rules (buckets, breakers, slots) is behind
/// it, exact over all workers, and passes to the next set for each rule that did not change.
class policy_set {
  public:
    struct options {
        time_point now{};
        std::string version;  ///< of what was written, as answers and the admin pages name it
        /// Makes the limiter of a limit with `scope: fleet`; empty: there is no store, the share counts.
        std::function<std::shared_ptr<fleet_limiter>(const policy& of, std::size_t index, const limit_rule& rule)>
            fleet{};
        double fleet_share = 1;  ///< of limits with `scope: fleet`, while there is nobody to ask: 1 / replicas
    };
    /// @param former  the set in use, for the state of unchanged rules; null at the start
    static std::shared_ptr<const policy_set> compile(std::vector<policy> policies, const policy_set* former,
                                                     const options& with);
    ~policy_set();

    void match(const facts& of, matched& out) const;

    const std::vector<compiled_policy>& policies() const;  ///< without those that are disabled
    /// Null where there is none of this name, or it is disabled.
    const compiled_policy* find(std::string_view name) const;
    const std::vector<policy>& sources() const;
    /// All rules by their number.
    const std::vector<const compiled_rule*>& rules() const;
    const std::string& version() const;
    bool empty() const;

  private:
    policy_set();
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
