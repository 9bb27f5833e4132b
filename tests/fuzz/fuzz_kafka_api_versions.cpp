// What opens a connection: ApiVersions and SaslHandshake answers encode to what they were decoded from, and what is
// offered to a client decodes again with nothing left to take away. SaslAuthenticate answers are only read.
#include <cstdint>
#include <cstdlib>

#include "sidecar/kafka/api_versions.hpp"
#include "sidecar/kafka/sasl.hpp"

using namespace outrider::kafka;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check_api_versions(std::string_view bytes, std::int16_t asked) {
    auto answer = decode_api_versions(bytes, asked);
    if (!answer) return;
    // Not the bytes themselves: a count may be a longer varint than it needs to be.
    auto same = decode_api_versions(encode(*answer), answer->version);
    require(same && encode(*same) == encode(*answer) && same->apis.size() == answer->apis.size());
    offer_what_passes(*answer);
    auto offered = encode(*answer);
    auto again = decode_api_versions(offered, answer->version);
    require(again.has_value());
    offer_what_passes(*again);
    require(encode(*again) == offered);
}

void check_handshake(std::string_view bytes) {
    auto answer = decode_sasl_handshake(bytes);
    if (!answer) return;
    offer_what_passes(*answer);
    auto again = decode_sasl_handshake(encode(*answer));
    require(again && again->mechanisms == answer->mechanisms && again->error == answer->error);
}

void check_raw(std::string_view bytes) {
    auto mechanism = read_sasl_handshake(wire_reader{bytes});
    if (!mechanism) return;
    auto raw = raw_sasl::after_handshake(*mechanism);
    for (int i = 0; raw && i < 2; ++i) {
        raw->client_token();
        raw->broker_token(bytes.size());
    }
    require(!raw || raw->finished());
}

}  // namespace

// The first byte picks the message, the second the version.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
    auto version = static_cast<std::int16_t>(data[1] % 7 - 1);
    switch (data[0] % 4) {
        case 0:
            check_api_versions(bytes, version);
            break;
        case 1:
            check_handshake(bytes);
            break;
        case 2:
            check_raw(bytes);
            break;
        case 3:
            (void)read_sasl_authenticate_answer(wire_reader{bytes}, version);
            break;
    }
    return 0;
}
