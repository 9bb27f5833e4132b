#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/chain_generator.hpp"
#include "tracing/span_data.hpp"

namespace outrider::test {

/// What strangers send: generated spans of which a share was spoilt, in any order.
class spoiler {
  public:
    explicit spoiler(std::uint64_t seed) : random_(seed), ids_(seed) {}

    std::vector<tracing::span_data> spoil(std::vector<tracing::span_data> spans, double share) {
        for (auto& each : spans)
            if (random_.chance(share)) spoil(each, spans);
        const auto copies = spans.size() / 20;
        for (std::size_t i = 0; i < copies; ++i) {  // told twice; or another span of the same id
            auto copy = any(spans);
            if (random_.chance(0.5)) copy.name += " again";
            spans.push_back(std::move(copy));
        }
        for (auto i = spans.size(); i-- > 1;) std::swap(spans[i], spans[random_.below(i + 1)]);
        return spans;
    }

  private:
    const tracing::span_data& any(const std::vector<tracing::span_data>& spans) {
        return spans[random_.below(spans.size())];
    }

    std::uint64_t any_time() {
        constexpr std::uint64_t extremes[] = {0, 1, std::numeric_limits<std::int64_t>::max(),
                                              std::uint64_t{std::numeric_limits<std::int64_t>::max()} + 1,
                                              std::numeric_limits<std::uint64_t>::max()};
        return random_.chance(0.3) ? random_.next() : extremes[random_.below(std::size(extremes))];
    }

    void spoil(tracing::span_data& one, const std::vector<tracing::span_data>& all) {
        using tracing::attribute_value;
        const auto& other = any(all);
        switch (random_.below(14)) {
            case 0:
                one.parent = one.span;
                break;
            case 1:
                one.trace = other.trace;
                one.parent = other.span;
                break;
            case 2:
                one.parent = ids_.new_span_id();
                break;
            case 3:
                one.start_unix_ns = any_time();
                break;
            case 4:
                one.end_unix_ns = any_time();
                break;
            case 5:
                one.start_unix_ns = any_time();
                one.end_unix_ns = any_time();
                break;
            case 6:
                one.trace = other.trace;
                one.span = other.span;
                break;
            case 7:
                one.links.push_back({other.trace, other.span, {}, {}, 0, 0});
                one.links.push_back({one.trace, one.span, {}, {}, 0, 0});
                break;
            case 8:
                one.kind = static_cast<tracing::span_kind>(random_.below(7));
                break;
            case 9:
                one.origin = random_.chance(0.5) ? nullptr : other.origin;
                break;
            case 10:
                one.tracestate = random_.chance(0.5) ? "outrider=" + other.span.hex() : std::string(600, '=');
                break;
            case 11:
                for (auto& each : one.attributes) each.value = any_value();
                break;
            case 12:
                for (const auto* key : {"outrider.echo", "outrider.inbound_open", "chain.correlation_id",
                                        "chain.causation_id", "chain.message_id", "chain.link.source",
                                        "chain.link.confidence", "chain.original_trace_id", "chain.original_parent_id",
                                        "chain.original_span_id", "chain.key.order", "messaging.kafka.offset"})
                    if (random_.chance(0.5)) one.attributes.push_back({key, any_value()});
                break;
            default:
                if (random_.chance(0.5)) one.trace = {};
                if (random_.chance(0.5)) one.span = {};
                one.name.clear();
        }
    }

    tracing::attribute_value any_value() {
        using tracing::attribute_value;
        switch (random_.below(8)) {
            case 0:
                return attribute_value{static_cast<std::int64_t>(any_time())};
            case 1:
                return attribute_value{std::string(random_.below(300), 'a')};
            case 2:
                return attribute_value{tracing::byte_string{std::string(random_.below(70), '\xff')}};
            case 3:
                return attribute_value{std::numeric_limits<double>::infinity()};
            case 4:
                return attribute_value{random_.chance(0.5)};
            case 5:
                return attribute_value{attribute_value::array(3, attribute_value{std::string{"00"}})};
            case 6:
                return attribute_value{attribute_value::key_values{{"a", attribute_value{std::int64_t{1}}}}};
            default:
                return {};
        }
    }

    dice random_;
    tracing::id_generator ids_;
};

}  // namespace outrider::test
