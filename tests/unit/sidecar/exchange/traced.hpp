#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/exchange/tracer.hpp"
#include "tests/support/span_values.hpp"
#include "tracing/otlp.hpp"
#include "tracing/span_data.hpp"

namespace outrider::exchange {

/// A tracer whose finished spans are read back as a collector would read them.
template <typename Tracer>
struct traced_by {
    explicit traced_by(config::settings configured = {}) : settings(std::move(configured)), setup(settings) {}

    std::vector<tracing::span_data> finished() {
        tracer.flush();
        std::string entries;
        while (auto chunk = sink.take()) {
            entries += chunk->bytes;
            sink.give_back(std::move(chunk));
        }
        return tracing::decode_otlp(tracing::otlp_request({}, entries)).value().spans;
    }
    tracing::span_data only() {
        auto spans = finished();
        EXPECT_EQ(spans.size(), 1U);
        return spans.empty() ? tracing::span_data{} : spans[0];
    }

    config::settings settings;
    tracing_setup setup;
    tracing::span_buffer sink;
    Tracer tracer{setup, &sink};
};

using test::has;
using test::number;
using test::text;

}  // namespace outrider::exchange
