#include "sidecar/tools/chain_choice.hpp"

#include <algorithm>

#include "tracing/hex.hpp"
#include "tracing/ids.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

using tracing::span_data;
namespace names = tracing::chain_attributes;

constexpr std::size_t shown_at_most = 200;

std::string shown(std::string_view text) { return tracing::printable(text.substr(0, shown_at_most), true); }

bool fits(const std::vector<span_data>& chain, const chain_wish& wish) {
    tracing::trace_id id;
    const bool by_id = !wish.trace_id.empty() && tracing::read_padded_hex(wish.trace_id, id.bytes);
    const auto hex = by_id ? id.hex() : std::string{};
    return std::any_of(chain.begin(), chain.end(), [&](const span_data& span) {
        if (by_id) return span.trace == id || tracing::text_attribute(span.attributes, names::original_trace_id) == hex;
        if (!wish.service.empty()) return tracing::service_of(span) == wish.service;
        return !wish.key || has_key(span, wish.key->first, wish.key->second);
    });
}

std::uint64_t start_of(const std::vector<span_data>& chain) {
    std::uint64_t start = UINT64_MAX;
    for (const auto& span : chain) start = std::min(start, span.start_unix_ns);
    return start;
}

}  // namespace

std::string chain_wish::text() const {
    if (!trace_id.empty()) return "trace " + shown(trace_id);
    if (!service.empty()) return "chain of a service " + shown(service);
    if (key) return "chain with " + shown(key->first + "=" + key->second);
    return "chain";
}

bool has_key(const span_data& span, const std::string& name, std::string_view value) {
    const auto* found = tracing::find_attribute(span.attributes, std::string{names::key_prefix} + name);
    if (found == nullptr) return false;
    if (const auto* text = std::get_if<std::string>(&found->data)) return *text == value;
    const auto* several = std::get_if<tracing::attribute_value::array>(&found->data);
    if (several == nullptr) return false;
    return std::any_of(several->begin(), several->end(), [&](const auto& each) {
        const auto* text = std::get_if<std::string>(&each.data);
        return text != nullptr && *text == value;
    });
}

chosen_chain choose_chain(std::vector<std::vector<span_data>> chains, const chain_wish& wish) {
    std::erase_if(chains, [&](const auto& chain) { return chain.empty() || !fits(chain, wish); });
    if (chains.empty()) return {};
    const bool latest = !wish.service.empty();
    const auto best = std::max_element(chains.begin(), chains.end(), [&](const auto& a, const auto& b) {
        return latest ? start_of(a) < start_of(b) : a.size() < b.size();
    });
    chosen_chain out;
    for (const auto& chain : chains)
        if (&chain != &*best) out.others.push_back(chain.front().trace.hex());
    out.spans = std::move(*best);
    return out;
}

}  // namespace outrider::tools
