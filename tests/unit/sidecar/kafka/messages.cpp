#include "tests/unit/sidecar/kafka/messages.hpp"

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka::testing {

namespace {

constexpr auto classic = encoding::classic;

}  // namespace

std::string framed(std::string_view bytes) {
    std::string out;
    wire_writer{out}.int32(static_cast<std::int32_t>(bytes.size()));
    out += bytes;
    return out;
}

std::string request(std::int16_t key, std::int16_t version, std::int32_t correlation, std::string_view body,
                    std::string_view client_id) {
    std::string bytes;
    wire_writer out{bytes};
    out.int16(key);
    out.int16(version);
    out.int32(correlation);
    out.string(client_id, classic);
    if (const auto* facts = find_api(key)) out.no_tags(encoding_of(*facts, version));
    out.raw(body);
    return framed(bytes);
}

std::string answer(std::int32_t correlation, std::string_view body) {
    std::string bytes;
    wire_writer{bytes}.int32(correlation);
    bytes += body;
    return framed(bytes);
}

std::string produce_body(std::int16_t version, std::int16_t acks, std::string_view topic,
                         const std::vector<std::string>& batches) {
    const auto how = encoding_of(api::produce, version);
    std::string body;
    wire_writer out{body};
    if (version >= 3) out.string({}, how);
    out.int16(acks);
    out.int32(30'000);
    out.array(1, how);
    out.string(topic, how);
    out.array(static_cast<std::int32_t>(batches.size()), how);
    for (std::size_t i = 0; i < batches.size(); ++i) {
        out.int32(static_cast<std::int32_t>(i));
        out.bytes(batches[i], how);
        out.no_tags(how);
    }
    out.no_tags(how);
    out.no_tags(how);
    return body;
}

std::string produce_answer_body(std::int16_t version, std::string_view topic, std::size_t partitions,
                                std::int16_t error) {
    const auto how = encoding_of(api::produce, version);
    std::string body;
    wire_writer out{body};
    out.no_tags(how);  // of the header
    out.array(1, how);
    out.string(topic, how);
    out.array(static_cast<std::int32_t>(partitions), how);
    for (std::size_t i = 0; i < partitions; ++i) {
        out.int32(static_cast<std::int32_t>(i));
        out.int16(error);
        out.int64(1000);
        out.int64(-1);
        if (version >= 5) out.int64(0);
        if (version >= 8) out.array(0, how);
        if (version >= 8) out.string({}, how);
        out.no_tags(how);
    }
    out.no_tags(how);
    out.int32(0);
    out.no_tags(how);
    return body;
}

std::string fetch_answer_body(std::int16_t version, std::string_view topic, std::string_view records,
                              std::int64_t high_watermark, std::string_view tags) {
    const auto how = encoding_of(api::fetch, version);
    std::string body;
    wire_writer out{body};
    out.no_tags(how);  // of the header
    out.int32(0);
    out.int16(0);
    out.int32(0);
    out.array(1, how);
    if (version >= 13) {
        out.uuid({{1, 2, 3}});
    } else {
        out.string(topic, how);
    }
    out.array(1, how);
    out.int32(4);
    out.int16(0);
    out.int64(high_watermark);
    out.int64(high_watermark);
    out.int64(0);
    out.array(0, how);
    out.int32(-1);
    out.bytes(records, how);
    out.no_tags(how);
    out.no_tags(how);
    if (how == encoding::flexible && tags.empty()) out.no_tags(how);
    out.raw(tags);
    return body;
}

std::string commit_body(std::string_view topic) {
    std::string body;
    wire_writer out{body};
    out.string("g-1", classic);
    out.int32(1);
    out.string("member", classic);
    out.int64(-1);
    out.array(1, classic);
    out.string(topic, classic);
    out.array(2, classic);
    for (std::int32_t i = 0; i < 2; ++i) {
        out.int32(i);
        out.int64(70 + i);
        out.string({}, classic);
    }
    return body;
}

std::string commit_answer_body(std::string_view topic, std::int16_t error) {
    std::string body;
    wire_writer out{body};
    out.array(1, classic);
    out.string(topic, classic);
    out.array(2, classic);
    for (std::int32_t i = 0; i < 2; ++i) {
        out.int32(i);
        out.int16(i == 0 ? std::int16_t{0} : error);
    }
    return body;
}

std::string node_endpoints(std::string_view host) {
    constexpr auto flexible = encoding::flexible;
    std::string nodes;
    wire_writer in{nodes};
    in.array(1, flexible);
    in.int32(3);
    in.string(host, flexible);
    in.int32(9092);
    in.string({}, flexible);
    in.no_tags(flexible);
    std::string tags;
    wire_writer out{tags};
    out.unsigned_varint(1);
    out.unsigned_varint(0);
    out.unsigned_varint(static_cast<std::uint32_t>(nodes.size()));
    out.raw(nodes);
    return tags;
}

std::vector<std::int32_t> correlations(const std::vector<std::string>& answers) {
    std::vector<std::int32_t> out;
    for (const auto& each : answers) out.push_back(wire_reader{each}.int32());
    return out;
}

}  // namespace outrider::kafka::testing
