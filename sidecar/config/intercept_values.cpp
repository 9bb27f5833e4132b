#include "sidecar/config/intercept_values.hpp"

#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <nlohmann/json.hpp>

#include "sidecar/config/units.hpp"
#include "sidecar/config/value_access.hpp"

namespace outrider::config {
namespace {

using nlohmann::json;

constexpr std::string_view kafka_prefix = "kafka:";
constexpr std::uint64_t highest_port = 65'535;

/// An address of this family with the length of its prefix in bits; /32 or /128 where none is written.
bool is_network(std::string_view text, int family) {
    const auto slash = text.find('/');
    const std::uint64_t most = family == AF_INET ? 32 : 128;
    if (slash != std::string_view::npos) {
        const auto bits = parse_count(text.substr(slash + 1));
        if (!bits || *bits > most) return false;
    }
    std::array<unsigned char, 16> ignored;
    return ::inet_pton(family, std::string{text.substr(0, slash)}.c_str(), ignored.data()) == 1;
}

/// The two parts of a destination, either of them perhaps empty; brackets are gone. What lacks the port behind its
/// colon is left whole, as no network is written so.
struct split {
    std::string_view network, port;
};

split split_port(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find("]:");
        if (end == std::string_view::npos || end + 2 == text.size()) return {text, {}};
        return {text.substr(1, end - 1), text.substr(end + 2)};
    }
    if (parse_count(text)) return {{}, text};
    const auto colon = text.find(':');
    // More than one colon is an IPv6 network without a port.
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return {text, {}};
    if (colon + 1 == text.size()) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

class protocol_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return parse_intercepted_protocol(text, as<intercepted_protocol>(target));
    }
    std::string print(const void* value) const override { return as<intercepted_protocol>(value).text(); }
    std::string phrase() const override { return "http, tcp, or kafka:NAME with the name of a cluster under 'kafka'"; }
    json schema() const override { return {{"type", "string"}, {"pattern", "^(http|tcp|kafka:.+)$"}}; }
};

class excluded_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return parse_excluded_destination(text, as<excluded_destination>(target));
    }
    std::string print(const void* value) const override { return as<excluded_destination>(value).text(); }
    std::string phrase() const override { return "a network, a port, or both"; }
    json schema() const override { return {{"type", json::array({"string", "integer"})}}; }
};

class mark_number final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return parse_mark(text, as<std::uint32_t>(target));
    }
    std::string print(const void* value) const override {
        const auto mark = as<std::uint32_t>(value);
        if (mark == 0) return {};
        std::array<char, 8> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mark, 16).ptr;
        return "0x" + std::string{digits.data(), end};
    }
    std::string phrase() const override { return "a mark such as 0x539, from 1 to 0xffffffff"; }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "integer"}, {"minimum", 1}, {"maximum", 0xffffffffU}},
                  {{"type", "string"}, {"pattern", "^(0x[0-9a-fA-F]+|[0-9]+)$"}}}}};
    }
};

class user_number final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto number = parse_count(text);
        if (!number || *number >= 0xffffffffU) return quoted(text) + " is not " + phrase();
        as<std::optional<std::uint32_t>>(target) = static_cast<std::uint32_t>(*number);
        return {};
    }
    std::string print(const void* value) const override {
        const auto& number = as<std::optional<std::uint32_t>>(value);
        return number ? std::to_string(*number) : std::string{};
    }
    std::string phrase() const override { return "a user's number such as 1337"; }
    json schema() const override { return {{"type", "integer"}, {"minimum", 0}, {"maximum", 0xfffffffeU}}; }
};

}  // namespace

std::string intercepted_protocol::text() const {
    switch (what) {
        case kind::http:
            return "http";
        case kind::kafka:
            return std::string{kafka_prefix} + cluster;
        case kind::tcp:
            return "tcp";
    }
    return {};
}

std::string excluded_destination::text() const {
    if (network.empty()) return std::to_string(port);
    if (port == 0) return network;
    return (is_v6() ? "[" + network + "]" : network) + ":" + std::to_string(port);
}

complaint parse_intercepted_protocol(std::string_view text, intercepted_protocol& out) {
    out = {};
    if (text == "http") return out.what = intercepted_protocol::kind::http, complaint{};
    if (text == "tcp") return {};
    if (!text.starts_with(kafka_prefix) || text.size() == kafka_prefix.size())
        return quoted(text) + " is not http, tcp, or kafka:NAME with the name of a cluster under 'kafka'";
    out.what = intercepted_protocol::kind::kafka;
    out.cluster = text.substr(kafka_prefix.size());
    return {};
}

complaint parse_excluded_destination(std::string_view text, excluded_destination& out) {
    const auto [network, port] = split_port(text);
    const auto wrong = quoted(text) +
                       " is no destination; write a network (10.0.0.0/8, fd00::/8), a port (22), or both "
                       "(10.0.0.1:5432, [fd00::1]:5432)";
    out = {};
    if (!port.empty()) {
        const auto number = parse_count(port);
        if (!number || *number == 0 || *number > highest_port) return wrong;
        out.port = static_cast<std::uint16_t>(*number);
    }
    if (!network.empty() && !is_network(network, AF_INET) && !is_network(network, AF_INET6)) return wrong;
    out.network = network;
    return out.network.empty() && out.port == 0 ? wrong : complaint{};
}

complaint parse_mark(std::string_view text, std::uint32_t& out) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const auto digits = text.substr(hexadecimal ? 2 : 0);
    std::uint32_t mark = 0;
    const auto* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, mark, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != last || mark == 0)
        return quoted(text) + " is not a mark such as 0x539, from 1 to 0xffffffff";
    out = mark;
    return {};
}

type_of<intercepted_protocol> intercepted_protocol_type() { return {std::make_shared<protocol_type>()}; }
type_of<excluded_destination> excluded_destination_type() { return {std::make_shared<excluded_type>()}; }
type_of<std::uint32_t> mark_type() { return {std::make_shared<mark_number>()}; }
type_of<std::optional<std::uint32_t>> user_id_type() { return {std::make_shared<user_number>()}; }

}  // namespace outrider::config
