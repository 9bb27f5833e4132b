#pragma once

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/collector/chain_pipeline.hpp"
#include "tests/support/sidecar_spans.hpp"
#include "tests/unit/sidecar/collector/spans.hpp"

namespace outrider::collector::test {

/// Orders, 50 ms after each other, as sidecars tell of them, and the time that passes for a pipeline.
class orders : public testing::Test {
  protected:
    static constexpr std::uint64_t begin_ns = 1'700'000'000'000'000'000;

    std::vector<tracing::span_data> order(std::uint64_t number) {
        return world.order(number, begin_ns + number * 50'000'000);
    }
    void pass(chain_pipeline& pipeline, std::chrono::milliseconds span) {
        constexpr std::chrono::milliseconds step{100};
        for (; span > span.zero(); span -= step) {
            time.pass(step);
            pipeline.step();
        }
    }

    test_clock time;
    outrider::test::sidecar_spans world;
};

}  // namespace outrider::collector::test
