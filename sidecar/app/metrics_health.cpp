// What the monitor of health counts.

#include "sidecar/app/metrics_page.hpp"

namespace outrider::app {

using admin::metric_type;

void add_health(page& out, const discovery::health_board& board) {
    const auto state = board.verdict().state;
    for (std::size_t i = 0; i < governance::health_states; ++i) {
        const auto each = static_cast<governance::health_state>(i);
        out.add("outrider_health_state", "The verdict: 1 for the state that holds, 0 for the others.",
                metric_type::gauge, {{"state", std::string{name_of(each)}}}, each == state ? 1 : 0);
    }
    out.add("outrider_health_changes_total", "How often the verdict's state changed.", metric_type::counter, {},
            board.state_changes());
    for (const auto& target : board.look()) {
        out.add("outrider_target_up", "1 while probes and traffic say that the target is up.", metric_type::gauge,
                {{"target", target.label}}, target.up ? 1 : 0);
        auto results = [&](const char* result, std::uint64_t value) {
            out.add("outrider_probe_results_total", "Probes by their result.", metric_type::counter,
                    {{"target", target.label}, {"result", result}}, value);
        };
        results("success", target.successes);
        results("failure", target.failures);
        results("timeout", target.timeouts);
    }
}

}  // namespace outrider::app
