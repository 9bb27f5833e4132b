#include "tracing/flows/span_event.hpp"

#include "tracing/flows/patterns.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::flows {
namespace {

using tracing::attribute_view;
using tracing::span_kind;
using tracing::span_view;

int status_of(const attribute_view& one) {
    const auto number = one.value.whole();
    return number >= 100 && number <= 599 ? static_cast<int>(number) : 0;
}

/// What a span's attributes say beside what span_event has.
struct read_attributes {
    std::string_view operation, url, route;
    bool anchor = false;
};

/// One look at each: spans have some twenty, and most are for nothing here.
void read(const attribute_view& one, span_event& into, read_attributes& also) {
    namespace names = tracing::chain_attributes;
    const auto key = one.key;
    switch (key.size()) {
        case 8:
            if (key == "url.path") return void(into.path = one.value.text());
            if (key == "url.full") return void(also.url = one.value.text());
            break;
        case 10:
            if (key == "http.route") return void(also.route = one.value.text());
            break;
        case 12:
            if (key == "peer.service") return void(into.upstream = one.value.text());
            if (key == "url.template") return void(also.route = one.value.text());
            break;
        case 15:
            if (key == "outrider.anchor") return void(also.anchor = true);
            break;
        case 19:
            if (key == "http.request.method") return void(into.method = one.value.text());
            break;
        case 24:
            if (key == "messaging.operation.type") return void(also.operation = one.value.text());
            break;
        case 25:
            if (key == "http.response.status_code") return void(into.status = status_of(one));
            break;
        case 26:
            if (key == "messaging.destination.name") return void(into.topic = one.value.text());
            break;
        default:
            break;
    }
    if (key.starts_with(names::key_prefix) && key.size() > names::key_prefix.size())
        into.keys.emplace_back(key.substr(names::key_prefix.size()), one.value);
}

std::optional<event_kind> kind_of(const span_view& span, const span_event& read, const read_attributes& also) {
    switch (span.kind) {
        case span_kind::server:
            return event_kind::inbound;
        case span_kind::producer:
            return event_kind::produce;
        case span_kind::consumer:
            return event_kind::consume;
        case span_kind::client:
            if (also.operation == "send") return event_kind::produce;
            if (also.operation.empty() && !read.method.empty()) return event_kind::outbound;
            break;
        default:
            break;
    }
    return std::nullopt;
}

}  // namespace

void read_event(const span_view& span, span_event& into) {
    auto keys = std::move(into.keys);
    keys.clear();
    into = {};
    into.keys = std::move(keys);
    if (span.kind == span_kind::internal) return;
    read_attributes also;
    for (const auto& one : span.attributes) read(one, into, also);
    // An anchor stands for a send that has a span of its own.
    if (also.anchor) return;
    into.kind = kind_of(span, into, also);
    if (into.path.empty()) into.path = path_of_url(also.url);
    if (into.path.empty()) into.path = also.route;
    into.service = tracing::service_of(span);
    if (const auto* from = span.from()) into.scope = from->scope_name;
    into.failed = span.status == tracing::status_code::error;
}

bool has_status(const span_event& span, const wanted_status& wanted) {
    switch (wanted.is) {
        case wanted_status::kind::any:
            return true;
        case wanted_status::kind::ok:
            return !span.failed && span.status < 400;
        case wanted_status::kind::error:
            return span.failed || span.status >= 400;
        case wanted_status::kind::one_class:
            return span.status / 100 == wanted.number;
        case wanted_status::kind::code:
            break;
    }
    return span.status == wanted.number;
}

bool is_event(const span_event& span, const event_match& wanted) {
    if (span.kind != wanted.kind) return false;
    if (!wanted.topic.empty() && !matches_glob(wanted.topic, span.topic)) return false;
    if (!wanted.method.empty() && wanted.method != span.method) return false;
    if (!wanted.path.empty() && !matches_path(wanted.path, span.path)) return false;
    if (!wanted.service.empty() && !matches_glob(wanted.service, span.service)) return false;
    if (!wanted.upstream.empty() && !matches_glob(wanted.upstream, span.upstream)) return false;
    return has_status(span, wanted.status);
}

}  // namespace outrider::flows
