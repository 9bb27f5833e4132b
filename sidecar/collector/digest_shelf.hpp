#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "sidecar/collector/chain_digest.hpp"
#include "sidecar/collector/usual_outcomes.hpp"

namespace outrider::collector {

/// Digests of chains, so that a list of thousands need not read their spans each time it is asked for. Bounded: the
/// chains that began first make room, since lists begin with the last ones. Thread-safe.
class digest_shelf {
  public:
    explicit digest_shelf(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

    /// @param revision  of the chain, see trace_store::chain_mark: a digest of another one is none
    std::optional<chain_digest> find(const tracing::trace_id& chain, std::uint64_t revision,
                                     std::uint64_t now_unix_ns) const;
    /// @return false when there was no room: those on the shelf began later
    bool put(const tracing::trace_id& chain, std::uint64_t revision, std::uint64_t now_unix_ns, chain_digest digest);

    /// Somebody looks at lists.
    void note_reader(std::uint64_t now_unix_ns) { read_unix_ns_ = now_unix_ns; }
    /// Whether somebody did so lately: then digests are worth being made before they are asked for.
    bool is_read(std::uint64_t now_unix_ns) const;

    std::uint64_t memory() const;

    /// What digests are made with.
    usual_outcomes& usual() { return usual_; }

  private:
    struct entry {
        std::uint64_t revision = 0, made_unix_ns = 0, bytes = 0;
        chain_digest digest;
    };
    using age = std::pair<std::uint64_t, tracing::trace_id>;  ///< start of the chain

    void drop(const tracing::trace_id& chain);

    usual_outcomes usual_;
    const std::uint64_t most_bytes_;
    mutable std::mutex mutex_;
    std::map<tracing::trace_id, entry> entries_;
    std::set<age> by_start_;
    std::uint64_t bytes_ = 0;
    std::atomic<std::uint64_t> read_unix_ns_{0};
};

}  // namespace outrider::collector
