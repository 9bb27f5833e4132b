// Record batches: whatever bytes come, headers are added to a whole batch or to none, within the limits, and a batch
// that has them is left alone. The input is tried as it is, and again with a header that vouches for it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sidecar/kafka/batch_identity.hpp"
#include "sidecar/kafka/record_injection.hpp"
#include "sidecar/kafka/wire.hpp"

using namespace outrider;
using namespace outrider::kafka;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

const added_headers headers{derive_context(offset_key{{"cluster", "orders", 3}, 17}, true),
                            "outrider=1122334455667788"};

record_codecs& codecs() {
    static record_codecs kept;
    return kept;
}

injection_limits limits_of_a_run() {
    injection_limits limits;
    limits.inflation.most_bytes = 1 << 20;
    limits.inflation.free_bytes = 1 << 16;
    return limits;
}

std::string vouched_for(std::string_view bytes) {
    std::string batch{bytes};
    wire_writer out{batch};
    batch[batch_magic_at] = 2;
    out.int32_at(batch_length_at, static_cast<std::int32_t>(batch.size() - 12));
    out.int32_at(batch_crc_at, static_cast<std::int32_t>(crc32c(std::string_view{batch}.substr(batch_attributes_at))));
    return batch;
}

std::uint32_t records_in(const batch_contexts& found) {
    auto count = found.without + found.beyond;
    for (const auto& one : found.distinct) count += one.records;
    require(found.distinct.size() <= batch_contexts::most);
    return count;
}

void check_injected(std::string_view before, std::string_view after, const injection_limits& limits) {
    auto old_header = read_batch_header(before), header = read_batch_header(after);
    require(header && after.size() <= limits.max_batch_bytes && crc_matches(after));
    require(batch_total_size(after) == after.size());
    require(header->records == old_header->records && header->attributes == old_header->attributes);
    require(header->producer_id == old_header->producer_id && header->base_sequence == old_header->base_sequence);
    std::string again;
    batch_contexts found;
    auto second = inject_context(after, headers, limits, &codecs(), again, &found);
    // Packed again it may pass the bound on the ratio: only the size is kept in bounds when headers are added.
    require(second.outcome == injection_outcome::nothing_to_do || second.outcome == injection_outcome::inflation_bound);
    require(again.empty());
    require(second.outcome != injection_outcome::nothing_to_do ||
            records_in(found) == static_cast<std::uint32_t>(header->records));
}

void check(std::string_view batch, const injection_limits& limits) {
    std::string out = "before";
    batch_contexts found, collected;
    auto done = inject_context(batch, headers, limits, &codecs(), out, &found);
    if (done.outcome == injection_outcome::injected) {
        check_injected(batch, std::string_view{out}.substr(6), limits);
        require(collect_contexts(batch, &codecs(), limits.inflation, collected));
        require(records_in(found) == records_in(collected) && found.distinct.size() == collected.distinct.size());
    } else {
        require(out == "before");
        (void)collect_contexts(batch, &codecs(), limits.inflation, collected);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    static const auto limits = limits_of_a_run();
    check(input, limits);
    if (size >= batch_header_size) check(vouched_for(input), limits);
    return 0;
}
