#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// The error code for a mechanism that can't be used here.
inline constexpr std::int16_t unsupported_sasl_mechanism = 33;

/// Why a mechanism can't pass through the sidecar, for the log; empty when it can. Those that can't prove something
/// about the host name that the client connected to, which is the sidecar's and not the broker's.
std::string_view why_it_cannot_pass(std::string_view mechanism);

/// The mechanism of a SaslHandshake request, versions 0 and 1; `body` stands behind the header.
/// @return nothing when it can't be read
std::optional<std::string_view> read_sasl_handshake(wire_reader body);

/// The answer to SaslHandshake, versions 0 and 1; they look the same.
struct sasl_handshake_answer {
    std::int32_t correlation = 0;
    std::int16_t error = 0;
    std::vector<std::string> mechanisms;  ///< that the broker has enabled
};

/// Reads an answer from its correlation id on.
std::optional<sasl_handshake_answer> decode_sasl_handshake(std::string_view answer);
std::string encode(const sasl_handshake_answer& answer);

/// Takes the mechanisms that can't pass out of an answer.
void offer_what_passes(sasl_handshake_answer& answer);

/// The answer to a handshake with a mechanism that can't pass: error 33 and the mechanisms that can.
std::string refuse_sasl_mechanism(std::int32_t correlation);

/// Who a client says it is in its first token, by the token's shape: PLAIN (RFC 4616) and SCRAM (RFC 5802). Empty for
/// other mechanisms and later tokens. Whether it is true is the broker's to judge: it ends the connection if not.
std::string principal_in(std::string_view token);

/// The answer to SaslAuthenticate, versions 0 to 2, without its token.
struct sasl_authenticate_answer {
    std::int16_t error = 0;
    std::string_view message;              ///< of the error; a view of what was read
    std::int64_t session_lifetime_ms = 0;  ///< when to authenticate again; 0: never
};

/// `body` stands behind the header.
std::optional<sasl_authenticate_answer> read_sasl_authenticate_answer(wire_reader body, std::int16_t version);

/// What follows a SaslHandshake of version 0: tokens in frames without any header, in both directions, as many as the
/// mechanism needs. Then requests and answers come again.
///
///     client   token ----------- token ----- requests ...
///     broker         - token --------- token - answers ...
///
/// PLAIN has one token each way, SCRAM two. OAUTHBEARER has one, or two when the broker's first is not empty: that is
/// how it tells of a failure, which the client confirms (RFC 7628).
class raw_sasl {
  public:
    /// @return nothing for a mechanism whose number of tokens is not known: it needs version 1
    static std::optional<raw_sasl> after_handshake(std::string_view mechanism);

    /// Whether the next frame of the client, or of the broker, is a token.
    bool client_sends_token() const { return from_client_ < tokens_; }
    bool broker_sends_token() const { return from_broker_ < tokens_; }
    bool finished() const { return !client_sends_token() && !broker_sends_token(); }

    /// A token has come. One that is not expected changes nothing.
    void client_token();
    void broker_token(std::size_t size);

  private:
    raw_sasl(int tokens, bool may_fail_late) : tokens_(tokens), may_fail_late_(may_fail_late) {}

    int tokens_;
    bool may_fail_late_;
    int from_client_ = 0;
    int from_broker_ = 0;
};

}  // namespace outrider::kafka
