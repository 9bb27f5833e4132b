#include "sidecar/http/forward.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#include "tracing/request_id.hpp"

namespace outrider::http {
namespace {

/// Writes a head behind what a string holds. Room for all that is expected is made once; more than that grows it.
class head_writer {
  public:
    head_writer(std::string& out, std::size_t expected) : out_(out) { make_room(out.size(), expected); }
    head_writer(const head_writer&) = delete;
    head_writer& operator=(const head_writer&) = delete;
    ~head_writer() { out_.resize(size()); }

    [[gnu::always_inline]] void put(std::string_view text) {
        if (static_cast<std::size_t>(end_ - at_) < text.size()) make_room(size(), text.size() + out_.size());
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }
    void line(std::string_view name, std::string_view value) {
        put(name);
        put(": ");
        put(value);
        put("\r\n");
    }

  private:
    std::size_t size() const { return static_cast<std::size_t>(at_ - out_.data()); }
    [[gnu::noinline]] void make_room(std::size_t held, std::size_t more) {
        out_.resize(held + more);
        at_ = out_.data() + held;
        end_ = at_ + more;
    }

    std::string& out_;
    char* at_ = nullptr;
    char* end_ = nullptr;
};

/// Copies field lines as they were received, joining neighbours into one copy.
class line_copier {
  public:
    explicit line_copier(head_writer& out) : out_(out) {}
    ~line_copier() { flush(); }
    void keep(std::string_view line) {
        if (begin_ + length_ != line.data()) {
            flush();
            begin_ = line.data();
        }
        length_ += line.size();
    }

