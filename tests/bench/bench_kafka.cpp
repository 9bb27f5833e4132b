// What the sidecar does to a record batch, per core: look at its header, derive a context, find the contexts it
// carries, and add headers to its records, uncompressed and through each codec. Bytes per second count the batch as it
// came, unpacked.
#include <string>

#include <benchmark/benchmark.h>

#include "sidecar/kafka/batch_identity.hpp"
#include "sidecar/kafka/record_injection.hpp"
#include "sidecar/kafka/wire.hpp"

namespace {

using namespace outrider;
using namespace outrider::kafka;

constexpr std::size_t batch_bytes = 256 << 10;

/// JSON as services write it: the names come again and again, a third of the values does not.
std::string value_of(std::size_t size, std::uint64_t seed) {
    static constexpr std::string_view words[]{"pending", "shipped", "warehouse", "express", "Berlin",   "Lisbon",
                                              "invoice", "EUR",     "paid",      "gift",    "returned", "standard"};
    static constexpr std::string_view names[]{"status", "address", "quantity", "customer", "delivery", "currency"};
    std::string text = "{";
    for (std::uint64_t i = 0; text.size() < size; ++i) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        auto chosen = seed >> 33;
        text.append("\"").append(names[i % std::size(names)]).append("\":\"");
        text += i % 3 == 0 ? std::to_string(chosen) : std::string{words[chosen % std::size(words)]};
        text += "\",";
    }
    text.resize(size);
    return text;
}

std::string records_of(std::size_t value_size, std::string_view headers, std::int32_t header_count,
                       std::int32_t& count) {
    std::string records, body;
    for (count = 0; records.size() < batch_bytes; ++count) {
        body.clear();
        wire_writer out{body}, whole{records};
        out.int8(0);
        out.varlong(count);
        out.varint(count);
        out.varint(8);
        out.raw("order-17");
        out.varint(static_cast<std::int32_t>(value_size));
        out.raw(value_of(value_size, static_cast<std::uint64_t>(count)));
        out.varint(header_count);
        out.raw(headers);
        whole.varint(static_cast<std::int32_t>(body.size()));
        whole.raw(body);
    }
    return records;
}

std::string batch_around(std::string_view records, std::int32_t count, codec how) {
    std::string batch;
    wire_writer out{batch};
    out.int64(0);
    out.int32(static_cast<std::int32_t>(records.size() + batch_header_size - 12));
    out.int32(0);
    out.int8(2);
    out.int32(0);
    out.int16(static_cast<std::int16_t>(how));
    out.int32(count - 1);
    out.int64(1'700'000'000'000);
    out.int64(1'700'000'000'000);
    out.int64(-1);
    out.int16(-1);
    out.int32(-1);
    out.int32(count);
    out.raw(records);
    out.int32_at(batch_crc_at, static_cast<std::int32_t>(crc32c(std::string_view{batch}.substr(batch_attributes_at))));
    return batch;
}

struct sample {
    std::int32_t count = 0;
    std::size_t plain_bytes = 0;
    std::string batch;
};

sample make(std::size_t value_size, codec how, const added_headers* carried = nullptr) {
    sample made;
    auto records = carried == nullptr ? records_of(value_size, "", 0, made.count)
                                      : records_of(value_size, carried->bytes(), carried->count(), made.count);
    made.plain_bytes = records.size() + batch_header_size;
    record_codecs codecs;
    made.batch = how == codec::none
                     ? batch_around(records, made.count, how)
                     : batch_around(codecs.compress(how, records, snappy_framing::xerial).bytes, made.count, how);
    return made;
}

const added_headers headers{derive_context(offset_key{{"cluster", "orders", 3}, 17}, true)};

void report(benchmark::State& state, const sample& one) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * one.plain_bytes));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * one.count);
    state.counters["packed"] = static_cast<double>(one.batch.size()) / static_cast<double>(one.plain_bytes);
}

void read_header(benchmark::State& state) {
    auto one = make(1024, codec::none);
    for (auto _ : state) benchmark::DoNotOptimize(read_batch_header(one.batch));
}
BENCHMARK(read_header);

void derive(benchmark::State& state) {
    for (auto _ : state) {
        benchmark::DoNotOptimize(derive_context(producer_key{{"kYbOCUUVTjqo5v3XyNLpRw", "orders", 3}, 1, 2, 3}, true));
    }
}
BENCHMARK(derive);

void checksum(benchmark::State& state) {
    auto one = make(1024, codec::none);
    for (auto _ : state) benchmark::DoNotOptimize(crc_matches(one.batch));
    report(state, one);
}
BENCHMARK(checksum);

/// @param state  size of a value, codec
void collect(benchmark::State& state) {
    auto one = make(static_cast<std::size_t>(state.range(0)), static_cast<codec>(state.range(1)), &headers);
    record_codecs codecs;
    batch_contexts found;
    for (auto _ : state) benchmark::DoNotOptimize(collect_contexts(one.batch, &codecs, {}, found));
    report(state, one);
}
BENCHMARK(collect)->ArgNames({"value", "codec"})->ArgsProduct({{100, 1024}, {0}});

/// @param state  size of a value, codec
void inject(benchmark::State& state) {
    auto one = make(static_cast<std::size_t>(state.range(0)), static_cast<codec>(state.range(1)));
    record_codecs codecs;
    batch_contexts found;
    std::string out;
    for (auto _ : state) {
        out.clear();
        auto done = inject_context(one.batch, headers, {}, &codecs, out, &found);
        if (done.outcome != injection_outcome::injected) state.SkipWithError("not injected");
    }
    report(state, one);
}
BENCHMARK(inject)->ArgNames({"value", "codec"})->ArgsProduct({{100, 1024}, {0, 1, 2, 3, 4}});

}  // namespace
