#include "sidecar/kafka/produce_request.hpp"

#include <cassert>

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/push_steps.hpp"

namespace outrider::kafka {
namespace {

push_parse parse_partitions(produce_request_visitor& to, encoding how) {
    auto partitions = co_await push::length(how);
    for (; partitions > 0; --partitions) {
        to.on_partition(co_await push::int32());
        co_await parse_records_field(to, how);
        co_await push::tags(how);
    }
}

}  // namespace

push_parse parse_produce_request(produce_request_visitor& to, std::int16_t version) {
    if (version < 0 || version > 13) co_await push::malformed();
    auto how = encoding_of(api::produce, version);
    if (version >= 3) to.on_transactional_id(co_await push::text(how));
    auto acks = co_await push::int16();
    to.on_acks(acks, co_await push::int32());
    auto topics = co_await push::length(how);
    for (; topics > 0; --topics) {
        if (version >= 13) {
            to.on_topic({}, co_await push::uuid());
        } else {
            to.on_topic(co_await push::text(how), {});
        }
        co_await parse_partitions(to, how);
        co_await push::tags(how);
    }
    co_await push::tags(how);
}

void splice_records(std::string_view frame, std::span<const records_replacement> replacements, encoding how,
                    std::string& out) {
    wire_writer to{out};
    std::size_t copied = 0;
    for (const auto& [field, records] : replacements) {
        assert(field.length_at >= copied && field.at + field.size <= frame.size());
        to.raw(frame.substr(copied, field.length_at - copied));
        to.bytes(records, how);
        copied = field.at + field.size;
    }
    to.raw(frame.substr(copied));
}

}  // namespace outrider::kafka
