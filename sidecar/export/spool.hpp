#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/error_code.hpp>

#include "sidecar/export/parcel.hpp"
#include "sidecar/export/spool_folder.hpp"

namespace outrider::exporting {

/// A record as it was read back.
struct spooled_record {
    spool_position at;
    std::uint32_t spans = 0;
    std::string_view entries;  ///< into the batch's storage
};

/// Records of one segment, hence of one resource, on their way out.
struct spool_batch {
    std::shared_ptr<const std::string> storage;  ///< the segment's bytes
    std::string_view resource;
    std::vector<spooled_record> records;
    std::uint64_t spans = 0;
    bool adopted = false;
    bool empty() const { return records.empty(); }
};

/// Spans of our own workers and those of former processes are accounted for apart.
struct own_and_adopted {
    std::uint64_t own = 0, adopted = 0;
    std::uint64_t& of(bool is_adopted) { return is_adopted ? adopted : own; }
};

/// What has happened in a spool since it was made.
struct spool_counts {
    own_and_adopted dropped_full;       ///< spans dropped, oldest first, to stay within the bound
    own_and_adopted dropped_corrupted;  ///< spans whose records were damaged
    std::uint64_t adopted_found = 0;    ///< spans found in adopted segments
    std::uint64_t corrupted_records = 0;
    own_and_adopted pending;  ///< spans on disk that wait for acknowledgement
    std::uint64_t bytes = 0;  ///< of all segments
};

/// Spans on disk: a bounded sequence of segment files, appended to at one end and delivered from the other.
/// Synchronous; for one thread. Nothing is forced to the device: what a killed process wrote survives it, a power
/// failure may lose the last seconds.
///
///     append --> [segment][segment][active]      next --> records --> acknowledge (marks; removes settled segments)
///                 ^ dropped when full
class spool {
  public:
    struct settings {
        std::string root;  ///< the folder of all spools
        std::string service;
        std::string resource;  ///< encoded Resource of our own spans
        std::uint64_t bytes = 256ULL << 20;
    };
    explicit spool(settings how);

    /// Makes the folder if need be and adopts what dead processes left; may be called again at any time.
    boost::system::error_code open();
    bool is_open() const { return folder_.has_value(); }

    /// Writes one record. After an error nothing of it remains.
    boost::system::error_code append(std::string_view entries, std::uint32_t spans, spool_position& at);

    /// The oldest records not returned yet, of one segment, at least one, up to the bounds; empty when there are none.
    /// All that was returned before must have been acknowledged: what then still waits in a segment read to its end is
    /// damaged.
    spool_batch next(std::uint64_t spans, std::size_t bytes);

    /// Nobody wanted it: it will be returned again.
    void put_back(const spool_batch& batch);

    /// The record's spans are delivered or rejected: it will never be returned again, nor after a restart. @return how
    /// many of the spans were still here (those of a dropped segment were counted as dropped)
    own_and_adopted acknowledge(const std::vector<spooled_record>& records);

    /// Removes the folder when nothing waits in it, and lets the lock go.
    void close();

    const spool_counts& counts() const { return counts_; }
    const std::string& folder() const { return folder_->path(); }

  private:
    struct segment_file {
        std::string path;
        std::size_t size = 0;
        std::size_t read_offset = 0;  ///< what lies before was returned or skipped
        std::uint64_t pending_spans = 0;
        std::uint64_t pending_records = 0;
        bool adopted = false;
    };
    using segment_map = std::map<std::uint64_t, segment_file>;  ///< by time of creation in ns: oldest first

    std::uint64_t segment_limit() const;
    void adopt_segment(const std::string& name);
    boost::system::error_code start_segment();
    boost::system::error_code write_record(std::string_view header, std::string_view entries);
    void make_room(std::size_t bytes);
    void drop_oldest();
    segment_map::iterator remove(segment_map::iterator at);
    bool read_from(segment_map::iterator at, std::uint64_t spans, std::size_t bytes, spool_batch& out);
    void collect(std::uint64_t id, segment_file& from, std::uint64_t spans, std::size_t bytes, spool_batch& out);
    segment_map::iterator remove_as_corrupted(segment_map::iterator at);

    const settings how_;
    std::optional<spool_folder> folder_;
    segment_map segments_;
    file_handle active_file_;
    std::uint64_t active_ = 0;  ///< id of the segment that is appended to, 0: none
    spool_counts counts_;
};

}  // namespace outrider::exporting
