#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace outrider::collector {

/// The file cannot serve as a log of spans; what() says what is wrong, where, and what to do.
class span_log_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What a row of the log is.
enum class log_row : int {
    protobuf = 0,  ///< an ExportTraceServiceRequest
    json = 1,      ///< the same as OTLP/JSON
    notes = 2,     ///< what was found out about spans of rows before it (chain_notes.hpp)
};

/// Where a log is and how large it may become.
struct span_log_options {
    std::string path;
    std::uint64_t bytes = 1ULL << 30;  ///< of the file; the oldest rows go
    std::chrono::nanoseconds keep{0};  ///< older rows go; 0: no bound
};

/// What came in, row by row, in a file of SQLite's, so that it is there after a restart. What append() has answered is
/// on disk as far as a killed process is concerned: the kernel has it. Rows are trimmed from the front, so a note goes
/// after all that it is about. Thread-safe.
class span_log {
  public:
    /// Opens the file, or makes it. @throws span_log_error
    explicit span_log(span_log_options options);
    ~span_log();
    span_log(const span_log&) = delete;
    span_log& operator=(const span_log&) = delete;

    /// One row, one transaction. @return its number, ascending; 0 when it could not be written, see failure()
    std::uint64_t append(log_row what, std::string_view body, std::int64_t unix_ns);
    /// Drops rows that are too old.
    void trim(std::int64_t unix_ns);

    struct row {
        std::uint64_t number;
        log_row what;
        std::int64_t unix_ns;
        std::string_view body;
    };
    /// All rows of requests, or all of notes, in order. @throws span_log_error when one is damaged
    void read(bool notes, const std::function<void(const row&)>& each);

    struct stats {
        std::uint64_t bytes = 0;  ///< of the file, without what is free in it
        std::uint64_t rows = 0;
        std::uint64_t appended = 0, failed = 0, trimmed = 0;
    };
    stats counters() const;
    /// Why the last append failed.
    std::string failure() const;

  private:
    class database;
    bool make_room(std::size_t bytes);

    const span_log_options options_;
    mutable std::mutex mutex_;
    std::unique_ptr<database> file_;
    std::uint64_t last_ = 0;
    stats counters_;
    std::string failure_;
};

}  // namespace outrider::collector
