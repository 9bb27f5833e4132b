#include "sidecar/export/spool.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sidecar/export/spool_format.hpp"

namespace outrider::exporting {
namespace {

using boost::system::error_code;

constexpr std::uint64_t largest_segment = 4 << 20;
constexpr std::uint64_t smallest_segment = 16 << 10;

error_code last_error() { return {errno, boost::system::system_category()}; }

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() /
                                      std::chrono::nanoseconds(1));
}

/// "0123456789abcdef-...": the id that a segment's name begins with.
std::optional<std::uint64_t> id_of(const std::string& name) {
    std::uint64_t id = 0;
    const auto [end, ec] = std::from_chars(name.data(), name.data() + std::min<std::size_t>(name.size(), 16), id, 16);
    if (ec != std::errc{} || end != name.data() + 16 || id == 0) return std::nullopt;
    return id;
}

std::string name_of(std::uint64_t id, const std::string& maker) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id));
    return std::string(text) + "-" + maker + std::string(segment_suffix);
}

/// The whole file, or as much as can be read.
std::string read_file(const std::string& path, std::size_t expected) {
    const file_handle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::string out(expected, '\0');
    std::size_t have = 0;
    while (file && have < out.size()) {
        const auto n = ::pread(file.get(), out.data() + have, out.size() - have, static_cast<off_t>(have));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return out;
}

std::size_t size_of(const std::string& path) {
    const file_handle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto size = file ? ::lseek(file.get(), 0, SEEK_END) : 0;
    return size < 0 ? 0 : static_cast<std::size_t>(size);
}

}  // namespace

spool::spool(settings how) : how_(std::move(how)) {}

std::uint64_t spool::segment_limit() const { return std::clamp(how_.bytes / 8, smallest_segment, largest_segment); }

error_code spool::open() {
    if (folder_ && !folder_->exists()) {  // someone cleared the state folder: what was in it is gone
        while (!segments_.empty()) remove_as_corrupted(segments_.begin());
        folder_.reset();
    }
    if (!folder_) {
        spool_folder made;
        if (const auto ec = spool_folder::create(how_.root, how_.service, made)) return ec;
        folder_.emplace(std::move(made));
    }
    folder_->adopt([this](const std::string& name) { adopt_segment(name); });
    make_room(0);
    return {};
}

void spool::adopt_segment(const std::string& name) {
    segment_file found;
    found.path = folder_->path() + "/" + name;
    found.adopted = true;
    found.size = size_of(found.path);
    const auto bytes = read_file(found.path, found.size);
    const auto header = parse_segment_header(bytes);
    segment_records records;
    if (header) records = parse_records(bytes, header->bytes, false);
    for (const auto& record : records.intact) {
        if (record.settled) continue;
        found.pending_spans += record.spans;
        ++found.pending_records;
    }
    if (!header || found.pending_records == 0) {
        counts_.corrupted_records += header ? records.damaged : 1;
        ::unlink(found.path.c_str());
        return;
    }
    found.read_offset = header->bytes;
    counts_.adopted_found += found.pending_spans;
    counts_.pending.adopted += found.pending_spans;
    counts_.bytes += found.size;
    auto id = id_of(name).value_or(1);
    while (segments_.contains(id)) ++id;
    segments_.emplace(id, std::move(found));
}

error_code spool::append(std::string_view entries, std::uint32_t spans, spool_position& at) {
    if (!folder_) return {ENOENT, boost::system::system_category()};
    const auto header = encode_record_header(entries, spans);
    make_room(header.size() + entries.size());
    const auto current = segments_.find(active_);
    if (current == segments_.end() || current->second.size >= segment_limit()) {
        if (const auto ec = start_segment()) return ec;
    }
    auto& segment = segments_.at(active_);
    if (const auto ec = write_record(header, entries)) return ec;
    at = {active_, segment.size};
    segment.size += header.size() + entries.size();
    segment.pending_spans += spans;
    ++segment.pending_records;
    counts_.pending.own += spans;
    counts_.bytes += header.size() + entries.size();
    return {};
}

