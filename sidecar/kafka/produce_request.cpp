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

/// The length of bytes, as it stands before them.
void append_length(std::uint64_t size, encoding how, std::string& out) {
    wire_writer to{out};
    if (how == encoding::classic) return to.int32(static_cast<std::int32_t>(size));
    to.unsigned_varint(static_cast<std::uint32_t>(size + 1));
}

}  // namespace

push_parse parse_produce_request(produce_request_visitor& to, std::int16_t version) {
    if (version < 0 || version > 13) co_await push::malformed();
    auto how = encoding_of(api::produce, version);
    if (version >= 3) to.on_transactional_id(co_await push::text(how));
    auto acks = co_await push::int16();
    to.on_acks(acks, co_await push::int32());
    const auto count_at = co_await push::position();
    auto topics = co_await push::length(how);
    to.on_topics(count_at, co_await push::position());
    for (; topics > 0; --topics) {
        if (version >= 13) {
            to.on_topic({}, co_await push::uuid());
        } else {
            to.on_topic(co_await push::text(how), {});
        }
        co_await parse_partitions(to, how);
        co_await push::tags(how);
        to.on_topic_end(co_await push::position());
    }
    co_await push::tags(how);
}

void records_splice::begin(const records_field& field, std::uint64_t likely) {
    assert(field.length_at >= copied_ && field.at + field.size <= frame_.size());
    field_ = field;
    out_.append(frame_.substr(copied_, field.length_at - copied_));
    length_at_ = out_.size();
    append_length(likely, how_, out_);
    records_at_ = out_.size();
}

void records_splice::replace() {
    std::string length;
    append_length(out_.size() - records_at_, how_, length);
    out_.replace(length_at_, records_at_ - length_at_, length);
    copied_ = field_.at + field_.size;
}

void records_splice::keep() {
    out_.resize(length_at_);
    copied_ = field_.length_at;
}

}  // namespace outrider::kafka
