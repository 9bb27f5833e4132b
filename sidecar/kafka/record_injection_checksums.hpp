#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_batch.hpp"

namespace outrider::kafka {

/// The checksums of a batch and of its copy with changed records, which follow the copying closely: bytes that have
/// just been read or written are in the processor's first cache, those of a whole batch are not.
class injection_checksums {
  public:
    /// @param begin  where in `out` the copy begins
    injection_checksums(std::string_view batch, const std::string& out, std::size_t begin)
        : batch_(batch.substr(batch_attributes_at)), out_(out), written_(begin + batch_attributes_at) {}

    /// What stands before `read` has been read, and written as far as it can be.
    void follow(const char* read) {
        if (read - batch_.data() >= step) catch_up(static_cast<std::size_t>(read - batch_.data()));
    }
    /// Everything has been read and written.
    void finish() { catch_up(batch_.size()); }

    std::uint32_t of_batch() const { return of_batch_; }
    std::uint32_t of_copy() const { return of_copy_; }

  private:
    static constexpr std::ptrdiff_t step = 8 * 1024;

    void catch_up(std::size_t read) {
        of_batch_ = crc32c(batch_.substr(0, read), of_batch_);
        batch_.remove_prefix(read);
        if (out_.size() <= written_) return;
        of_copy_ = crc32c(std::string_view{out_}.substr(written_), of_copy_);
        written_ = out_.size();
    }

    std::string_view batch_;  ///< what has not been read
    const std::string& out_;
    std::size_t written_;  ///< so far in `out_`
    std::uint32_t of_batch_ = 0;
    std::uint32_t of_copy_ = 0;
};

}  // namespace outrider::kafka
