#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// The error code of an answer to a version that the broker does not know (KIP-511).
inline constexpr std::int16_t unsupported_version = 35;

/// The answer to ApiVersions, versions 0 to 4. Tagged fields (supported and finalized features, the migration flag,
/// those to come) stay as they were written, count included, so that encoding gives the same bytes again.
struct api_versions_answer {
    struct range {
        std::int16_t key = 0;
        std::int16_t lowest = 0;
        std::int16_t highest = 0;
        std::string tags;
    };
    std::int32_t correlation = 0;
    /// How it is laid out, which is 0 where the broker fell back.
    std::int16_t version = 0;
    std::int16_t error = 0;
    std::vector<range> apis;
    std::int32_t throttle_ms = 0;
    std::string tags;

    const range* find(std::int16_t key) const;
};

/// Reads an answer from its correlation id on. A broker that does not know the version that was asked for answers in
/// version 0, with error 35; brokers have been seen to do so without an error too.
/// @return nothing when neither layout fits exactly, or when more APIs are listed than Kafka can ever have
std::optional<api_versions_answer> decode_api_versions(std::string_view answer, std::int16_t asked);

/// Whether an answer says that the version of the question is not known, in whatever layout: clients then ask in
/// another one. librdkafka's mock broker counts the list behind it wrongly.
bool refuses_version(std::string_view answer);

/// The bytes from the correlation id on.
std::string encode(const api_versions_answer& answer);

/// Leaves what a client may use through the sidecar: hidden and unknown APIs go, decoded ones end at the highest
/// version that is understood (and go when the broker begins above it), opaque ones stay as they are. Minimums are the
/// broker's, because librdkafka takes Produce 0 as a sign that it may compress.
void offer_what_passes(api_versions_answer& answer);

/// Whether a decoded API is asked for in a version that is newer than what is understood. It is never passed on.
bool above_ours(std::int16_t key, std::int16_t version);

/// The answer to an ApiVersions request that is above_ours(): error 35 with the range that is understood, in version 0,
/// the one layout that every client reads (KIP-511). From the correlation id on.
std::string unsupported_version_answer(std::int32_t correlation);

}  // namespace outrider::kafka
