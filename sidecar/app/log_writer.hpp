#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tracing/span_buffer.hpp"

namespace outrider::app {

/// Writes the workers' access log lines to a file or to standard output, on a thread of its own.
class log_writer {
  public:
    /// @param path  "-" for standard output; a file is appended to and opened again when it was moved away (logrotate)
    /// Throws std::runtime_error when the file cannot be opened.
    log_writer(std::string path, std::vector<tracing::span_buffer*> from);
    ~log_writer();
    void start();
    /// Writes what there is and ends. The workers must have flushed before.
    void stop();
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  private:
    void open();
    void run();
    void write_all();
    void write(const std::string& bytes, std::uint32_t lines);
    bool was_moved() const;

    std::string path_;
    std::vector<tracing::span_buffer*> from_;
    int descriptor_ = -1;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> lost_{0};
    std::thread thread_;
};

}  // namespace outrider::app
