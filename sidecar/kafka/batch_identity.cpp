#include "sidecar/kafka/batch_identity.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/evp.h>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {
namespace {

constexpr std::string_view domain = "outrider.kafka.batch";
constexpr std::int8_t version = 1;

void write_text(wire_writer& out, std::string_view text) {
    out.int32(static_cast<std::int32_t>(text.size()));
    out.raw(text);
}

void write_head(wire_writer& out, std::int8_t kind, const batch_place& place) {
    out.raw(domain);
    out.int8(version);
    out.int8(kind);
    write_text(out, place.cluster_id);
    write_text(out, place.topic);
    out.int32(place.partition);
}

void write(wire_writer& out, const producer_key& key) {
    write_head(out, 1, key.place);
    out.int64(key.producer_id);
    out.int16(key.producer_epoch);
    out.int32(key.base_sequence);
}

void write(wire_writer& out, const offset_key& key) {
    write_head(out, 2, key.place);
    out.int64(key.base_offset);
}

void write(wire_writer& out, const content_key& key) {
    write_head(out, 3, key.place);
    out.int64(key.base_timestamp);
    out.int32(static_cast<std::int32_t>(key.crc));
    out.int32(key.records);
}

producer_key key_of_producer(const batch_place& place, const batch_header& header) {
    return {place, header.producer_id, header.producer_epoch, header.base_sequence};
}

// OpenSSL looks an algorithm up by name at each one-shot call, which costs more than the hashing.
std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                                           &EVP_MD_free};
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestInit_ex2(hash.get(), algorithm.get(), nullptr);
    EVP_DigestUpdate(hash.get(), bytes.data(), bytes.size());
    EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr);
    return digest;
}

}  // namespace

batch_key key_in_log(const batch_place& place, const batch_header& header) {
    if (header.producer_id >= 0) return key_of_producer(place, header);
    return offset_key{place, header.base_offset};
}

batch_key key_before_send(const batch_place& place, const batch_header& header) {
    if (header.producer_id >= 0) return key_of_producer(place, header);
    return content_key{place, header.base_timestamp, header.crc, header.records};
}

std::string encode_batch_key(const batch_key& key) {
    std::string bytes;
    wire_writer out{bytes};
    std::visit([&](const auto& one) { write(out, one); }, key);
    return bytes;
}

tracing::span_context derive_context(const batch_key& key, bool sampled) {
    auto digest = sha256(encode_batch_key(key));
    tracing::span_context context;
    std::copy_n(digest.begin(), 16, context.trace.bytes.begin());
    std::copy_n(digest.begin() + 16, 8, context.span.bytes.begin());
    if (!context.trace.valid()) context.trace.bytes.back() = 1;
    if (!context.span.valid()) context.span.bytes.back() = 1;
    context.flags = tracing::flag_random | (sampled ? tracing::flag_sampled : 0);
    return context;
}

}  // namespace outrider::kafka
