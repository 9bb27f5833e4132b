#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// The API keys that the code names; every other one is a number in the table.
enum class api : std::int16_t {
    produce = 0,
    fetch = 1,
    metadata = 3,
    offset_commit = 8,
    find_coordinator = 10,
    join_group = 11,
    sasl_handshake = 17,
    api_versions = 18,
    init_producer_id = 22,
    sasl_authenticate = 36,
    describe_quorum = 55,
    describe_cluster = 60,
    consumer_group_heartbeat = 68,
    share_group_heartbeat = 76,
    share_fetch = 78,
    share_acknowledge = 79,
};

/// What a session does with the messages of an API.
enum class treatment : std::uint8_t {
    opaque,   ///< passed byte for byte; no version ceiling
    decoded,  ///< understood up to `highest`, which is what clients are offered at most
    hidden,   ///< between brokers and controllers: clients are not offered it
};

/// One row of the table of APIs.
struct api_facts {
    std::int16_t key;
    std::string_view name;
    std::int16_t first_flexible;  ///< request and answer from this version on; never: 0x7fff
    treatment how = treatment::opaque;
    std::int16_t highest = 0x7fff;  ///< of decoded ones
};

inline constexpr std::int16_t never_flexible = 0x7fff;

/// The API of this key; null for one that was not known when this was written.
const api_facts* find_api(std::int16_t key);

/// The name for people and metrics; "unknown" where there is none.
std::string_view name_of(std::int16_t key);

inline encoding encoding_of(const api_facts& facts, std::int16_t version) {
    return version >= facts.first_flexible ? encoding::flexible : encoding::classic;
}
encoding encoding_of(api key, std::int16_t version);

/// The head of every request (request header v1, or v2 for flexible versions).
struct request_header {
    std::int16_t key = 0;
    std::int16_t version = 0;
    std::int32_t correlation = 0;
    std::string_view client_id;  ///< null data(): none

    api which() const { return static_cast<api>(key); }
};

/// Reads a request's header; `in` stands at the body afterwards, for APIs of the table.
request_header read_request_header(wire_reader& in);

/// Passes an answer's header (correlation id, and tags in flexible versions; ApiVersions never has them).
/// @return the correlation id
std::int32_t read_response_header(wire_reader& in, api key, std::int16_t version);
void write_response_header(wire_writer& out, std::int32_t correlation, api key, std::int16_t version);

}  // namespace outrider::kafka
