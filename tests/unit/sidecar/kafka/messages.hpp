#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Frames of Kafka's protocol as clients and brokers of these tests send them.

namespace outrider::kafka::testing {

/// Bytes with their size before them.
std::string framed(std::string_view bytes);
/// A whole request.
std::string request(std::int16_t key, std::int16_t version, std::int32_t correlation, std::string_view body = {},
                    std::string_view client_id = "shop-1");
/// A whole answer.
std::string answer(std::int32_t correlation, std::string_view body);
std::string produce_body(std::int16_t version, std::int16_t acks, std::string_view topic,
                         const std::vector<std::string>& batches);
/// Base offset 1000 in each partition.
std::string produce_answer_body(std::int16_t version, std::string_view topic, std::size_t partitions,
                                std::int16_t error = 0);
/// One topic with one partition.
std::string fetch_answer_body(std::int16_t version, std::string_view topic, std::string_view records,
                              std::int64_t high_watermark, std::string_view tags = {});
/// An OffsetCommit of version 2: group g-1, two partitions of the topic.
std::string commit_body(std::string_view topic);
std::string commit_answer_body(std::string_view topic, std::int16_t error = 0);
/// The correlation ids of answers, in order.
std::vector<std::int32_t> correlations(const std::vector<std::string>& answers);
/// The tag of KIP-951 as the top-level tags of a Fetch answer: node 3 at `host`.
std::string node_endpoints(std::string_view host);

}  // namespace outrider::kafka::testing