error_code spool::start_segment() {
    auto id = std::max(now_ns(), active_ + 1);
    while (segments_.contains(id)) ++id;
    segment_file fresh;
    fresh.path = folder_->path() + "/" + name_of(id, folder_->id());
    file_handle file(::open(fresh.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return last_error();
    const auto header = encode_segment_header(how_.resource);
    errno = ENOSPC;
    if (::write(file.get(), header.data(), header.size()) != static_cast<ssize_t>(header.size())) {
        const auto error = last_error();
        ::unlink(fresh.path.c_str());
        return error;
    }
    fresh.size = fresh.read_offset = header.size();
    counts_.bytes += header.size();
    // A former active segment that never got a record that stayed would wait for an acknowledgement forever.
    if (const auto old = segments_.find(active_); old != segments_.end() && old->second.pending_records == 0)
        remove(old);
    segments_.emplace(id, std::move(fresh));
    active_ = id;
    active_file_ = std::move(file);
    return {};
}

error_code spool::write_record(std::string_view header, std::string_view entries) {
    const auto& segment = segments_.at(active_);
    std::size_t done = 0;
    const auto total = header.size() + entries.size();
    while (done < total) {
        const auto head = header.substr(std::min(done, header.size()));
        const auto body = entries.substr(done > header.size() ? done - header.size() : 0);
        const std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                                         iovec{const_cast<char*>(body.data()), body.size()}};
        const auto n =
            ::pwritev(active_file_.get(), parts.data(), parts.size(), static_cast<off_t>(segment.size + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const auto error = n < 0 ? last_error() : error_code(ENOSPC, boost::system::system_category());
            // What did get written is overwritten by the next record, or cut off here.
            if (::ftruncate(active_file_.get(), static_cast<off_t>(segment.size)) != 0) active_ = 0;
            return error;
        }
        done += static_cast<std::size_t>(n);
    }
    return {};
}

void spool::make_room(std::size_t bytes) {
    while (counts_.bytes + bytes > how_.bytes && !segments_.empty()) drop_oldest();
}

void spool::drop_oldest() {
    const auto oldest = segments_.begin();
    counts_.dropped_full.of(oldest->second.adopted) += oldest->second.pending_spans;
    remove(oldest);
}

spool::segment_map::iterator spool::remove(segment_map::iterator at) {
    auto& segment = at->second;
    ::unlink(segment.path.c_str());
    counts_.bytes -= segment.size;
    counts_.pending.of(segment.adopted) -= segment.pending_spans;
    if (at->first == active_) active_file_.close();
    return segments_.erase(at);
}

spool::segment_map::iterator spool::remove_as_corrupted(segment_map::iterator at) {
    counts_.dropped_corrupted.of(at->second.adopted) += at->second.pending_spans;
    return remove(at);
}

spool_batch spool::next(std::uint64_t spans, std::size_t bytes) {
    spool_batch out;
    for (auto at = segments_.begin(); at != segments_.end();) {
        if (read_from(at, spans, bytes, out)) return out;
        // Everything in it was returned before and nothing is under way: what still waits can't be read. The active
        // segment too has been read to its end; the next record begins a new one.
        at = at->second.pending_records > 0 ? remove_as_corrupted(at) : std::next(at);
    }
    return out;
}

bool spool::read_from(segment_map::iterator at, std::uint64_t spans, std::size_t bytes, spool_batch& out) {
    auto& [id, segment] = *at;
    if (segment.read_offset >= segment.size) return false;
    auto storage = std::make_shared<const std::string>(read_file(segment.path, segment.size));
    const auto header = parse_segment_header(*storage);
    if (!header) {
        ++counts_.corrupted_records;
        segment.read_offset = segment.size;
        return false;
    }
    out.storage = std::move(storage);
    out.resource = header->resource;
    out.adopted = segment.adopted;
    collect(id, segment, spans, bytes, out);
    return !out.records.empty();
}

void spool::collect(std::uint64_t id, segment_file& from, std::uint64_t spans, std::size_t bytes, spool_batch& out) {
    const auto records = parse_records(*out.storage, from.read_offset, true);
    counts_.corrupted_records += records.damaged;
    std::size_t total = 0;
    for (const auto& record : records.intact) {
        if (record.settled) continue;
        total += record.payload.size();
        if (!out.records.empty() && (out.spans + record.spans > spans || total > bytes)) {
            from.read_offset = record.offset;
            return;
        }
        out.records.push_back({{id, record.offset}, record.spans, record.payload});
        out.spans += record.spans;
    }
    from.read_offset = from.size;
}

void spool::put_back(const spool_batch& batch) {
    if (batch.empty()) return;
    const auto at = segments_.find(batch.records.front().at.segment);
    if (at != segments_.end())
        at->second.read_offset = std::min<std::size_t>(at->second.read_offset, batch.records.front().at.offset);
}

own_and_adopted spool::acknowledge(const std::vector<spooled_record>& records) {
    own_and_adopted found;
    const auto settled = encode_state(record_settled);
    for (std::size_t i = 0; i < records.size();) {
        const auto id = records[i].at.segment;
        const auto at = segments_.find(id);
        file_handle file;
        if (at != segments_.end())
            file = file_handle(::open(at->second.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
        for (; i < records.size() && records[i].at.segment == id; ++i) {
            if (at == segments_.end()) continue;
            auto& segment = at->second;
            // A mark that can't be written means that a restart delivers the record again, nothing worse.
            const auto offset = static_cast<off_t>(records[i].at.offset + record_state_offset);
            if (file && ::pwrite(file.get(), settled.data(), settled.size(), offset) < 0) file.close();
            segment.pending_spans -= records[i].spans;
            --segment.pending_records;
            counts_.pending.of(segment.adopted) -= records[i].spans;
            found.of(segment.adopted) += records[i].spans;
        }
        if (at != segments_.end() && at->second.pending_records == 0) remove(at);
    }
    return found;
}

void spool::close() {
    active_file_.close();
    for (auto at = segments_.begin(); at != segments_.end();)
        at = at->second.pending_records == 0 ? remove(at) : std::next(at);
    if (folder_) folder_->remove_if_empty();
    folder_.reset();
}

}  // namespace outrider::exporting
