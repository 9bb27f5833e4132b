#include "sidecar/kafka/produce_response.hpp"

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

std::int32_t count_record_errors(wire_reader& in, encoding how) {
    auto count = in.array(how);
    for (auto left = count; left > 0 && !in.failed(); --left) {
        (void)in.int32();  // the record's place in the batch
        (void)in.string(how);
        in.skip_tags(how);
    }
    return count < 0 ? 0 : count;
}

void read_partition(wire_reader& in, std::int16_t version, encoding how, produced_partition& out) {
    out.index = in.int32();
    out.error = in.int16();
    out.base_offset = in.int64();
    if (version >= 2) out.log_append_time = in.int64();
    if (version >= 5) (void)in.int64();  // where the log starts
    if (version >= 8) out.record_errors = count_record_errors(in, how);
    if (version >= 8) (void)in.string(how);
    in.skip_tags(how);
}

}  // namespace

bool read_produce_response(wire_reader& in, std::int16_t version, produce_response& out) {
    out.partitions.clear();
    if (version < 0 || version > 13) return false;
    auto how = encoding_of(api::produce, version);
    for (auto topics = in.array(how); topics > 0 && !in.failed(); --topics) {
        produced_partition partition;
        if (version >= 13) partition.id = in.uuid();
        if (version < 13) partition.topic = in.string(how);
        for (auto partitions = in.array(how); partitions > 0 && !in.failed(); --partitions) {
            read_partition(in, version, how, partition);
            out.partitions.push_back(partition);
        }
        in.skip_tags(how);
    }
    out.throttle_at = version >= 1 ? in.position() : 0;
    out.throttle_ms = version >= 1 ? in.int32() : 0;
    out.tags_at = how == encoding::flexible ? in.position() : 0;
    in.skip_tags(how);
    // One byte says that there are none.
    out.tagged = how == encoding::flexible && in.position() > out.tags_at + 1;
    return !in.failed();
}

}  // namespace outrider::kafka
