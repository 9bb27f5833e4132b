#include "sidecar/exchange/tracer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "sidecar/config/hidden_parameters.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/exchange/capture_settings.hpp"
#include "sidecar/exchange/metrics.hpp"
#include "tracing/capture/message_capture.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/tracestate.hpp"

namespace outrider::exchange {
namespace {

using tracing::sampler_kind;

tracing::sampler_settings sampler_of(const config::tracing& from) {
    switch (from.sampler) {
        case config::sampler::always_on:
            return {sampler_kind::always_on, false, 1.0};
        case config::sampler::always_off:
            return {sampler_kind::always_off, false, 0.0};
        case config::sampler::traceidratio:
            return {sampler_kind::trace_id_ratio, false, from.sampler_arg};
        case config::sampler::rate_limited:
            return {sampler_kind::rate_limited, false, from.sampler_arg};
        case config::sampler::parentbased_always_on:
            return {sampler_kind::always_on, true, 1.0};
        case config::sampler::parentbased_always_off:
            return {sampler_kind::always_off, true, 0.0};
        case config::sampler::parentbased_traceidratio:
            return {sampler_kind::trace_id_ratio, true, from.sampler_arg};
        case config::sampler::parentbased_rate_limited:
            return {sampler_kind::rate_limited, true, from.sampler_arg};
    }
    return {};
}

tracing::propagators propagators_of(const config::tracing& from) {
    tracing::propagators out{0, false};
    if (from.disabled) return out;
    auto add = [&](tracing::format format) { out.formats |= static_cast<std::uint8_t>(format); };
    for (auto one : from.propagators) {
        switch (one) {
            case config::propagator::tracecontext:
                add(tracing::format::tracecontext);
                break;
            case config::propagator::baggage:
                out.baggage = true;
                break;
            case config::propagator::b3:
                add(tracing::format::b3);
                break;
            case config::propagator::b3multi:
                add(tracing::format::b3multi);
                break;
            case config::propagator::jaeger:
                add(tracing::format::jaeger);
                break;
        }
    }
    return out;
}

bool is_known(std::string_view method) { return method_index(method) + 1U < known_methods.size(); }

/// "shop:80" is the address "shop" and the port 80, "[::1]" the address "::1"; 0 when no port is named.
std::pair<std::string_view, std::int64_t> split_host(std::string_view host) {
    std::int64_t port = 0;
    auto colon = host.rfind(':');
    if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
        std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
        host = host.substr(0, colon);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    return {host, port};
}

}  // namespace

tracing_setup::tracing_setup(const config::settings& settings)
    : sampler(sampler_of(settings.tracing)),
      propagators(propagators_of(settings.tracing)),
      redacted(settings.tracing.redact_query),
      capture(capture_settings_of(settings)),
      enabled(!settings.tracing.disabled),
      collects(enabled && !settings.tracing.collector.empty()) {}

started_span tracer::start(const tracing::context_fields& carried, config::trust trust, steady_clock::time_point now) {
    started_span out;
    auto found = tracing::extract(carried);
    if (trust == config::trust::continue_) {
        out.incoming = found;
    } else if (trust == config::trust::link && found.parent.valid()) {
        out.link = found.parent;
    }
    bool continues = out.incoming.parent.trace.valid();
    out.own.trace = continues ? out.incoming.parent.trace : ids_.new_trace_id();
    out.own.span = ids_.new_span_id();
    out.own.debug = out.incoming.parent.debug;
    out.parent = out.incoming.parent.span;
    // The low 56 bits of our own ids are random; of others' ids we only repeat what they said (W3C Trace Context level
    // 2).
    out.own.flags = continues ? out.incoming.parent.flags & tracing::flag_random : tracing::flag_random;
    auto decision = setup_.sampler.decide(out.own.trace, out.incoming, now);
    if (decision.sampled || out.own.debug) out.own.flags |= tracing::flag_sampled;
    out.ot = std::move(decision.ot);
    out.recorded = (out.own.sampled() || setup_.collects) && sink_ != nullptr && setup_.enabled;
    return out;
}

started_span tracer::another(const started_span& first) {
    auto out = first;
    out.own.span = ids_.new_span_id();
    return out;
}

void tracer::inject(std::string& head, const started_span& span) const {
    if (!setup_.enabled) return;
    static constexpr char digits[] = "0123456789abcdef";
    std::array<char, 16> member{};
    if (span.recorded) {
        for (std::size_t i = 0; i < 8; ++i) {
            member[2 * i] = digits[span.own.span.bytes[i] >> 4];
            member[2 * i + 1] = digits[span.own.span.bytes[i] & 15];
        }
    }
    std::string_view exported = span.recorded ? std::string_view{member.data(), member.size()} : std::string_view{};
    if (span.ot) {
        tracing::inject(head, setup_.propagators, span.own, span.incoming, exported, std::string_view{*span.ot});
    } else {
        tracing::inject(head, setup_.propagators, span.own, span.incoming, exported);
    }
}

void tracer::finish_server(const started_span& span, const http_facts& facts) {
    if (!span.recorded) return;
    auto* buffer = sink_->open();
    if (!buffer) return;
    tracing::span_encoder out{*buffer};
    bool known = is_known(facts.method);
    auto [start, end] = unix_times(facts.started, facts.finished);
    out.begin(span.own, span.parent, true, received_member(span), known ? facts.method : std::string_view{"HTTP"},
              tracing::span_kind::server, start, end);
    common(out, facts, facts.status, facts.failure, false);
    out.attribute("url.scheme", "http");
    out.attribute("url.path", facts.path);
    if (!facts.query.empty()) out.attribute("url.query", redacted_query(facts.query));
    auto [address, port] = split_host(facts.host);
    if (!address.empty()) out.attribute("server.address", address);
    if (port != 0) out.attribute("server.port", port);
    if (!facts.peer.empty()) {
        out.attribute("client.address", facts.peer);
        out.attribute("network.peer.address", facts.peer);
        out.attribute("network.peer.port", static_cast<std::int64_t>(facts.peer_port));
    }
    if (!facts.user_agent.empty()) out.attribute("user_agent.original", facts.user_agent);
    decisions(out, facts, facts.failure, {start, end});
    chain(out, span, facts);
    if (span.link.valid()) out.link(span.link);
    out.end();
    sink_->close();
}

void tracer::finish_client(const started_span& span, const http_facts& facts, const attempt_facts& attempt) {
    if (!span.recorded) return;
    auto* buffer = sink_->open();
    if (!buffer) return;
    tracing::span_encoder out{*buffer};
    bool known = is_known(facts.method);
    auto [start, end] = unix_times(attempt.started, attempt.finished);
    out.begin(span.own, span.parent, true, received_member(span), known ? facts.method : std::string_view{"HTTP"},
              tracing::span_kind::client, start, end);
    common(out, facts, attempt.status, attempt.failure, true);
    if (!attempt.server_address.empty()) out.attribute("server.address", attempt.server_address);
    if (attempt.server_port != 0) out.attribute("server.port", static_cast<std::int64_t>(attempt.server_port));
    scratch_.assign(facts.https ? "https://" : "http://")
        .append(facts.host.empty() ? attempt.server_address : facts.host)
        .append(facts.path);
    if (!facts.query.empty()) scratch_.append("?").append(redacted_query(facts.query));
    out.attribute("url.full", scratch_);
    if (!attempt.peer_address.empty()) {
        out.attribute("network.peer.address", attempt.peer_address);
        out.attribute("network.peer.port", static_cast<std::int64_t>(attempt.peer_port));
    }
    if (!facts.upstream.empty()) out.attribute("peer.service", facts.upstream);
    if (attempt.number > 0) out.attribute("http.request.resend_count", static_cast<std::int64_t>(attempt.number));
    // What was decided before the first attempt stands on its span; that a fallback answered after one, beside it.
    bool replaced = facts.attempts > 0 && facts.ruling && facts.ruling->decided == ruling::kind::degraded;
    if ((attempt.number == 0 && !replaced) || attempt.failure.origin == origin::self)
        decisions(out, facts, attempt.failure, {start, end});
    chain(out, span, facts);
    if (span.link.valid()) out.link(span.link);
    out.end();
    sink_->close();
}

void tracer::finish_fallback(const started_span& span, const http_facts& facts) {
    if (!span.recorded) return;
    auto* buffer = sink_->open();
    if (!buffer) return;
    tracing::span_encoder out{*buffer};
    auto when = unix_times(facts.finished, facts.finished);
    tracing::span_context own = span.own;
    own.span = ids_.new_span_id();
    out.begin(own, span.parent, true, {}, "fallback", tracing::span_kind::internal, when.start, when.end);
    if (facts.status != 0) out.attribute("http.response.status_code", static_cast<std::int64_t>(facts.status));
    decisions(out, facts, facts.failure, when);
    if (!span.own.sampled()) out.attribute(tracing::chain_attributes::head_sampled, false);
    out.end();
    sink_->close();
}

/// What chains are made from, beside the contexts.
void tracer::chain(tracing::span_encoder& out, const started_span& span, const http_facts& facts) {
    if (!span.own.sampled()) out.attribute(tracing::chain_attributes::head_sampled, false);
    if (span.inbound_open) out.attribute(tracing::chain_attributes::inbound_open, *span.inbound_open);
    if (facts.captured) facts.captured->write(out);
}

/// Of the tracestate that came, the member of a sidecar's before: it names the last span that was exported.
std::string_view tracer::received_member(const started_span& span) {
    if (!setup_.collects || span.incoming.tracestate_lines == 0) return {};
    const auto id = tracing::find_tracestate({span.incoming.tracestate.data(), span.incoming.tracestate_lines},
                                             tracing::own_member);
    if (id.empty()) return {};
    return scratch_.assign(tracing::own_member).append("=").append(id);
}

/// What was decided here and not by the upstream; of policies, which rule of which policy.
void tracer::decisions(tracing::span_encoder& out, const http_facts& facts, const failure& why, const times& when) {
    const auto* by = facts.ruling && facts.ruling->any() ? facts.ruling : nullptr;
    bool refused = why.origin == origin::self;
    auto decided = by ? by->decided : ruling::kind::none;
    if (refused && decided < ruling::kind::refused) decided = ruling::kind::refused;
    if (decided == ruling::kind::none) return;
    auto name = name_of(decided);
    out.attribute("outrider.decision", name);
    if (why) out.attribute("outrider.reason", name_of(why.code));
    auto at = when.end;
    if (by) {
        out.attribute("outrider.policy", by->policy);
        out.attribute("outrider.rule", by->rule);
        out.attribute("outrider.policy.version", by->version);
        if (!by->fallback.empty()) out.attribute("outrider.fallback", by->fallback);
        if (!by->shadow_policy.empty()) {
            out.attribute("outrider.shadow.policy", by->shadow_policy);
            out.attribute("outrider.shadow.rule", by->shadow_rule);
        }
        if (by->waited.count() > 0)
            out.attribute("outrider.wait_ms", std::chrono::duration<double, std::milli>(by->waited).count());
        if (decided == ruling::kind::waited)
            at = std::min(when.end, when.start + static_cast<std::uint64_t>(by->waited.count()));
    }
    std::string event = "outrider.";
    event.append(name);
    if (by) {
        out.event(event, at, "outrider.policy", by->policy);
    } else {
        out.event(event, at, "outrider.reason", name_of(why.code));
    }
}

void tracer::common(tracing::span_encoder& out, const http_facts& facts, int status, const failure& why, bool client) {
    bool known = is_known(facts.method);
    out.attribute("http.request.method", known ? facts.method : std::string_view{"_OTHER"});
    if (!known && !facts.method.empty()) out.attribute("http.request.method_original", facts.method);
    out.attribute("network.protocol.name", "http");
    out.attribute("network.protocol.version", facts.minor_version == 0 ? "1.0" : "1.1");
    if (status != 0) out.attribute("http.response.status_code", static_cast<std::int64_t>(status));
    bool error = status >= 500 || (client && status >= 400) || (why && why.origin != origin::client);
    // The caller was answered as well as it could be: what failed is told by error.type and the decision.
    bool degraded = !client && facts.ruling && facts.ruling->decided == ruling::kind::degraded && status < 400;
    if (why) {
        out.attribute("error.type", name_of(why.code));
    } else if (error) {
        char digits[3] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                          static_cast<char>('0' + status % 10)};
        out.attribute("error.type", std::string_view{digits, 3});
    }
    // A 4xx of a server is the caller's affair: unset; the caller's own span says Error.
    if (!client && status >= 400 && status < 500) error = false;
    if (degraded) error = false;
    if (error) out.status(tracing::status_code::error, why ? name_of(why.code) : std::string_view{});
}

/// The query with the values of secret parameters replaced; the view is valid until the next call.
std::string_view tracer::redacted_query(std::string_view query) {
    auto secret = [&](std::string_view name) {
        // "%74oken" is "token" to whoever reads the query.
        std::optional<std::string> decoded;
        if (name.find_first_of("%+") != std::string_view::npos) decoded = config::percent_decode(name, true);
        if (decoded) name = *decoded;
        return std::find(config::always_redacted.begin(), config::always_redacted.end(), name) !=
                   config::always_redacted.end() ||
               std::find(setup_.redacted.begin(), setup_.redacted.end(), name) != setup_.redacted.end();
    };
    redaction_.clear();
    while (!query.empty()) {
        auto end = query.find('&');
        auto pair = query.substr(0, end);
        auto equals = pair.find('=');
        if (equals != std::string_view::npos && secret(pair.substr(0, equals))) {
            redaction_.append(pair.substr(0, equals + 1)).append("REDACTED");
        } else {
            redaction_.append(pair);
        }
        if (end == std::string_view::npos) break;
        redaction_.push_back('&');
        query.remove_prefix(end + 1);
    }
    return redaction_;
}

}  // namespace outrider::exchange
