// Spans of few ids, processes and times, so that they meet: stitching ends within its bounds, its counts add up, chains
// hold each span once, and rewriting again changes nothing. An input that begins with '{' is OTLP/JSON.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tracing/otlp.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/stitch/stitcher.hpp"

using namespace outrider::tracing;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Takes an input apart, byte by byte; behind its end everything is 0.
class bytes {
  public:
    bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    bool more() const { return left_ > 0; }
    std::uint8_t next() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    std::uint8_t next(std::uint8_t below) { return static_cast<std::uint8_t>(next() % below); }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

trace_id small_trace(std::uint8_t number) {
    trace_id id;
    id.bytes[15] = static_cast<std::uint8_t>(number + 1);
    return id;
}

span_id small_span(std::uint8_t number) {
    span_id id;
    id.bytes[7] = static_cast<std::uint8_t>(number + 1);
    return id;
}

std::uint64_t moment(std::uint8_t from) {
    if (from == 255) return UINT64_MAX;
    return from == 0 ? 0 : 1'700'000'000'000'000'000 + std::uint64_t{from} * 40'000'000;
}

std::shared_ptr<const span_origin> origin(std::uint8_t number) {
    span_origin made;
    made.scope_name = number % 2 == 0 ? "outrider" : "sdk";
    made.resource.attributes.push_back(
        {"service.name", attribute_value{std::string(1, static_cast<char>('a' + number / 2))}});
    made.resource.attributes.push_back(
        {"service.instance.id", attribute_value{std::string(1, static_cast<char>('0' + number))}});
    return std::make_shared<const span_origin>(std::move(made));
}

void describe(bytes& in, span_data& span) {
    const auto add = [&](std::string_view key, auto value) {
        span.attributes.push_back({std::string{key}, attribute_value{value}});
    };
    const auto what = in.next();
    if ((what & 1) != 0) {
        constexpr const char* operations[] = {"send", "receive", "process", "settle"};
        add("messaging.operation.type", std::string{operations[in.next(4)]});
        add("messaging.destination.name", std::string{"t"});
        add("messaging.destination.partition.id", std::string{"0"});
        add("messaging.kafka.offset", static_cast<std::int64_t>(in.next(8)));
        add("messaging.batch.message_count", static_cast<std::int64_t>(in.next(4)));
    }
    if ((what & 2) != 0) add(chain_attributes::echo, byte_string{std::string(8, static_cast<char>(in.next(4)))});
    if ((what & 4) != 0) add(chain_attributes::inbound_open, static_cast<std::int64_t>(in.next(4)));
    if ((what & 8) != 0) add(chain_attributes::causation_id, std::string(1, static_cast<char>(in.next(4))));
    if ((what & 16) != 0) add(chain_attributes::message_id, std::string(1, static_cast<char>(in.next(4))));
    if ((what & 32) != 0) span.tracestate = "outrider=" + small_span(in.next(8)).hex();
    if ((what & 64) != 0) span.links.push_back({small_trace(in.next(6)), small_span(in.next(8)), {}, {}, 0, 0});
    if ((what & 128) != 0) add(in.next(2) == 0 ? "outrider.anchor" : "peer.service", std::string{"a"});
}

std::vector<span_data> spans_of(bytes in) {
    std::vector<span_data> spans;
    while (in.more() && spans.size() < 64) {
        auto& span = spans.emplace_back();
        span.kind = static_cast<span_kind>(1 + in.next(5));
        span.trace = small_trace(in.next(6));
        span.span = small_span(in.next(8));
        if (const auto parent = in.next(10); parent < 8) span.parent = small_span(parent);
        span.origin = origin(in.next(4));
        span.start_unix_ns = moment(in.next());
        span.end_unix_ns = span.start_unix_ns + std::uint64_t{in.next(8)} * 10'000'000;
        span.attributes.push_back({"http.request.method", attribute_value{std::string{"GET"}}});
        describe(in, span);
    }
    return spans;
}

bool same(const std::vector<span_data>& a, const std::vector<span_data>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same_span(a[i], b[i])) return false;
    }
    return true;
}

void stitch_online(const std::vector<span_data>& spans) {
    stitcher stitching{{std::chrono::milliseconds(100), std::chrono::seconds(2), 1 << 18}};
    chain_groups groups;
    std::vector<decision> decisions;
    std::int64_t now = 0;
    const auto take = [&](const std::vector<decision>& more) {
        for (const auto& each : more) groups.apply(each);
        decisions.insert(decisions.end(), more.begin(), more.end());
    };
    for (const auto& span : spans) {
        stitching.add(span, now);
        now += 30'000'000;
        take(stitching.advance(now));
        const auto counts = stitching.counters();
        require(counts.held + counts.forgotten == counts.added - counts.duplicates);
    }
    take(stitching.finish());
    for (const auto& span : spans) {
        const auto chain = groups.chain_of(span.trace);
        require(groups.chain_of(chain) == chain);
        std::size_t own = 0;
        for (const auto& each : groups.traces_of(span.trace)) own += each == span.trace;
        require(own == 1);
    }
    const auto once = rewrite_chain(spans, decisions, small_trace(0));
    require(once.size() == spans.size());
    require(same(once, rewrite_chain(once, decisions, small_trace(0))));
    for (const auto& span : spans) groups.forget(span.trace);
}

void stitch_file(const std::vector<span_data>& spans) {
    std::size_t kept = 0;
    for (const auto& chain : stitch_all(spans)) kept += chain.size();
    require(kept == spans.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 0 && data[0] == '{') {
        decode_limits limits;
        limits.memory = 1 << 20;
        limits.items = 16;
        if (auto decoded = decode_otlp_json({reinterpret_cast<const char*>(data), size}, limits))
            stitch_file(decoded->spans);
        return 0;
    }
    const auto spans = spans_of({data, size});
    stitch_online(spans);
    stitch_file(spans);
    return 0;
}
