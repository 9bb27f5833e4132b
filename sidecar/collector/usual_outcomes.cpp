#include "sidecar/collector/usual_outcomes.hpp"

#include <mutex>

namespace outrider::collector {

void usual_outcomes::learn(std::span<const tracing::span_data> chain, std::int64_t now_ns) {
    if (now_ns < next_ns_) return;
    next_ns_ = now_ns + learned_every_ns;
    const auto chains = tracing::build_chains(chain);
    // Whoever reads a large chain does not keep the pipeline: there are others to learn from.
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock) return;
    for (const auto& one : chains) known_.learn_outcomes(one);
}

chain_digest usual_outcomes::digest_of(std::span<const tracing::span_data> chain, std::uint64_t now_unix_ns) const {
    const std::shared_lock lock{mutex_};
    return collector::digest_of(chain, now_unix_ns, known_);
}

}  // namespace outrider::collector
