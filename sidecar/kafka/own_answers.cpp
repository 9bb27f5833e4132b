#include "sidecar/kafka/own_answers.hpp"

#include <algorithm>

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

/// So many records are named one by one; clients take the error of the batch for the others.
constexpr std::uint32_t most_record_errors = 1'000;

/// Each refused record by its place in the batch; the message is the one of the whole partition.
void write_record_errors(wire_writer& out, const refused_topic& of, const refused_topic::partition& partition,
                         encoding how) {
    const auto count = of.error == own_error::invalid_record ? std::min(partition.records, most_record_errors) : 0;
    out.array(static_cast<std::int32_t>(count), how);
    for (std::uint32_t i = 0; i < count; ++i) {
        out.int32(static_cast<std::int32_t>(i));
        out.string({}, how);
        out.no_tags(how);
    }
    out.string(of.message, how);
}

void write_topic(wire_writer& out, std::int16_t version, const refused_topic& of) {
    const auto how = encoding_of(api::produce, version);
    if (version >= 13)
        out.uuid(of.id);
    else
        out.string(of.name, how);
    out.array(static_cast<std::int32_t>(of.partitions.size()), how);
    for (const auto& each : of.partitions) {
        out.int32(each.index);
        out.int16(static_cast<std::int16_t>(of.error));
        out.int64(-1);                    // base offset
        if (version >= 2) out.int64(-1);  // log append time
        if (version >= 5) out.int64(-1);  // log start offset
        if (version >= 8) write_record_errors(out, of, each, how);
        out.no_tags(how);
    }
    out.no_tags(how);
}

void pass_partition(wire_reader& in, std::int16_t version, encoding how) {
    in.skip(4 + 2 + 8);
    if (version >= 2) in.skip(8);
    if (version >= 5) in.skip(8);
    if (version >= 8) {
        for (auto left = in.array(how); left > 0 && !in.failed(); --left) {
            in.skip(4);
            (void)in.string(how);
            in.skip_tags(how);
        }
        (void)in.string(how);
    }
    in.skip_tags(how);
}

/// The bytes of the next topic of an answer.
std::string_view take_topic(wire_reader& in, std::int16_t version, encoding how) {
    const auto from = in.position();
    if (version >= 13)
        (void)in.uuid();
    else
        (void)in.string(how);
    for (auto left = in.array(how); left > 0 && !in.failed(); --left) pass_partition(in, version, how);
    in.skip_tags(how);
    return in.failed() ? std::string_view{} : in.since(from);
}

}  // namespace

std::string refused_produce_answer(std::int32_t correlation, std::int16_t version,
                                   const std::vector<refused_topic>& topics, std::int32_t throttle_ms) {
    const auto how = encoding_of(api::produce, version);
    std::string text;
    wire_writer out{text};
    write_response_header(out, correlation, api::produce, version);
    out.array(static_cast<std::int32_t>(topics.size()), how);
    for (const auto& each : topics) write_topic(out, version, each);
    if (version >= 1) out.int32(throttle_ms);
    out.no_tags(how);
    return text;
}

bool add_refused_topics(std::string_view answer, std::int16_t version, const std::vector<refused_topic>& topics,
                        std::string& out) {
    const auto how = encoding_of(api::produce, version);
    wire_reader in{answer};
    read_response_header(in, api::produce, version);
    out.assign(answer.substr(0, in.position()));
    auto left = in.array(how);
    wire_writer to{out};
    to.array(std::max(left, 0) + static_cast<std::int32_t>(topics.size()), how);
    auto refused = topics.begin();
    for (std::size_t place = 0; (left > 0 || refused != topics.end()) && !in.failed(); ++place) {
        if (refused != topics.end() && (refused->place <= place || left <= 0)) {
            write_topic(to, version, *refused++);
        } else {
            to.raw(take_topic(in, version, how));
            --left;
        }
    }
    if (in.failed()) return false;
    to.raw(answer.substr(in.position()));
    return true;
}

std::string empty_fetch_answer(std::int32_t correlation, std::int16_t version, std::int32_t throttle_ms) {
    const auto how = encoding_of(api::fetch, version);
    std::string text;
    wire_writer out{text};
    write_response_header(out, correlation, api::fetch, version);
    if (version >= 1) out.int32(std::max(throttle_ms, 1));
    if (version >= 7) out.int16(0);
    if (version >= 7) out.int32(0);  // no session
    out.array(0, how);
    out.no_tags(how);
    return text;
}

}  // namespace outrider::kafka
