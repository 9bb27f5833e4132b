#include "tracing/stitch/attribute_names.hpp"

#include <set>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

TEST(ChainAttributes, AreDistinct) {
    namespace names = chain_attributes;
    const std::set<std::string_view> all{
        names::head_sampled,    names::inbound_open,       names::echo,           names::kafka_cluster,
        names::message_id,      names::causation_id,       names::correlation_id, names::original_trace_id,
        names::link_source,     names::original_parent_id, names::fault,          names::link_confidence,
        names::original_span_id};
    EXPECT_EQ(all.size(), 13u);
}

}  // namespace
}  // namespace outrider::tracing
