// From a client's bytes to the head that goes upstream: what was judged valid is forwarded as a valid request of the
// same method, path and framing, with one context of ours, and is forwarded the same when it comes back.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/http/forward.hpp"
#include "sidecar/http/head_parser.hpp"

namespace {

using namespace outrider;
using namespace outrider::http;

void require(bool holds) {
    if (!holds) std::abort();
}

const config::settings settings;
const exchange::tracing_setup setup{settings};
exchange::tracer tracer{setup, nullptr};

/// The path that a target stands for in origin-form.
std::string path_of(const request_head& head, const request_facts& facts) {
    if (facts.path.empty()) return head.method == "OPTIONS" ? "*" : "/";
    return (facts.path.front() == '?' ? "/" : "") + std::string{facts.path};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    static request_head head, again;
    request_facts facts, twice;
    if (parse_request_head(text, {}, head).state != parse_state::complete) return 0;
    if (check_request(head, facts) != head_error::none || facts.form == target_form::authority) return 0;
    request_rewrite rewrite;
    rewrite.trailers = facts.body.kind == body_kind::chunked;
    rewrite.upgrade = facts.upgrade_websocket;
    rewrite.drop_expect = (data[0] & 1) || head.minor_version == 0;  // as an exchange decides
    rewrite.trust_forwarded = data[0] & 2;
    if (data[0] & 4) rewrite.client = "192.0.2.7";
    if (data[0] & 8) rewrite.via = "1.1 outrider-00000000-in";
    auto span = tracer.start(context_of(head.fields), config::trust::continue_, {});
    std::string out;
    build_request(out, head, facts, rewrite, tracer, span);

    require(parse_request_head(out, {1 << 22, 1 << 20, 256}, again).state == parse_state::complete);
    require(again.size == out.size());
    require(check_request(again, twice) == head_error::none);
    require(again.method == head.method);
    require(again.target == path_of(head, facts));
    require(twice.body.kind == facts.body.kind && twice.body.length == facts.body.length);
    require(facts.host.text.empty() || twice.host.text == facts.host.text);
    require(twice.upgrade_websocket == facts.upgrade_websocket);
    auto carried = context_of(again.fields);
    require(!carried.repeated_traceparent && carried.traceparent.size() == 55);
    return 0;
}
