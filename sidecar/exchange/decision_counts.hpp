#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "governance/admission.hpp"
#include "sidecar/exchange/metrics.hpp"

namespace outrider::exchange {

/// What one worker counts of its rules' decisions. Written by its worker only, read by the scraping thread without
/// disturbing it: rows are appended, never moved or removed, so counts go on over a reload.
class decision_counts {
  public:
    static constexpr std::size_t most_rows = 1'000;

    struct row {
        std::string policy;
        std::string rule;  ///< "limit", or "limit.1" for the second of its kind
        bool shadow = false;
        std::array<counter, governance::rule_outcomes> outcomes;
    };

    /// A row for each rule of the set, by its number; beyond the bound, the one called "other".
    std::vector<row*> rows_of(const governance::policy_set& set);

    /// @param visit  called with each row, any thread
    template <typename Visit>
    void each(Visit visit) const {
        const auto count = published_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < count; ++i) visit(*rows_[i]);
    }

  private:
    row* find_or_add(const std::string& policy, const std::string& rule, bool shadow);

    std::map<std::string, row*> index_;
    std::array<std::unique_ptr<row>, most_rows + 1> rows_;
    std::atomic<std::size_t> published_{0};
    row* other_ = nullptr;
};

/// "limit", "limit.1", ...: how a rule is called in metrics, answers and spans.
std::string rule_name(const governance::compiled_rule& rule);

}  // namespace outrider::exchange
