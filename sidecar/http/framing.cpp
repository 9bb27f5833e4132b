#include "sidecar/http/framing.hpp"

#include <array>
#include <optional>

namespace outrider::http {
namespace {

/// What Connection may never name (RFC 9110 7.6.1 forbids the end-to-end ones; naming the others is an attack: it would
/// strip framing, credentials or the trace on the way to the application).
bool may_be_nominated(const field& named) {
    switch (named.id) {
        case field_id::host:
        case field_id::content_length:
        case field_id::transfer_encoding:
        case field_id::forwarded:
        case field_id::x_forwarded_for:
        case field_id::x_forwarded_host:
        case field_id::x_forwarded_proto:
        case field_id::via:
        case field_id::trace_parent:
        case field_id::trace_state:
        case field_id::baggage:
        case field_id::b3:
        case field_id::x_b3_flags:
        case field_id::x_b3_parent_span_id:
        case field_id::x_b3_sampled:
        case field_id::x_b3_span_id:
        case field_id::x_b3_trace_id:
        case field_id::uber_trace_id:
        case field_id::x_request_id:
        case field_id::x_outrider_timeout_ms:
        case field_id::grpc_timeout:
        case field_id::date:
            return false;
        default:
            return !same_name(named.name, "authorization") && !same_name(named.name, "proxy-authorization") &&
                   !same_name(named.name, "cookie") && !same_name(named.name, "set-cookie") &&
                   !same_name(named.name, "content-type") && !same_name(named.name, "content-encoding") &&
                   !same_name(named.name, "cache-control");
    }
}

/// What was gathered in one walk over the fields.
struct gathered {
    const field* host = nullptr;
    bool host_repeated = false;
    bool offers_websocket = false;
    bool has_connection = false;
    bool has_expect = false;
    bool expects_other = false;
    std::optional<std::uint64_t> length;
    bool has_length = false;  ///< legible or not
    bool length_bad = false;
    bool has_coding = false;
    bool coding_unknown = false;
    bool chunked = false;
    bool coding_bad = false;
    bool has_date = false;
};

void gather_length(const field_list& fields, gathered& out) {
    out.has_length = true;
    // Equal duplicates are legal to accept; we do not: nobody sends them by accident.
    out.length_bad = fields.repeated(set_of(field_id::content_length)) != 0;
    const auto digits = fields.find(field_id::content_length)->value;
    if (digits.empty()) out.length_bad = true;
    std::uint64_t value = 0;
    for (char c : digits) {
        auto digit = static_cast<std::uint64_t>(c - '0');
        if (c < '0' || c > '9' || value > (UINT64_MAX / 2 - digit) / 10) {
            out.length_bad = true;
            return;
        }
        value = value * 10 + digit;
    }
    out.length = value;
}

void gather_coding(const field& f, gathered& out) {
    out.has_coding = true;
    bool any = false;
    for_each_member(f.value, [&](std::string_view member) {
        any = true;
        if (out.chunked) out.coding_bad = true;  // chunked must be the last, and only once
        if (same_name(member, "chunked")) {
            out.chunked = true;
        } else {
            out.coding_unknown = true;
        }
    });
    if (!any) out.coding_bad = true;
}

void gather_expect(const field& f, gathered& out) {
    out.has_expect = true;
    if (!same_name(f.value, "100-continue")) out.expects_other = true;
}

/// Fields of one hop, which are not forwarded.
void drop_hop_by_hop(field_list& fields, gathered& out) {
    using enum field_id;
    if (!fields.among(set_of(connection, keep_alive, proxy_connection, te, http2_settings, upgrade))) return;
    out.has_connection = fields.among(set_of(connection)) != 0;
    for (auto id : {connection, keep_alive, proxy_connection, te, http2_settings})
        fields.for_each(id, [](field& f) { f.dropped = true; });
    fields.for_each(upgrade, [&](field& f) {
        // Any other protocol of the list is left out, h2c above all.
        for_each_member(f.value, [&](std::string_view m) { out.offers_websocket |= same_name(m, "websocket"); });
        f.dropped = true;
    });
}

gathered gather(field_list& fields) {
    using enum field_id;
    gathered out;
    out.host = fields.find(host);
    out.host_repeated = fields.repeated(set_of(host)) != 0;
    out.has_date = fields.among(set_of(date)) != 0;
    if (fields.among(set_of(content_length))) gather_length(fields, out);
    if (fields.among(set_of(transfer_encoding, expect))) {
        fields.for_each(transfer_encoding, [&](const field& f) { gather_coding(f, out); });
        fields.for_each(expect, [&](const field& f) { gather_expect(f, out); });
    }
    drop_hop_by_hop(fields, out);
    return out;
}

struct connection_options {
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
};

/// Reads the Connection fields and drops what they nominate.
connection_options apply_connection(field_list& fields) {
    connection_options options;
    fields.for_each(field_id::connection, [&](const field& f) {
        for_each_member(f.value, [&](std::string_view option) {
            if (same_name(option, "close")) {
                options.close = true;
            } else if (same_name(option, "keep-alive")) {
                options.keep_alive = true;
            } else if (same_name(option, "upgrade")) {
                options.upgrade = true;
            } else {
                for (auto& named : fields)
                    if (same_name(named.name, option) && may_be_nominated(named)) named.dropped = true;
            }
        });
    });
    return options;
}

head_error frame(const gathered& seen, int minor_version, framing& out) {
    if (seen.length_bad) return head_error::length_invalid;
    if (seen.has_coding) {
        if (minor_version == 0) return head_error::coding_in_http10;
        if (!seen.chunked || seen.coding_bad) return head_error::coding_not_last;
        if (seen.coding_unknown) return head_error::coding_unknown;
        if (seen.has_length) return head_error::coding_and_length;
        out.kind = body_kind::chunked;
        return head_error::none;
    }
    if (seen.length) {
        out.kind = body_kind::length;
        out.length = *seen.length;
    }
    return head_error::none;
}

/// Splits an absolute-form target; none when it is no http or https URI.
struct absolute_uri {
    bool https;
    std::string_view authority;
    std::string_view path;
};

std::optional<absolute_uri> split_absolute(std::string_view target) {
    auto mark = target.find("://");
    if (mark == std::string_view::npos) return std::nullopt;
    auto scheme = target.substr(0, mark);
    bool https = same_name(scheme, "https");
    if (!https && !same_name(scheme, "http")) return std::nullopt;
    auto rest = target.substr(mark + 3);
    auto end = rest.find_first_of("/?");
    absolute_uri uri{https, rest.substr(0, end), end == std::string_view::npos ? std::string_view{} : rest.substr(end)};
    return uri;
}

head_error check_host(const request_head& head, const gathered& seen, request_facts& out) {
    if (seen.host_repeated) return head_error::host_repeated;
    if (!seen.host) return head.minor_version == 0 ? head_error::none : head_error::host_missing;
    auto parsed = parse_authority(seen.host->value);
    if (!parsed) return head_error::host_invalid;
    out.host = *parsed;
    return head_error::none;
}

head_error check_absolute(const request_head& head, request_facts& out) {
    auto uri = split_absolute(head.target);
    if (!uri) return head_error::target_form;
    auto named = parse_authority(uri->authority);
    if (!named || named->host.empty()) return head_error::target_form;
    out.form = target_form::absolute;
    out.https = uri->https;
    out.conflicting_host = !same_name(named->text, out.host.text);
    out.host = *named;
    out.path = uri->path;
    return head_error::none;
}

head_error check_target(const request_head& head, request_facts& out) {
    auto target = head.target;
    if (head.method == "CONNECT") {
        auto named = parse_authority(target);
        if (!named || named->host.empty() || !named->port || *named->port == 0) return head_error::connect_form;
        out.form = target_form::authority;
        out.host = *named;
        return head_error::none;
    }
    if (target.front() == '/') {
        out.path = target;
        return head_error::none;
    }
    if (target == "*") {
        out.form = target_form::asterisk;
        out.path = target;
        return head.method == "OPTIONS" ? head_error::none : head_error::target_form;
    }
    return check_absolute(head, out);
}

}  // namespace

head_error check_request(request_head& head, request_facts& out) {
    out = {};
    auto seen = gather(head.fields);
    if (auto error = check_host(head, seen, out); error != head_error::none) return error;
    if (auto error = check_target(head, out); error != head_error::none) return error;
    if (head.method == "TRACE") return head_error::trace_method;
    if (auto error = frame(seen, head.minor_version, out.body); error != head_error::none) return error;
    if (seen.expects_other && head.minor_version == 1) return head_error::expectation;
    connection_options options;
    if (seen.has_connection) options = apply_connection(head.fields);
    out.keep_alive = !options.close && (head.minor_version == 1 || options.keep_alive);
    out.expects_continue = seen.has_expect && head.minor_version == 1 && out.body.kind != body_kind::none;
    out.upgrade_websocket = options.upgrade && seen.offers_websocket && head.minor_version == 1 &&
                            head.method == "GET" && out.body.kind == body_kind::none;
    return head_error::none;
}

head_error check_response(response_head& head, std::string_view request_method, response_facts& out) {
    out = {};
    auto seen = gather(head.fields);
    connection_options options;
    if (seen.has_connection) options = apply_connection(head.fields);
    out.keep_alive = !options.close && (head.minor_version == 1 || options.keep_alive);
    out.has_date = seen.has_date;
    out.switches_protocol = head.status == 101;
    bool interim = head.status < 200;
    if (interim || head.status == 204) return head_error::none;  // never a body, whatever the fields say
    if (auto error = frame(seen, head.minor_version, out.body); error != head_error::none) return error;
    if (request_method == "HEAD" || head.status == 304) {
        out.body = {};
        return head_error::none;
    }
    if (request_method == "CONNECT" && head.status < 300) {
        out.body = {};
        return head_error::none;
    }
    if (!seen.has_coding && !seen.length) {
        out.body.kind = body_kind::until_close;
        out.keep_alive = false;
    }
    return head_error::none;
}

bool is_idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

head_problem describe(head_error error) {
    switch (error) {
        case head_error::none:
            return {200, ""};
        case head_error::start_line:
            return {400, "the request line is not METHOD target HTTP/1.1"};
        case head_error::version:
            return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
        case head_error::bare_lf:
            return {400, "a line ends with LF instead of CRLF"};
        case head_error::field_syntax:
            return {400, "a header line is not name: value"};
        case head_error::field_value:
            return {400, "a header value contains a control character"};
        case head_error::folded:
            return {400, "a header value is folded over several lines"};
        case head_error::target_form:
            return {400, "the request target has none of the forms that its method allows"};
        case head_error::target_character:
            return {400, "the request target contains a character that no URI may contain"};
        case head_error::target_too_long:
            return {414, "the request target is longer than limits.target_bytes"};
        case head_error::head_too_large:
            return {431, "the head is longer than limits.head_bytes"};
        case head_error::too_many_fields:
            return {431, "the head has more lines than limits.fields"};
        case head_error::host_missing:
            return {400, "an HTTP/1.1 request needs a Host header"};
        case head_error::host_repeated:
            return {400, "there is more than one Host header"};
        case head_error::host_invalid:
            return {400, "the Host header is no valid host and port"};
        case head_error::length_invalid:
            return {400, "Content-Length is not one decimal number"};
        case head_error::coding_unknown:
            return {501, "the only transfer coding understood is chunked"};
        case head_error::coding_not_last:
            return {400, "Transfer-Encoding does not end with one chunked coding"};
        case head_error::coding_in_http10:
            return {400, "HTTP/1.0 knows no Transfer-Encoding"};
        case head_error::coding_and_length:
            return {400, "Content-Length and Transfer-Encoding exclude each other"};
        case head_error::trace_method:
            return {405, "TRACE is not forwarded: it would reflect credentials"};
        case head_error::connect_form:
            return {400, "CONNECT takes host:port"};
        case head_error::expectation:
            return {417, "the only expectation understood is 100-continue"};
    }
    return {400, "the request is malformed"};
}

}  // namespace outrider::http
