#include "sidecar/kafka/api_versions.hpp"

#include <algorithm>

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

constexpr std::int32_t most_apis = 1024;

/// The tagged fields as they are written, count included.
std::string_view read_tags(wire_reader& in, encoding how) {
    auto from = in.position();
    in.skip_tags(how);
    return in.since(from);
}

std::optional<api_versions_answer> decode_as(std::string_view bytes, std::int16_t version) {
    auto how = encoding_of(api::api_versions, version);
    wire_reader in{bytes};
    api_versions_answer answer;
    answer.correlation = in.int32();
    answer.version = version;
    answer.error = in.int16();
    auto count = in.array(how);
    if (in.failed() || count < 0 || count > most_apis) return std::nullopt;
    for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
        auto& one = answer.apis.emplace_back();
        one.key = in.int16();
        one.lowest = in.int16();
        one.highest = in.int16();
        one.tags = read_tags(in, how);
    }
    if (version >= 1) answer.throttle_ms = in.int32();
    answer.tags = read_tags(in, how);
    if (in.failed() || in.left() > 0) return std::nullopt;
    return answer;
}

bool passes(const api_versions_answer::range& one) {
    const auto* facts = find_api(one.key);
    if (!facts || facts->how == treatment::hidden) return false;
    return facts->how == treatment::opaque || one.lowest <= facts->highest;
}

}  // namespace

const api_versions_answer::range* api_versions_answer::find(std::int16_t key) const {
    auto it = std::find_if(apis.begin(), apis.end(), [&](const auto& one) { return one.key == key; });
    return it == apis.end() ? nullptr : &*it;
}

bool refuses_version(std::string_view answer) {
    wire_reader in{answer};
    in.skip(4);  // the error stands behind the correlation id in every version
    return in.int16() == unsupported_version;
}

std::optional<api_versions_answer> decode_api_versions(std::string_view answer, std::int16_t asked) {
    if (asked < 0 || above_ours(static_cast<std::int16_t>(api::api_versions), asked)) return std::nullopt;
    if (refuses_version(answer))
        if (auto fallback = decode_as(answer, 0)) return fallback;
    if (auto as_asked = decode_as(answer, asked)) return as_asked;
    return decode_as(answer, 0);
}

std::string encode(const api_versions_answer& answer) {
    auto how = encoding_of(api::api_versions, answer.version);
    std::string bytes;
    wire_writer out{bytes};
    out.int32(answer.correlation);
    out.int16(answer.error);
    out.array(static_cast<std::int32_t>(answer.apis.size()), how);
    for (const auto& one : answer.apis) {
        out.int16(one.key);
        out.int16(one.lowest);
        out.int16(one.highest);
        out.raw(one.tags);
    }
    if (answer.version >= 1) out.int32(answer.throttle_ms);
    out.raw(answer.tags);
    return bytes;
}

void offer_what_passes(api_versions_answer& answer) {
    std::erase_if(answer.apis, [](const auto& one) { return !passes(one); });
    for (auto& one : answer.apis)
        if (const auto* facts = find_api(one.key); facts->how == treatment::decoded)
            one.highest = std::min(one.highest, facts->highest);
}

bool above_ours(std::int16_t key, std::int16_t version) {
    const auto* facts = find_api(key);
    return facts && facts->how == treatment::decoded && version > facts->highest;
}

std::string unsupported_version_answer(std::int32_t correlation) {
    auto key = static_cast<std::int16_t>(api::api_versions);
    api_versions_answer answer;
    answer.correlation = correlation;
    answer.error = unsupported_version;
    answer.apis.push_back({key, 0, find_api(key)->highest, {}});
    return encode(answer);
}

}  // namespace outrider::kafka
