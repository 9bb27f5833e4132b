#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sidecar/collector/chain_digest.hpp"
#include "sidecar/collector/chain_query.hpp"
#include "sidecar/collector/digest_shelf.hpp"
#include "sidecar/collector/trace_store.hpp"

namespace outrider::collector {

/// The chain as one trace, as everybody outside sees it: rewritten, without what is only for the stitcher, and with
/// what is missing named in it.
std::vector<tracing::span_data> shown_chain(stored_chain chain);

struct found_chain {
    tracing::trace_id id;
    chain_digest digest;
    bool decided = false;
};

struct found_chains {
    std::vector<found_chain> chains;  ///< most recent first
    bool cut_off = false;             ///< there may be more: the search took too long
};

/// The digest of the chain that a trace is part of, from the shelf, where it is put if need be.
struct looked_up_chain {
    chain_mark mark;
    std::optional<chain_digest> digest;  ///< nothing: there is no such chain, or it would have had to be read
    std::uint64_t spans_read = 0;
    bool kept = true;  ///< false: there was no room for it on the shelf
};
looked_up_chain look_up(const trace_store& store, digest_shelf& shelf, const tracing::trace_id& id,
                        std::uint64_t now_unix_ns, bool may_read);

/// @param shelf       of digests: what is there is not read again
/// @param most_spans  that are read: a search ends there
found_chains find_chains(const trace_store& store, digest_shelf& shelf, const chain_query& query,
                         std::uint64_t now_unix_ns, std::uint64_t most_spans);

}  // namespace outrider::collector
