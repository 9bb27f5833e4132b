#include "sidecar/collector/sidecar_card.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

#include <openssl/sha.h>

#include "tracing/json_reader.hpp"
#include "tracing/json_writer.hpp"
#include "tracing/utf8.hpp"

namespace outrider::collector {

namespace {

using tracing::json_writer;
using tracing::json::json;
namespace reading = tracing::json;

constexpr unsigned deepest = 8;
constexpr std::size_t name_bytes = 200, text_bytes = 500;
constexpr std::size_t most_reasons = 16, most_dependencies = 1'000, most_policies = 2'000;
constexpr std::size_t least_secret = 16, most_secret = 128;

std::string cut(std::string_view text, std::size_t most) {
    std::string out;
    tracing::append_utf8(out, text, most);
    return out;
}

std::string named_id(std::string_view secret) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < 8; ++i) {
        out += digits[hash[i] >> 4];
        out += digits[hash[i] & 15];
    }
    return out;
}

/// Copies the members of one object, those that are there.
class object_copy {
  public:
    object_copy(const json& from, json_writer& to) : from_(from), to_(to) {
        if (!from.is_object()) throw bad_card{"an object was expected"};
    }

    void text(const char* name, std::size_t most = text_bytes) {
        const auto value = reading::text_member(from_, name);
        if (!value.empty()) to_.text(name, cut(value, most));
    }
    void word(const char* name, std::initializer_list<std::string_view> allowed) {
        const auto value = reading::text_member(from_, name);
        if (value.empty()) return;
        if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
            throw bad_card{std::string{name} + ": '" + cut(value, 40) + "' is none of the words that are known"};
        to_.text(name, value);
    }
    void time(const char* name) {
        if (reading::member(from_, name) != nullptr) to_.quoted(name, reading::unsigned_member(from_, name));
    }
    void count(const char* name) {
        if (reading::member(from_, name) != nullptr) to_.number(name, reading::unsigned_member(from_, name));
    }
    /// Finite and not negative.
    void measure(const char* name, double most = 1e15) {
        const auto* value = reading::member(from_, name);
        if (value == nullptr) return;
        if (!value->is_number()) throw bad_card{std::string{name} + ": a number was expected"};
        const auto number = value->get<double>();
        if (!std::isfinite(number) || number < 0) throw bad_card{std::string{name} + ": out of range"};
        to_.number(name, std::min(number, most));
    }

  private:
    const json& from_;
    json_writer& to_;
};

std::size_t bounded(const json& list, std::size_t most, const char* name) {
    if (list.size() > most) throw bad_card{std::string{name} + ": more than " + std::to_string(most)};
    return list.size();
}

void copy_health(const json& card, json_writer& out) {
    const auto* health = reading::object_member(card, "health");
    if (health == nullptr) return;
    out.begin_object("health");
    object_copy copy{*health, out};
    copy.word("verdict", {"healthy", "degraded", "unhealthy", "unknown", "starting", "stopping"});
    copy.time("sinceUnixNano");
    if (const auto* reasons = reading::array_member(*health, "reasons"); reasons != nullptr) {
        bounded(*reasons, most_reasons, "reasons");
        out.begin_array("reasons");
        for (const auto& one : *reasons) {
            if (!one.is_string()) throw bad_card{"reasons: texts were expected"};
            out.text(cut(one.get_ref<const std::string&>(), text_bytes));
        }
        out.end_array();
    }
    out.end_object();
}

void copy_dependency(const json& one, json_writer& out) {
    out.begin_object();
    object_copy copy{one, out};
    copy.text("name", name_bytes);
    copy.word("kind", {"application", "upstream", "kafka", "registry"});
    copy.text("endpoint", name_bytes);
    copy.word("verdict", {"up", "down", "ejected", "unknown"});
    copy.text("reason");
    out.end_object();
}

void copy_policy(const json& one, json_writer& out) {
    out.begin_object();
    object_copy copy{one, out};
    copy.text("policy", name_bytes);
    copy.text("rule", name_bytes);
    copy.word("kind", {"limit", "breaker", "concurrency", "retry", "timeout", "fallback"});
    copy.word("mode", {"enforce", "shadow", "disabled"});
    copy.text("target", name_bytes);
    copy.word("state", {"closed", "open", "half_open", "ramp"});
    copy.text("why");
    copy.time("sinceUnixNano");
    copy.measure("level", 1);
    copy.count("allowed");
    copy.count("refused");
    copy.count("delayed");
    out.end_object();
}

template <class Copy>
void copy_list(const json& card, const char* name, std::size_t most, json_writer& out, Copy copy) {
    const auto* list = reading::array_member(card, name);
    if (list == nullptr) return;
    bounded(*list, most, name);
    out.begin_array(name);
    for (const auto& one : *list) copy(one, out);
    out.end_array();
}

void copy_rates(const json& card, json_writer& out) {
    const auto* rates = reading::object_member(card, "rates");
    if (rates == nullptr) return;
    out.begin_object("rates");
    for (const char* way : {"inbound", "outbound", "produce", "consume"}) {
        const auto* one = reading::object_member(*rates, way);
        if (one == nullptr) continue;
        out.begin_object(way);
        object_copy copy{*one, out};
        copy.measure("perSecond");
        copy.measure("errorsPerSecond");
        copy.time("p50Nano");
        copy.time("p99Nano");
        out.end_object();
    }
    out.end_object();
}

sidecar_card copied(const json& from) {
    const auto secret = reading::text_member(from, "secret");
    if (secret.size() < least_secret || secret.size() > most_secret) throw bad_card{"secret: 16 to 128 bytes"};
    sidecar_card out;
    out.id = named_id(secret);
    out.service = cut(reading::text_member(from, "service"), name_bytes);
    out.instance = cut(reading::text_member(from, "instance"), name_bytes);
    if (out.service.empty()) throw bad_card{"service: a name was expected"};
    const auto state = reading::text_member(from, "state");
    if (!state.empty() && state != "running" && state != "stopped") throw bad_card{"state: running or stopped"};
    out.stopped = state == "stopped";
    std::string text;
    json_writer writer{text};
    writer.begin_object();
    object_copy copy{from, writer};
    copy.text("service", name_bytes);
    copy.text("instance", name_bytes);
    copy.text("version", name_bytes);
    copy.time("startedUnixNano");
    copy_health(from, writer);
    copy_list(from, "dependencies", most_dependencies, writer, copy_dependency);
    copy_list(from, "policies", most_policies, writer, copy_policy);
    copy_rates(from, writer);
    copy.count("leftOut");
    writer.end_object();
    out.body = text.substr(1, text.size() - 2);
    return out;
}

}  // namespace

boost::system::result<sidecar_card, bad_card> read_sidecar_card(std::string_view text) {
    try {
        const auto document = reading::parse(text, deepest);
        if (!document.is_object()) return bad_card{"an object was expected"};
        return copied(document);
    } catch (const bad_card& one) {
        return one;
    } catch (const tracing::decode_failure& failure) {
        const bool deep = failure.error == tracing::decode_error::too_deep;
        return bad_card{deep ? "nested too deep" : "malformed, or something of it has another type"};
    }
}

}  // namespace outrider::collector
