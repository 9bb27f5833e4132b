#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/discovery/probe_connection.hpp"

namespace outrider::discovery {

/// Requests with their size in front. Metadata asks for no topic, in a version that metadata_version() gave.
std::string api_versions_question();
std::string metadata_question(std::int16_t version);

/// The newest version of Metadata that both understand, by an answer to ApiVersions without its size.
/// @return nothing when there is none; then `why` says so
std::optional<std::int16_t> metadata_version(std::string_view answer, std::string& why);

/// Whether an answer to Metadata, without its size, names at least one broker.
probe_result judge_metadata(std::string_view answer, std::int16_t version);

/// Asks the brokers in turn, beginning with `first`, until one of them knows its cluster. A broker that knows its APIs
/// and closes the connection at the next question wants clients to authenticate, and counts as good.
/// @param first  is the one that answered afterwards
/// @param tls    null: plaintext
net::awaitable<probe_result> probe_kafka(probe_io& io, const std::vector<config::endpoint>& brokers, std::size_t& first,
                                         net::tls_context* tls);

}  // namespace outrider::discovery
