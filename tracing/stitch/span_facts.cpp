#include "tracing/stitch/span_facts.hpp"

#include <algorithm>
#include <span>

#include "tracing/hex.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/tracestate.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t longest_path = 128, longest_name = 256;
constexpr std::string_view anchor_key = "outrider.anchor";
constexpr std::size_t most_keys = 4;  ///< values of one business key

std::string_view text_of(const attribute_value& value) {
    const auto* text = std::get_if<std::string>(&value.data);
    return text == nullptr ? std::string_view{} : *text;
}

void read_times(const span_view& span, span_facts& out) {
    out.timed = span.start_unix_ns != 0 && span.end_unix_ns >= span.start_unix_ns && span.end_unix_ns < INT64_MAX / 2;
    if (!out.timed) return;
    out.start_ns = static_cast<std::int64_t>(span.start_unix_ns);
    out.end_ns = static_cast<std::int64_t>(span.end_unix_ns);
}

/// Half of each hash is enough to tell a few thousand apart.
void read_echoes(std::string_view bytes, span_facts& out) {
    for (std::size_t at = 0; at + 8 <= bytes.size() && out.echo_count < span_facts::most_echoes; at += 8) {
        std::uint32_t low = 0;
        for (std::size_t i = 4; i-- > 0;) low = low << 8 | static_cast<std::uint8_t>(bytes[at + i]);
        out.echoes[out.echo_count++] = low;
    }
}

void sort_echoes(span_facts& out) {
    auto* end = out.echoes.begin() + out.echo_count;
    std::sort(out.echoes.begin(), end);
    out.echo_count = static_cast<std::uint8_t>(std::unique(out.echoes.begin(), end) - out.echoes.begin());
}

void read_member(const span_view& span, span_facts& out) {
    if (span.tracestate.empty() || span.tracestate.find("outrider=") == std::string_view::npos) return;
    const auto value = find_tracestate({&span.tracestate, 1}, "outrider");
    span_id id;
    if (value.size() == 16 && read_hex(value, id.bytes) && id != out.key.span) out.member = id;
}

bool looks_like_an_id(std::string_view segment) {
    return segment.size() > 24 ||
           std::any_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    return url;
}

std::string_view path_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return url;
    const auto path = url.find('/', scheme + 3);
    return path == std::string_view::npos ? std::string_view{"/"} : url.substr(path);
}

/// "orders.default.svc:8080" is called orders; an address of digits keeps all of them.
std::string_view called_name(std::string_view host) {
    host = host.substr(0, host.find(':'));
    if (!host.empty() && host.front() >= '0' && host.front() <= '9') return host;
    return host.substr(0, host.find('.'));
}

