#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "sidecar/collector/chain_digest.hpp"

namespace outrider::collector {

/// Digests of chains, so that a list of thousands need not read their spans each time it is asked for. Bounded: the
/// chains that began first make room, since lists begin with the last ones. Thread-safe.
class digest_shelf {
  public:
    explicit digest_shelf(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

    /// @param revision  of the chain, see trace_store::chain_mark: a digest of another one is none
    std::optional<chain_digest> find(const tracing::trace_id& chain, std::uint64_t revision,
                                     std::uint64_t now_unix_ns) const;
    void put(const tracing::trace_id& chain, std::uint64_t revision, std::uint64_t now_unix_ns, chain_digest digest);

    std::uint64_t memory() const;

  private:
    struct entry {
        std::uint64_t revision = 0, made_unix_ns = 0, bytes = 0;
        chain_digest digest;
    };
    using age = std::pair<std::uint64_t, tracing::trace_id>;  ///< start of the chain

    void drop(const tracing::trace_id& chain);

    const std::uint64_t most_bytes_;
    mutable std::mutex mutex_;
    std::map<tracing::trace_id, entry> entries_;
    std::set<age> by_start_;
    std::uint64_t bytes_ = 0;
};

}  // namespace outrider::collector
