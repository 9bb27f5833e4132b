#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "tracing/chains/chain_analysis.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector {

/// What is said of a chain where many are listed, and what decides whether it is kept.
struct chain_digest {
    std::string service, name;  ///< of its first root
    std::uint64_t start_ns = 0, end_ns = 0;
    std::uint64_t spans = 0, services = 0, errors = 0, gaps = 0, inferred = 0;
    bool stuck = false;  ///< a record that nobody took, a parent that never came, a time-out
    tracing::chain_state state = tracing::chain_state::complete;
    std::string verdict;  ///< one line on it
    std::map<std::string, std::set<std::string>> keys;
    std::string service_names;  ///< "\norders\nstock\n", the first ones
    std::string words;          ///< what a search for text finds: names and values in lower case; bounded

    bool has_service(std::string_view name) const;
    /// @param text  in lower case
    bool has_text(std::string_view text) const { return words.find(text) != std::string::npos; }

    std::uint64_t duration_ns() const { return end_ns > start_ns ? end_ns - start_ns : 0; }
    /// What it takes in memory, about.
    std::uint64_t memory() const;
};

/// ASCII letters only.
std::string lower_case(std::string_view text);

/// @param chain        the spans of one chain, rewritten to one trace
/// @param now_unix_ns  a record that was sent moments ago may yet be taken
/// @param known        what usually comes of records
chain_digest digest_of(std::span<const tracing::span_data> chain, std::uint64_t now_unix_ns,
                       const tracing::chain_surroundings& known);

}  // namespace outrider::collector
