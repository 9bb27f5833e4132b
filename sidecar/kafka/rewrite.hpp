#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/cluster_map.hpp"
#include "sidecar/kafka/node_address.hpp"

namespace outrider::kafka {

enum class rewrite_outcome : std::uint8_t {
    unchanged,  ///< the answer may pass as it is; `out` is empty
    rewritten,  ///< `out` is the whole answer that may pass
    malformed,  ///< it can't be told what addresses are in it: it must not pass; `out` is empty
};

/// Whether answers of this API and version may name nodes, so that they have to go through rewrite_answer().
bool names_nodes(api key, std::int16_t version);

/// Puts advertised addresses in the place of the brokers' own ones. Every other byte stays, unknown tagged fields
/// included.
///
/// What the plan has no address for is left out, never shown: a node goes from its array, a coordinator becomes "none"
/// with the error COORDINATOR_NOT_AVAILABLE, and the listeners of a quorum's nodes, which are controllers, always go.
///
/// @param answer one whole answer, from the correlation id on
/// @param version the version of the request; beyond the highest of the table of APIs it is malformed
/// @param facts what the answer says about the cluster is added here, with the brokers' own addresses
/// @param out replaced
rewrite_outcome rewrite_answer(api key, std::int16_t version, std::string_view answer, const address_plan& plan,
                               learned& facts, std::string& out);

}  // namespace outrider::kafka
