#include "sidecar/exchange/access_log.hpp"

#include <charconv>
#include <ctime>

namespace outrider::exchange {
namespace {

void append_number(std::string& out, std::uint64_t value) {
    char text[24];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// Milliseconds with three decimals.
void append_milliseconds(std::string& out, std::chrono::nanoseconds took) {
    auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count() / 1000, 0));
    append_number(out, microseconds / 1000);
    auto rest = microseconds % 1000;
    char text[4] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                    static_cast<char>('0' + rest % 10)};
    out.append(text, 4);
}

/// RFC 3339 in UTC with milliseconds.
void append_now(std::string& out) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    char text[40];
    auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    out.append(text, size);
    auto milliseconds = now.tv_nsec / 1'000'000;
    char rest[6] = {'.',
                    static_cast<char>('0' + milliseconds / 100),
                    static_cast<char>('0' + milliseconds / 10 % 10),
                    static_cast<char>('0' + milliseconds % 10),
                    'Z',
                    0};
    out.append(rest);
}

/// Text without anything that could start a new line, move the cursor or pass for another field.
void append_plain(std::string& out, std::string_view value) {
    static constexpr char hex[] = "0123456789abcdef";
    if (value.empty()) out.push_back('-');
    for (unsigned char c : value) {
        if (c > 0x20 && c < 0x7f && c != '"' && c != '\\') {
            out.push_back(static_cast<char>(c));
        } else {
            out.append("\\x");
            out.push_back(hex[c >> 4]);
            out.push_back(hex[c & 15]);
        }
    }
}

void member(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(",\"");
    out.append(name);
    out.append("\":");
    append_json_string(out, value);
}

void number(std::string& out, std::string_view name, std::uint64_t value) {
    out.append(",\"");
    out.append(name);
    out.append("\":");
    append_number(out, value);
}

}  // namespace

void append_json_string(std::string& out, std::string_view value) {
    static constexpr char hex[] = "0123456789abcdef";
    out.push_back('"');
    for (unsigned char c : value) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(static_cast<char>(c));
        } else if (c >= 0x20 && c < 0x7f) {
            out.push_back(static_cast<char>(c));
        } else {
            // Octets above 127 may be no UTF-8: shown as the code point of the same number.
            out.append("\\u00");
            out.push_back(hex[c >> 4]);
            out.push_back(hex[c & 15]);
        }
    }
    out.push_back('"');
}

void access_log::write(const http_facts& facts, const started_span& span) {
    if (settings_.access_log.format == config::log_format::none || !sink_) return;
    auto* out = sink_->open();
    if (!out) return;
    if (settings_.access_log.format == config::log_format::json) {
        json(*out, facts, span);
    } else {
        text(*out, facts, span);
    }
    out->push_back('\n');
    sink_->close();
}

void access_log::json(std::string& out, const http_facts& facts, const started_span& span) const {
    out.append("{\"time\":\"");
    append_now(out);
    out.push_back('"');
    member(out, "service", settings_.service);
    member(out, "direction", name_of(facts.direction));
    member(out, "peer", facts.peer);
    member(out, "method", facts.method);
    member(out, "host", facts.host);
    member(out, "path", facts.path);
    number(out, "status", static_cast<std::uint64_t>(facts.status));
    out.append(",\"duration_ms\":");
    append_milliseconds(out, facts.finished - facts.started);
    number(out, "request_bytes", facts.request_bytes);
    number(out, "response_bytes", facts.response_bytes);
    member(out, "upstream", facts.upstream);
    number(out, "attempts", facts.attempts);
    member(out, "error", name_of(facts.failure.code));
    if (facts.ruling && facts.ruling->any()) {
        member(out, "decision", name_of(facts.ruling->decided));
        member(out, "policy", facts.ruling->policy);
        member(out, "rule", facts.ruling->rule);
        member(out, "fallback", facts.ruling->fallback);
    }
    member(out, "user_agent", facts.user_agent);
    member(out, "trace_id", span.own.trace.hex());
    member(out, "span_id", span.own.span.hex());
    out.append(span.own.sampled() ? ",\"sampled\":true}" : ",\"sampled\":false}");
}

void access_log::text(std::string& out, const http_facts& facts, const started_span& span) const {
    append_now(out);
    out.push_back(' ');
    out.append(name_of(facts.direction));
    for (auto value : {facts.peer, facts.method, facts.host, facts.path}) {
        out.push_back(' ');
        append_plain(out, value);
    }
    out.push_back(' ');
    append_number(out, static_cast<std::uint64_t>(facts.status));
    out.push_back(' ');
    append_milliseconds(out, facts.finished - facts.started);
    out.append("ms ");
    append_number(out, facts.response_bytes);
    out.append("B upstream=");
    append_plain(out, facts.upstream);
    if (facts.failure) {
        out.append(" error=");
        out.append(name_of(facts.failure.code));
    }
    if (facts.ruling && facts.ruling->any()) {
        for (auto [name, value] :
             {std::pair<std::string_view, std::string_view>{" decision=", name_of(facts.ruling->decided)},
              {" policy=", facts.ruling->policy},
              {" rule=", facts.ruling->rule}}) {
            out.append(name);
            append_plain(out, value);
        }
    }
    out.append(" trace=");
    out.append(span.own.trace.hex());
}

}  // namespace outrider::exchange
