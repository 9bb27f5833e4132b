#include "sidecar/kafka/record_injection.hpp"

#include <algorithm>
#include <array>

#include "sidecar/kafka/record_injection_checksums.hpp"
#include "sidecar/kafka/record_injection_rewrite.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {
namespace {

using outcome = injection_outcome;

/// What stays the same while one batch is worked on.
struct task {
    const batch_header& header;
    const added_headers& headers;
    const injection_limits& limits;
    batch_contexts* found;
    record_observer* observer;
};

std::size_t batch_limit(const injection_limits& limits) {
    return std::min<std::size_t>(limits.max_batch_bytes, 0x7fff'ffff);
}

bool lacks_traceparent(const record_view& record, const carrying_headers& carried) {
    return record.headers_there == 0 || !carried.has_traceparent;
}

injection judge(injection done, bool whole, bool fits) {
    if (!whole) {
        done.outcome = outcome::malformed;
    } else if (!fits) {
        done.outcome = outcome::too_large;
    } else if (done.records != 0) {
        done.outcome = outcome::injected;
    } else {
        done.outcome = done.too_long != 0 ? outcome::too_large : outcome::nothing_to_do;
    }
    if (done.outcome != outcome::injected) done.records = 0;
    return done;
}

/// Appends the records with their headers while `out` stays within `most`. Past that the scan goes on all the same: the
/// contexts are wanted, and whether the batch is whole.
/// @param sums  null: nobody wants them
injection rewrite_records(std::string_view records, const task& work, std::size_t most, std::string& out,
                          injection_checksums* sums) {
    record_scan scan{records};
    record_rewriter rewriter{records, work.headers, most, out};
    record_view record;
    carrying_headers carried;
    injection done;
    bool fits = true;
    std::int32_t seen = 0;
    for (; scan.next(record, carried); ++seen) {
        if (sums != nullptr) sums->follow(record.begin);
        auto context = batch_contexts::most;
        if (work.found != nullptr)
            context = work.found->add(record.headers_there ? &carried : nullptr, record.offset_delta);
        if (work.observer != nullptr) work.observer->on_record(record, context);
        if (!fits || !lacks_traceparent(record, carried)) continue;
        auto length = rewriter.length_with_headers(record);
        if (length > std::min<std::size_t>(work.limits.max_record_bytes, 0x7fff'ffff)) {
            ++done.too_long;
            continue;
        }
        ++done.records;
        fits = rewriter.add(record, length);
    }
    auto whole = !scan.failed() && seen == work.header.records;
    if (done.records != 0 && fits && whole) fits = rewriter.finish();
    if (sums != nullptr) sums->finish();
    return judge(done, whole, fits);
}

/// Writes the length and the checksum of the batch that begins at `begin`, when all of it is there.
void seal(std::string& out, std::size_t begin, std::uint32_t crc) {
    wire_writer writer{out};
    writer.int32_at(begin + batch_length_at, static_cast<std::int32_t>(out.size() - begin - batch_length_at - 4));
    writer.int32_at(begin + batch_crc_at, static_cast<std::int32_t>(crc));
}

/// The count is the peer's word, so nobody takes this much memory without a limit.
std::size_t likely_size(std::size_t size, const task& work) {
    auto count = static_cast<std::size_t>(std::max(work.header.records, 0));
    return size + count * (work.headers.bytes().size() + 2);
}

injection inject_plain(std::string_view batch, const task& work, std::string& out) {
    auto begin = out.size();
    auto limit = batch_limit(work.limits);
    out.reserve(begin + std::min(likely_size(batch.size(), work), limit));
    out.append(batch.substr(0, batch_header_size));
    injection_checksums sums{batch, out, begin};
    auto done = rewrite_records(batch.substr(batch_header_size), work, begin + limit, out, &sums);
    // Whatever else was found: what arrived damaged is not judged here.
    if (sums.of_batch() != work.header.crc) return {outcome::wrong_crc};
    if (done.outcome == outcome::injected) seal(out, begin, sums.of_copy());
    return done;
}

outcome outcome_of(codec_outcome codec) {
    if (codec == codec_outcome::too_large) return outcome::inflation_bound;
    return codec == codec_outcome::unsupported ? outcome::unsupported_codec : outcome::malformed;
}

injection inject_packed(std::string_view batch, const task& work, record_codecs& codecs, std::string& out) {
    // First of all: what arrived damaged is not unpacked.
    if (!crc_matches(batch)) return {outcome::wrong_crc};
    auto begin = out.size();
    auto how = work.header.codec();
    auto packed = batch.substr(batch_header_size);
    auto unpacked = codecs.decompress(how, packed, work.limits.inflation);
    if (unpacked.outcome != codec_outcome::ok) return {outcome_of(unpacked.outcome)};
    auto& plain = codecs.scratch();
    plain.clear();
    // The broker's limit counts packed bytes; unpacked, the bound holds with the headers too.
    auto most = work.limits.inflation.most_bytes;
    plain.reserve(std::min(likely_size(unpacked.bytes.size(), work), most));
    auto done = rewrite_records(unpacked.bytes, work, most, plain, nullptr);
    if (done.outcome != outcome::injected) return done;
    auto repacked = codecs.compress(how, plain, unpacked.framing);
    if (repacked.outcome != codec_outcome::ok) return {outcome_of(repacked.outcome)};
    if (batch_header_size + repacked.bytes.size() > batch_limit(work.limits)) return {outcome::too_large};
    out.append(batch.substr(0, batch_header_size));
    out.append(repacked.bytes);
    seal(out, begin, crc32c(std::string_view{out}.substr(begin + batch_attributes_at)));
    return done;
}

/// Why a batch is not even looked into; nothing_to_do when it is.
outcome refusal(std::string_view batch, const std::optional<batch_header>& header, const record_codecs* codecs) {
    if (batch_magic(batch) != 2) return outcome::not_magic_2;
    if (!header || batch_total_size(batch) != batch.size()) return outcome::malformed;
    if (header->is_control()) return outcome::control;
    if (header->codec() != codec::none && codecs == nullptr) return outcome::unsupported_codec;
    return outcome::nothing_to_do;
}

}  // namespace

std::string_view name_of(injection_outcome outcome) {
    static constexpr std::array<std::string_view, 9> names{"injected",  "nothing_to_do",   "wrong_crc",
                                                           "too_large", "not_magic_2",     "control",
                                                           "malformed", "inflation_bound", "unsupported_codec"};
    return names[static_cast<std::size_t>(outcome)];
}

injection inject_context(std::string_view batch, const added_headers& headers, const injection_limits& limits,
                         record_codecs* codecs, std::string& out, batch_contexts* found, record_observer* observer) {
    if (found != nullptr) found->clear();
    auto header = read_batch_header(batch);
    auto refused = refusal(batch, header, codecs);
    if (refused != outcome::nothing_to_do) return {refused};
    auto begin = out.size();
    task work{*header, headers, limits, found, observer};
    auto packed = header->codec() != codec::none;
    auto done = packed ? inject_packed(batch, work, *codecs, out) : inject_plain(batch, work, out);
    if (packed) codecs->trim();
    const bool unread = done.outcome == outcome::malformed || done.outcome == outcome::wrong_crc;
    if (unread && found != nullptr) found->clear();
    if (done.outcome != outcome::injected) out.resize(begin);
    return done;
}

}  // namespace outrider::kafka
