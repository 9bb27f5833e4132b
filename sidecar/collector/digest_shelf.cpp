#include "sidecar/collector/digest_shelf.hpp"

namespace outrider::collector {

namespace {

constexpr std::uint64_t reading_lasts_ns = 600'000'000'000;
constexpr std::uint64_t node_bytes = 160;  // of the map and the set
/// Chains that wait for something are judged anew after a second; what is known to be stuck only grows older.
constexpr std::uint64_t waiting_holds_ns = 1'000'000'000, stuck_holds_ns = 5'000'000'000;

bool still_holds(const chain_digest& digest, std::uint64_t made_ns, std::uint64_t now_ns) {
    const auto age = now_ns > made_ns ? now_ns - made_ns : 0;
    if (digest.state == tracing::chain_state::waiting) return age < waiting_holds_ns;
    if (digest.state == tracing::chain_state::stuck) return age < stuck_holds_ns;
    return true;
}

}  // namespace

std::optional<chain_digest> digest_shelf::find(const tracing::trace_id& chain, std::uint64_t revision,
                                               std::uint64_t now_unix_ns) const {
    const std::lock_guard lock{mutex_};
    const auto at = entries_.find(chain);
    if (at == entries_.end() || at->second.revision != revision) return std::nullopt;
    if (!still_holds(at->second.digest, at->second.made_unix_ns, now_unix_ns)) return std::nullopt;
    return at->second.digest;
}

bool digest_shelf::is_read(std::uint64_t now_unix_ns) const {
    const auto last = read_unix_ns_.load();
    return last != 0 && now_unix_ns < last + reading_lasts_ns;
}

bool digest_shelf::put(const tracing::trace_id& chain, std::uint64_t revision, std::uint64_t now_unix_ns,
                       chain_digest digest) {
    const std::lock_guard lock{mutex_};
    drop(chain);
    const auto bytes = digest.memory() + node_bytes;
    const age key{digest.start_ns, chain};
    while (bytes_ + bytes > most_bytes_) {
        if (by_start_.empty() || key < *by_start_.begin()) return false;
        drop(by_start_.begin()->second);
    }
    bytes_ += bytes;
    by_start_.insert(key);
    entries_.emplace(chain, entry{revision, now_unix_ns, bytes, std::move(digest)});
    return true;
}

void digest_shelf::drop(const tracing::trace_id& chain) {
    const auto at = entries_.find(chain);
    if (at == entries_.end()) return;
    bytes_ -= at->second.bytes;
    by_start_.erase({at->second.digest.start_ns, chain});
    entries_.erase(at);
}

std::uint64_t digest_shelf::memory() const {
    const std::lock_guard lock{mutex_};
    return bytes_;
}

}  // namespace outrider::collector
