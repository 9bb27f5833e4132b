#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <span>

#include "sidecar/collector/chain_digest.hpp"
#include "tracing/chains/chain_surroundings.hpp"

namespace outrider::collector {

/// What usually comes of records: learned from chains that settled, some a second. Without it a record that somebody
/// took and did nothing with looks like the end of its chain. Thread-safe.
class usual_outcomes {
  public:
    /// @param chain   the spans of one chain, rewritten to one trace, when it has settled
    /// @param now_ns  of any steady clock
    void learn(std::span<const tracing::span_data> chain, std::int64_t now_ns);

    /// The digest of a chain, a record that nothing came of being a gap where something nearly always does.
    chain_digest digest_of(std::span<const tracing::span_data> chain, std::uint64_t now_unix_ns) const;

  private:
    static constexpr std::size_t most_records = 200, most_names = 500;
    static constexpr std::int64_t learned_every_ns = 20'000'000;

    mutable std::shared_mutex mutex_;  ///< of known_
    tracing::chain_surroundings known_{most_records, most_names};
    std::atomic<std::int64_t> next_ns_{0};
};

}  // namespace outrider::collector
