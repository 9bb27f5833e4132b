// Answers to fetches: what is reported never depends on the split. The messages that are read whole take the same
// bytes.

#include <string>

#include "sidecar/kafka/fetch_request.hpp"
#include "sidecar/kafka/fetch_response.hpp"
#include "sidecar/kafka/group_requests.hpp"
#include "sidecar/kafka/produce_response.hpp"
#include "sidecar/kafka/share_fetch_request.hpp"
#include "tests/fuzz/kafka_pieces.hpp"

namespace {

using namespace outrider::kafka;
using outrider::fuzz::require;

struct logger final : outrider::fuzz::logging_records<fetch_response_visitor> {
    using logging_records::logging_records;

    void on_response(const head& it) override { line("response", it.throttle_ms, it.error, it.session_id); }
    void on_topic(std::string_view name, const topic_id& id) override {
        text("topic", name);
        line("id", id.valid());
    }
    void on_partition(const fetched_partition& it) override {
        line("partition", it.index, it.error, it.high_watermark, it.last_stable_offset, it.log_start_offset,
             it.preferred_read_replica);
    }
    void on_tags(std::uint64_t position) override { line("tags", position); }
    void on_node_endpoints(std::uint64_t position) override {
        require(position < message_size);
        line("endpoints", position);
    }
};

bool inside(std::string_view view, std::string_view of) {
    return view.data() == nullptr || (view.data() >= of.data() && view.data() + view.size() <= of.data() + of.size());
}

void read_whole(std::string_view body, std::int16_t version) {
    fetch_request fetch;
    wire_reader fetch_in{body};
    if (read_fetch_request(fetch_in, version, fetch))
        for (const auto& partition : fetch.partitions) require(inside(partition.topic, body));
    (void)max_wait_of_fetch(body, version);
    if (const auto head = read_share_fetch_head(body, version))
        require(head->max_wait_at + 4 <= head->max_records_at && head->max_records_at + 4 <= body.size());
    produce_response produced;
    wire_reader produced_in{body};
    if (read_produce_response(produced_in, version, produced)) {
        for (const auto& partition : produced.partitions) require(inside(partition.topic, body));
        require(produced.throttle_at + 4 <= body.size() || version == 0);
    }
    offset_commit commit;
    wire_reader commit_in{body};
    (void)read_offset_commit(commit_in, version, 3, commit);
    require(commit.partitions.size() <= 3);
    for (std::int16_t key = 0; key < 93; ++key) require(inside(group_of_request(body, key, version), body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    auto input = outrider::fuzz::input::of(data, size);
    auto version = static_cast<std::int16_t>(input.choice % 20);
    logger whole{input.message.size()}, split{input.message.size()};
    outrider::fuzz::parse(parse_fetch_response(whole, version), input.message, {}, whole);
    outrider::fuzz::parse(parse_fetch_response(split, version), input.message,
                          input.splits.empty() ? std::string_view{"\0", 1} : input.splits, split);
    require(whole.log == split.log);
    read_whole(input.message, version);
    return 0;
}
