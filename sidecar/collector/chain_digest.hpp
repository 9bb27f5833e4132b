#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "tracing/span_data.hpp"

namespace outrider::collector {

/// What is said of a chain where many are listed, and what decides whether it is kept.
struct chain_digest {
    std::string service, name;  ///< of its first root
    std::uint64_t start_ns = 0, end_ns = 0;
    std::uint64_t spans = 0, services = 0, errors = 0, gaps = 0, inferred = 0;
    bool stuck = false;  ///< a record that nobody took, a parent that never came, a time-out
    std::map<std::string, std::set<std::string>> keys;

    std::uint64_t duration_ns() const { return end_ns > start_ns ? end_ns - start_ns : 0; }
};

/// @param chain        the spans of one chain, rewritten to one trace
/// @param now_unix_ns  a record that was sent moments ago may yet be taken
chain_digest digest_of(std::span<const tracing::span_data> chain, std::uint64_t now_unix_ns);

}  // namespace outrider::collector
