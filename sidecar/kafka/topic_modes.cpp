#include "sidecar/kafka/topic_modes.hpp"

#include "governance/glob.hpp"

namespace outrider::kafka {

config::record_trace mode_of(const std::vector<config::topic_trace>& rules, std::string_view topic) {
    for (const auto& rule : rules)
        if (governance::fits(rule.topics, topic)) return rule.mode;
    return config::record_trace::inject_uncompressed;
}

}  // namespace outrider::kafka