  private:
    void flush() {
        if (length_ > 0) out_.put({begin_, length_});
        length_ = 0;
    }
    head_writer& out_;
    const char* begin_ = nullptr;
    std::size_t length_ = 0;
};

bool has_format(const tracing::propagators& written, tracing::format format) {
    return (written.formats & static_cast<std::uint8_t>(format)) != 0;
}

/// The fields that the tracer writes itself.
field_id_set written_by(const tracing::propagators& written) {
    using enum field_id;
    field_id_set out = 0;
    if (has_format(written, tracing::format::tracecontext)) out |= set_of(trace_parent, trace_state);
    if (has_format(written, tracing::format::b3)) out |= set_of(b3);
    if (has_format(written, tracing::format::jaeger)) out |= set_of(uber_trace_id);
    if (has_format(written, tracing::format::b3multi))
        out |= set_of(x_b3_flags, x_b3_parent_span_id, x_b3_sampled, x_b3_span_id, x_b3_trace_id);
    return out;
}

/// What carries a trace context.
constexpr field_id_set contexts =
    set_of(field_id::trace_parent, field_id::trace_state, field_id::b3, field_id::uber_trace_id, field_id::x_b3_flags,
           field_id::x_b3_parent_span_id, field_id::x_b3_sampled, field_id::x_b3_span_id, field_id::x_b3_trace_id);
/// And what travels with one.
constexpr field_id_set with_contexts = contexts | set_of(field_id::baggage, field_id::x_request_id);

constexpr field_id_set forwarding =
    set_of(field_id::forwarded, field_id::x_forwarded_for, field_id::x_forwarded_host, field_id::x_forwarded_proto);

void add_request_line(head_writer& out, const request_head& head, const request_facts& facts) {
    out.put(head.method);
    out.put(" ");
    if (facts.path.empty()) {
        out.put(head.method == "OPTIONS" ? "*" : "/");
    } else {
        if (facts.path.front() == '?') out.put("/");
        out.put(facts.path);
    }
    out.put(" HTTP/1.1\r\n");
}

/// X-Forwarded-For, -Proto and -Host: extended or replaced, by trust.
void add_forwarding(head_writer& out, const request_head& head, const request_facts& facts,
                    const request_rewrite& rewrite) {
    out.put("X-Forwarded-For: ");
    const bool goes_on = rewrite.trust_forwarded;
    const auto& fields = head.fields;
    if (goes_on && fields.among(forwarding)) {
        for (const auto& f : fields) {
            if (f.id != field_id::x_forwarded_for || f.value.empty()) continue;
            out.put(f.value);
            out.put(", ");
        }
    }
    out.put(rewrite.client);
    out.put("\r\n");
    const bool has_proto = goes_on && fields.among(set_of(field_id::x_forwarded_proto));
    const bool has_host = goes_on && fields.among(set_of(field_id::x_forwarded_host));
    if (!has_proto) out.put("X-Forwarded-Proto: http\r\n");
    if (!has_host && !facts.host.text.empty()) out.line("X-Forwarded-Host", facts.host.text);
}

void add_host(head_writer& out, const request_facts& facts, const request_rewrite& rewrite, std::string_view fallback) {
    if (!rewrite.host.empty()) return out.line("Host", rewrite.host);
    if (!facts.host.text.empty()) return out.line("Host", facts.host.text);
    out.line("Host", fallback);
}

/// Max-Forwards of an OPTIONS, when it counts the hops that are left (RFC 9110 7.6.2); null otherwise.
const field* hops_left(const request_head& head, std::uint64_t& count) {
    if (head.method != "OPTIONS") return nullptr;
    const auto* found = head.fields.find(field_id::max_forwards);
    if (!found) return nullptr;
    auto [end, error] = std::from_chars(found->value.data(), found->value.data() + found->value.size(), count);
    return error == std::errc{} && end == found->value.data() + found->value.size() && count > 0 ? found : nullptr;
}

/// What of a request is not passed on as it came: left out, or written anew.
field_id_set left_out(const request_rewrite& rewrite, const tracing::propagators& written) {
    using enum field_id;
    auto out = set_of(host, transfer_encoding) | written_by(written);
    if (rewrite.drop_expect) out |= set_of(expect);
    if (!rewrite.timeout_ms.empty()) out |= set_of(x_outrider_timeout_ms);
    if (!rewrite.grpc_timeout.empty()) out |= set_of(grpc_timeout);
    if (rewrite.drop_context) out |= with_contexts;
    if (!rewrite.trailers) out |= set_of(trailer);
    if (!rewrite.client.empty()) out |= rewrite.trust_forwarded ? set_of(x_forwarded_for) : forwarding;
    return out;
}

/// Copies the fields, without those of one hop, of these ids, and `but`.
void copy_fields(head_writer& to, const field_list& fields, field_id_set but_for, const field* but = nullptr) {
    line_copier copy{to};
    for (const auto& f : fields)
        if (!f.dropped && !(but_for & set_of(f.id)) && &f != but) copy.keep(f.line);
}

/// Of fields that stand several times the last one counts, but for the lines of a tracestate.
void take_context(const field& f, tracing::context_fields& out) {
    switch (f.id) {
        case field_id::trace_parent:
            out.repeated_traceparent |= !out.traceparent.empty();
            out.traceparent = f.value;
            break;
        case field_id::trace_state:
            if (out.tracestate_lines < out.tracestate.size()) {
                out.tracestate[out.tracestate_lines++] = f.value;
            } else {
                out.tracestate_overflow = true;
            }
            break;
        case field_id::b3:
            out.b3 = f.value;
            break;
        case field_id::x_b3_trace_id:
            out.b3_trace_id = f.value;
            break;
        case field_id::x_b3_span_id:
            out.b3_span_id = f.value;
            break;
        case field_id::x_b3_parent_span_id:
            out.b3_parent_span_id = f.value;
            break;
        case field_id::x_b3_sampled:
            out.b3_sampled = f.value;
            break;
        case field_id::x_b3_flags:
            out.b3_flags = f.value;
            break;
        case field_id::uber_trace_id:
            out.uber_trace_id = f.value;
            break;
        case field_id::x_request_id:
            out.request_id = f.value;
            break;
        case field_id::baggage:
            out.baggage = f.value;
            break;
        default:
            break;
    }
}

}  // namespace

tracing::context_fields context_of(const field_list& fields) {
    tracing::context_fields out;
    const auto there = fields.among(with_contexts);
    if (fields.repeated(with_contexts)) {
        for (const auto& f : fields) take_context(f, out);
        return out;
    }
    for (auto left = there; left != 0; left &= left - 1)
        take_context(*fields.find(static_cast<field_id>(std::countr_zero(left))), out);
    return out;
}

void build_request(std::string& out, const request_head& head, const request_facts& facts,
                   const request_rewrite& rewrite, const exchange::tracer& tracer, const exchange::started_span& span) {
    {
        head_writer to{out, head.size + facts.host.text.size() + 256};
        add_request_line(to, head, facts);
        add_host(to, facts, rewrite, "localhost");
        std::uint64_t count = 0;
        const auto* hops = hops_left(head, count);
        copy_fields(to, head.fields, left_out(rewrite, tracer.written()), hops);
        if (hops) to.line("Max-Forwards", std::to_string(count - 1));
        if (facts.body.kind == body_kind::chunked) to.put("Transfer-Encoding: chunked\r\n");
        if (rewrite.upgrade) to.put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
        if (!rewrite.client.empty()) add_forwarding(to, head, facts, rewrite);
        if (!rewrite.timeout_ms.empty()) to.line("x-outrider-timeout-ms", rewrite.timeout_ms);
        if (!rewrite.grpc_timeout.empty()) to.line("grpc-timeout", rewrite.grpc_timeout);
        if (!rewrite.via.empty()) to.line("Via", rewrite.via);
    }
    if (rewrite.add_request_id) {
        out.append("X-Request-Id: ");
        tracing::append_request_id(out, span.own.trace);
        out.append("\r\n");
    }
    tracer.inject(out, span);
    out.append("\r\n");
}

void build_response(std::string& out, const response_head& head, const response_rewrite& rewrite) {
    head_writer to{out, head.size + 128};
    to.put("HTTP/1.1 ");
    const char code[4] = {static_cast<char>('0' + head.status / 100), static_cast<char>('0' + head.status / 10 % 10),
                          static_cast<char>('0' + head.status % 10), ' '};
    to.put({code, sizeof code});
    to.put(head.reason);
    to.put("\r\n");
    copy_fields(to, head.fields,
                set_of(field_id::transfer_encoding) | (rewrite.drop_length ? set_of(field_id::content_length) : 0));
    if (rewrite.chunked) to.put("Transfer-Encoding: chunked\r\n");
    if (rewrite.upgrade) to.put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
    if (rewrite.close) {
        to.put("Connection: close\r\n");
    } else if (rewrite.keep_alive_10) {
        to.put("Connection: keep-alive\r\n");
    }
    if (!rewrite.via.empty()) to.line("Via", rewrite.via);
    if (!rewrite.date.empty()) to.line("Date", rewrite.date);
    to.put("\r\n");
}

bool filter_trailers(std::string_view trailers, std::string& out) {
    while (!trailers.empty()) {
        auto end = trailers.find("\r\n");
        if (end == std::string_view::npos) return false;
        field f;
        if (!parse_field_line(trailers.substr(0, end), f)) return false;
        bool forbidden = f.id != field_id::other;
        for (auto name : {"authorization",
                          "proxy-authorization",
                          "proxy-authenticate",
                          "www-authenticate",
                          "set-cookie",
                          "cookie",
                          "content-encoding",
                          "content-type",
                          "content-range",
                          "cache-control",
                          "range",
                          "age",
                          "expires",
                          "location",
                          "retry-after",
                          "vary",
                          "warning",
                          "if-match",
                          "if-none-match",
                          "if-modified-since",
                          "if-unmodified-since",
                          "if-range",
                          "pragma"})
            forbidden |= same_name(f.name, name);
        if (!forbidden) out.append(trailers.substr(0, end + 2));
        trailers.remove_prefix(end + 2);
    }
    return true;
}

}  // namespace outrider::http
