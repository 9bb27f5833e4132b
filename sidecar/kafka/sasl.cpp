#include "sidecar/kafka/sasl.hpp"

#include <array>

namespace outrider::kafka {
namespace {

constexpr auto classic = encoding::classic;
constexpr std::int32_t most_mechanisms = 64;
constexpr std::array passing{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"};

}  // namespace

std::string_view why_it_cannot_pass(std::string_view mechanism) {
    if (mechanism == "GSSAPI")
        return "GSSAPI (Kerberos) asks for a ticket of the host that the client connects to, which is the sidecar";
    if (mechanism == "AWS_MSK_IAM")
        return "AWS_MSK_IAM signs the name of the host that the client connects to, which is the sidecar";
    return {};
}

std::optional<std::string_view> read_sasl_handshake(wire_reader body) {
    auto mechanism = body.string(classic);
    if (body.failed() || body.left() > 0 || mechanism.data() == nullptr) return std::nullopt;
    return mechanism;
}

std::optional<sasl_handshake_answer> decode_sasl_handshake(std::string_view bytes) {
    wire_reader in{bytes};
    sasl_handshake_answer answer;
    answer.correlation = in.int32();
    answer.error = in.int16();
    auto count = in.array(classic);
    if (count > most_mechanisms) return std::nullopt;
    for (std::int32_t i = 0; i < count && !in.failed(); ++i) answer.mechanisms.emplace_back(in.string(classic));
    if (in.failed() || in.left() > 0) return std::nullopt;
    return answer;
}

std::string encode(const sasl_handshake_answer& answer) {
    std::string bytes;
    wire_writer out{bytes};
    out.int32(answer.correlation);
    out.int16(answer.error);
    out.array(static_cast<std::int32_t>(answer.mechanisms.size()), classic);
    for (const auto& mechanism : answer.mechanisms) out.string(mechanism, classic);
    return bytes;
}

void offer_what_passes(sasl_handshake_answer& answer) {
    std::erase_if(answer.mechanisms, [](const auto& mechanism) { return !why_it_cannot_pass(mechanism).empty(); });
}

std::string refuse_sasl_mechanism(std::int32_t correlation) {
    return encode({correlation, unsupported_sasl_mechanism, {passing.begin(), passing.end()}});
}

std::string principal_in(std::string_view token) {
    if (const auto first = token.find('\0'); first != std::string_view::npos) {
        const auto second = token.find('\0', first + 1);
        if (second == std::string_view::npos || token.find('\0', second + 1) != std::string_view::npos) return {};
        return std::string{token.substr(first + 1, second - first - 1)};
    }
    // The GS2 header ends with the second comma: "n,,n=user,r=nonce".
    const auto first = token.find(','), second = first == token.npos ? first : token.find(',', first + 1);
    if (second == std::string_view::npos || token.substr(second + 1, 2) != "n=") return {};
    auto name = token.substr(second + 3);
    name = name.substr(0, name.find(','));
    std::string out;
    for (; !name.empty(); name.remove_prefix(1)) {
        const auto escaped = name.substr(0, 3);
        const bool comma = escaped == "=2C", equals = escaped == "=3D";
        out += comma ? ',' : equals ? '=' : name.front();
        if (comma || equals) name.remove_prefix(2);
    }
    return out;
}

std::optional<sasl_authenticate_answer> read_sasl_authenticate_answer(wire_reader body, std::int16_t version) {
    if (version < 0 || version > 2) return std::nullopt;
    auto how = version >= 2 ? encoding::flexible : classic;
    sasl_authenticate_answer answer;
    answer.error = body.int16();
    answer.message = body.string(how);
    (void)body.bytes(how);  // token
    if (version >= 1) answer.session_lifetime_ms = body.int64();
    body.skip_tags(how);
    if (body.failed() || body.left() > 0) return std::nullopt;
    return answer;
}

std::optional<raw_sasl> raw_sasl::after_handshake(std::string_view mechanism) {
    if (mechanism == "PLAIN") return raw_sasl{1, false};
    if (mechanism.starts_with("SCRAM-")) return raw_sasl{2, false};
    if (mechanism == "OAUTHBEARER") return raw_sasl{1, true};
    return std::nullopt;
}

void raw_sasl::client_token() {
    if (client_sends_token()) ++from_client_;
}

void raw_sasl::broker_token(std::size_t size) {
    if (!broker_sends_token()) return;
    ++from_broker_;
    if (may_fail_late_ && from_broker_ == 1 && size > 0) tokens_ = 2;
}

}  // namespace outrider::kafka