void append_lower(std::string& out, std::string_view text) {
    for (char c : text.substr(0, longest_name)) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void append_path_shape(std::string& out, std::string_view path) {
    path = path.substr(0, std::min(path.find_first_of("?#"), longest_path));
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        const auto segment = path.substr(0, slash);
        if (looks_like_an_id(segment)) {
            out += '*';
        } else {
            out += segment;
        }
        if (slash < path.size()) out += '/';
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
}

/// Texts of attributes that name what a span did.
struct fact_reader::texts {
    std::string_view method, route, shape, path, url, peer, address, topic, partition, operation_type, rpc;

    void see(const attribute_view& one) {
        const auto key = one.key;
        if (key == "http.request.method")
            method = one.value.text();
        else if (key == "http.route")
            route = one.value.text();
        else if (key == "url.template")
            shape = one.value.text();
        else if (key == "url.path")
            path = one.value.text();
        else if (key == "url.full")
            url = one.value.text();
        else if (key == "peer.service")
            peer = one.value.text();
        else if (key == "server.address")
            address = one.value.text();
        else if (key == "rpc.method")
            rpc = one.value.text();
    }

    void see_message(std::string_view key, const value_view& value, span_facts& out) {
        out.messaging = true;
        if (key == "destination.name")
            topic = value.text();
        else if (key == "destination.partition.id")
            partition = value.text();
        else if (key == "operation.type")
            operation_type = value.text();
        else if (key == "kafka.offset")
            out.first_offset = value.whole(-1);
        else if (key == "batch.message_count")
            out.messages = value.whole(1);
    }

    std::string_view path_like() const {
        if (!route.empty()) return route;
        if (!shape.empty()) return shape;
        return !path.empty() ? path : path_of(url);
    }
};

void fact_reader::read_ids(const value_view& value, span_facts& out) const {
    const auto add = [&](std::string_view text) {
        const auto id = some(text);
        if (id != 0 && out.id_count < span_facts::most_messages) out.ids[out.id_count++] = id;
    };
    add(value.text());
    if (const auto* several = value.array()) {
        for (const auto& each : *several) add(text_of(each));
    }
}

/// A business key is an echoed value too, and the one that answers are looked into for.
void fact_reader::read_keys(std::string_view name, const value_view& value, span_facts& out) {
    const auto add = [&](std::string_view text) {
        if (text.empty()) return;
        scratch_.assign(name.substr(0, longest_name)).append("\n").append(text);
        const auto hash = static_cast<std::uint32_t>(hash_(scratch_));
        // Nothing speaks for a cause as they do: they come before any other value.
        if (out.echo_count == span_facts::most_echoes) --out.echo_count;
        out.echoes[out.echo_count++] = hash;
    };
    add(value.text());
    const auto* several = value.array();
    if (several == nullptr) return;
    for (const auto& each : std::span{*several}.first(std::min(several->size(), most_keys))) add(text_of(each));
}

std::uint64_t fact_reader::some(std::string_view text) const { return text.empty() ? 0 : hash_(text) | 1; }

void fact_reader::read(const span_view& span, span_facts& out) {
    namespace names = chain_attributes;
    out = {};
    out.key = {span.trace, span.span};
    out.parent = span.parent;
    out.receives = span.kind == span_kind::server || span.kind == span_kind::consumer;
    out.first_offset = -1;
    out.messages = 1;
    read_times(span, out);
    read_member(span, out);
    texts seen;
    for (const auto& one : span.attributes) {
        const auto key = one.key;
        if (key.starts_with("messaging."))
            seen.see_message(key.substr(10), one.value, out);
        else if (key == names::inbound_open)
            out.inbound_open = static_cast<std::int32_t>(std::clamp<std::int64_t>(one.value.whole(-1), -1, 60'000));
        else if (key == names::echo)
            read_echoes(one.value.bytes(), out);
        else if (key.starts_with(names::key_prefix))
            read_keys(key, one.value, out);
        else if (key == names::kafka_cluster)
            out.cluster = some(one.value.text());
        else if (key == names::message_id)
            read_ids(one.value, out);
        else if (key == anchor_key)
            out.anchor = one.value.truth();
        else if (key == names::causation_id)
            out.causation = some(one.value.text());
        else if (key == names::correlation_id)
            out.correlation = some(one.value.text());
        else
            seen.see(one);
    }
    sort_echoes(out);
    const bool client = span.kind == span_kind::client;
    out.sends = span.kind == span_kind::producer || (client && seen.operation_type == "send");
    out.polls = client && seen.operation_type == "receive";
    out.settles = client && seen.operation_type == "settle";
    out.anchor = out.anchor && out.sends;
    if (out.receives || out.polls)
        out.role = span_role::enters;
    else if ((client && !out.settles && !out.anchor) || span.kind == span_kind::producer)
        out.role = span_role::leaves;
    if (out.anchor) out.role = span_role::inner;
    if (seen.topic.empty() || seen.partition.empty() || out.first_offset < 0 || out.messages < 1) {
        out.messages = 0;
    } else {
        scratch_.assign(seen.topic.substr(0, longest_name)).append("\n").append(seen.partition.substr(0, longest_name));
        out.partition = hash_(scratch_) | 1;
        out.messages = std::min(out.messages, std::int64_t{1} << 31);
        out.first_offset = std::min(out.first_offset, INT64_MAX / 2);
    }
    read_links(span, out);
    if (out.role != span_role::inner) name_operation(span, seen, out);
    if (out.role != span_role::inner && !out.messaging) name_hop(span, seen, out);
}

/// What a send links to is another place of its own messages; a candidate is no cause.
void fact_reader::read_links(const span_view& span, span_facts& out) const {
    if (out.sends && !out.anchor) return;
    for (const auto& link : span.links) {
        if (find_attribute(link.attributes, chain_attributes::link_source) != nullptr) continue;
        const span_key target{link.trace, link.span};
        if (!target.valid() || target == out.key) continue;
        const auto* end = out.links.begin() + out.link_count;
        if (std::any_of(out.links.cbegin(), end, [&](const auto& known) { return known.trace == target.trace; }))
            continue;
        if (out.link_count == span_facts::most_links) {
            out.more_links = true;
            return;
        }
        out.links[out.link_count++] = target;
    }
}

void fact_reader::name_operation(const span_view& span, const texts& seen, span_facts& out) {
    scratch_.assign(1, static_cast<char>('0' + static_cast<int>(span.kind)));
    scratch_.append(span.name.substr(0, longest_name)).append("\n");
    if (out.role == span_role::leaves) {
        scratch_.append((seen.peer.empty() ? seen.address : seen.peer).substr(0, longest_name)).append("\n");
    }
    append_path_shape(scratch_, seen.path_like());
    scratch_.append("\n").append(seen.topic.substr(0, longest_name));
    out.operation = hash_(scratch_);
}

void fact_reader::name_hop(const span_view& span, const texts& seen, span_facts& out) {
    if (seen.method.empty() && seen.rpc.empty()) return;
    scratch_.clear();
    if (out.receives) {
        append_lower(scratch_, service_of(span));
    } else {
        auto host = seen.address.empty() ? host_of(seen.url) : seen.address;
        append_lower(scratch_, called_name(seen.peer.empty() ? host : seen.peer));
    }
    if (scratch_.empty()) return;
    scratch_.append("\n").append(seen.method.empty() ? seen.rpc : seen.method).append("\n");
    append_path_shape(scratch_, seen.path.empty() ? path_of(seen.url) : seen.path);
    out.hop = hash_(scratch_) | 1;
}

const origin_facts& fact_reader::origin_of(const span_view& span) {
    const auto* address = span.from();
    auto& known = origins_[std::bit_cast<std::uintptr_t>(address) / 32 % origins_.size()];
    if (address != nullptr && known.origin.get() == address) return known.facts;
    auto& facts = address == nullptr ? nobody_ : known.facts;
    const auto service = service_of(span);
    facts.service = hash_(service) | 1;
    std::string_view instance, host;
    if (address != nullptr) {
        known.origin = *span.origin;
        facts.sidecar = address->scope_name == "outrider";
        const auto& attributes = address->resource.attributes;
        instance = text_attribute(attributes, "service.instance.id");
        host = text_attribute(attributes, "host.name");
        if (host.empty()) host = text_attribute(attributes, "host.id");
    }
    scratch_.assign(service)
        .append(instance.empty() ? "\nhost\n" : "\ninstance\n")
        .append(instance.empty() ? host : instance);
    facts.process = hash_(scratch_) | 1;
    return facts;
}

}  // namespace outrider::tracing
