#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::exchange {

std::string rule_name(const governance::compiled_rule& rule) {
    std::string out{name_of(rule.kind)};
    if (rule.index > 0) out += "." + std::to_string(rule.index);
    return out;
}

std::vector<decision_counts::row*> decision_counts::rows_of(const governance::policy_set& set) {
    std::vector<row*> out;
    for (const auto* rule : set.rules()) out.push_back(find_or_add(rule->of->name, rule_name(*rule), rule->shadow));
    return out;
}

decision_counts::row* decision_counts::find_or_add(const std::string& policy, const std::string& rule, bool shadow) {
    auto key = policy + '\n' + rule + (shadow ? "\nshadow" : "\nenforce");
    if (auto at = index_.find(key); at != index_.end()) return at->second;
    auto count = published_.load(std::memory_order_relaxed);
    if (count >= most_rows && other_) return other_;
    auto& made = rows_[count];
    made = std::make_unique<row>();
    if (count >= most_rows) {
        other_ = made.get();
        made->policy = made->rule = "other";
    } else {
        made->policy = policy;
        made->rule = rule;
        made->shadow = shadow;
        index_.emplace(std::move(key), made.get());
    }
    published_.store(count + 1, std::memory_order_release);
    return made.get();
}

}  // namespace outrider::exchange
