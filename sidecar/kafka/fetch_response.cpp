#include "sidecar/kafka/fetch_response.hpp"

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/push_steps.hpp"

namespace outrider::kafka {
namespace {

constexpr std::uint32_t node_endpoints_tag = 0;

push_parse skip_aborted_transactions(encoding how) {
    auto count = co_await push::length(how);
    for (; count > 0; --count) {
        co_await push::skip(8 + 8);  // producer id, first offset
        co_await push::tags(how);
    }
}

push_parse parse_partition(fetch_response_visitor& to, std::int16_t version, encoding how) {
    fetched_partition partition;
    partition.index = co_await push::int32();
    partition.error = co_await push::int16();
    partition.high_watermark = co_await push::int64();
    if (version >= 4) partition.last_stable_offset = co_await push::int64();
    if (version >= 5) partition.log_start_offset = co_await push::int64();
    if (version >= 4) co_await skip_aborted_transactions(how);
    if (version >= 11) partition.preferred_read_replica = co_await push::int32();
    to.on_partition(partition);
    co_await parse_records_field(to, how);
    co_await push::tags(how);  // diverging epoch, current leader, snapshot
}

push_parse parse_topic(fetch_response_visitor& to, std::int16_t version, encoding how) {
    if (version >= 13) {
        to.on_topic({}, co_await push::uuid());
    } else {
        to.on_topic(co_await push::text(how), {});
    }
    auto partitions = co_await push::length(how);
    for (; partitions > 0; --partitions) co_await parse_partition(to, version, how);
    co_await push::tags(how);
}

push_parse parse_top_tags(fetch_response_visitor& to) {
    to.on_tags(co_await push::position());
    auto count = co_await push::unsigned_varint();
    for (; count > 0; --count) {
        auto number = co_await push::unsigned_varint();
        auto behind = co_await push::position();
        if (number == node_endpoints_tag) to.on_node_endpoints(behind - 1);
        auto size = co_await push::unsigned_varint();
        co_await push::skip(size);
    }
}

}  // namespace

push_parse parse_fetch_response(fetch_response_visitor& to, std::int16_t version) {
    if (version < 0 || version > 18) co_await push::malformed();
    auto how = encoding_of(api::fetch, version);
    fetch_response_visitor::head head;
    if (version >= 1) head.throttle_ms = co_await push::int32();
    if (version >= 7) head.error = co_await push::int16();
    if (version >= 7) head.session_id = co_await push::int32();
    to.on_response(head);
    auto topics = co_await push::length(how);
    for (; topics > 0; --topics) co_await parse_topic(to, version, how);
    if (how == encoding::flexible) co_await parse_top_tags(to);
}

}  // namespace outrider::kafka
