#include "sidecar/http/forward.hpp"

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

/// Whether the tracer writes that field itself.
bool is_written(field_id id, const tracing::propagators& written) {
    switch (id) {
        case field_id::trace_parent:
        case field_id::trace_state:
            return has_format(written, tracing::format::tracecontext);
        case field_id::b3:
            return has_format(written, tracing::format::b3);
        case field_id::uber_trace_id:
            return has_format(written, tracing::format::jaeger);
        case field_id::x_b3_flags:
        case field_id::x_b3_parent_span_id:
        case field_id::x_b3_sampled:
        case field_id::x_b3_span_id:
        case field_id::x_b3_trace_id:
            return has_format(written, tracing::format::b3multi);
        default:
            return false;
    }
}

/// Whether the field carries a trace context or what travels with one.
bool is_context(field_id id) {
    static constexpr tracing::propagators all{0xff, true};
    return is_written(id, all) || id == field_id::baggage || id == field_id::x_request_id;
}

bool is_forwarding(field_id id) {
    return id == field_id::forwarded || id == field_id::x_forwarded_for || id == field_id::x_forwarded_host ||
           id == field_id::x_forwarded_proto;
}

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
    bool has_proto = false, has_host = false;
    if (rewrite.trust_forwarded) {
        for (const auto& f : head.fields) {
            has_proto |= f.id == field_id::x_forwarded_proto;
            has_host |= f.id == field_id::x_forwarded_host;
            if (f.id != field_id::x_forwarded_for || f.value.empty()) continue;
            out.put(f.value);
            out.put(", ");
        }
    }
    out.put(rewrite.client);
    out.put("\r\n");
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

bool keeps(const field& f, const request_rewrite& rewrite, const tracing::propagators& written) {
    if (f.dropped || f.id == field_id::host || f.id == field_id::transfer_encoding) return false;
    if (f.id == field_id::other) return true;
    if (f.id == field_id::expect) return !rewrite.drop_expect;
    if (f.id == field_id::x_outrider_timeout_ms) return rewrite.timeout_ms.empty();
    if (f.id == field_id::grpc_timeout) return rewrite.grpc_timeout.empty();
    if (rewrite.drop_context && is_context(f.id)) return false;
    if (f.id == field_id::trailer) return rewrite.trailers;
    if (is_forwarding(f.id) && !rewrite.client.empty())
        return rewrite.trust_forwarded && f.id != field_id::x_forwarded_for;
    return !is_written(f.id, written);
}

}  // namespace

tracing::context_fields context_of(const field_list& fields) {
    tracing::context_fields out;
    for (const auto& f : fields) {
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
    return out;
}

void build_request(std::string& out, const request_head& head, const request_facts& facts,
                   const request_rewrite& rewrite, const exchange::tracer& tracer, const exchange::started_span& span) {
    {
        head_writer to{out, 2 * head.size + 512};
        add_request_line(to, head, facts);
        add_host(to, facts, rewrite, "localhost");
        std::uint64_t count = 0;
        const auto* hops = hops_left(head, count);
        {
            line_copier copy{to};
            for (const auto& f : head.fields)
                if (&f != hops && keeps(f, rewrite, tracer.written())) copy.keep(f.line);
        }
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
    head_writer to{out, head.size + 256};
    to.put("HTTP/1.1 ");
    const char code[4] = {static_cast<char>('0' + head.status / 100), static_cast<char>('0' + head.status / 10 % 10),
                          static_cast<char>('0' + head.status % 10), ' '};
    to.put({code, sizeof code});
    to.put(head.reason);
    to.put("\r\n");
    {
        line_copier copy{to};
        for (const auto& f : head.fields) {
            if (f.dropped || f.id == field_id::transfer_encoding) continue;
            if (f.id == field_id::content_length && rewrite.drop_length) continue;
            copy.keep(f.line);
        }
    }
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
