#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/system/error_code.hpp>

namespace outrider::exporting {

/// A descriptor that closes itself.
class file_handle {
  public:
    file_handle() = default;
    explicit file_handle(int fd) : fd_(fd) {}
    file_handle(file_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_handle& operator=(file_handle&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~file_handle();
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void close() { *this = file_handle(); }

  private:
    int fd_ = -1;
};

/// The folder of one process in the spool, `ROOT/SERVICE-RANDOM`, held by a lock on its file `lock` for as long as the
/// process lives. The kernel lets the lock go when the process dies, however it dies.
class spool_folder {
  public:
    /// Makes and locks a new folder. Folders have mode 0700.
    static boost::system::error_code create(const std::string& root, std::string_view service, spool_folder& out);

    /// Moves the segments of the service's folders that no process holds into this one and removes those folders.
    /// @param found  called with the name of each segment moved
    void adopt(const std::function<void(const std::string&)>& found);

    const std::string& path() const { return path_; }
    const std::string& id() const { return id_; }
    /// Whether the folder still is where it was.
    bool exists() const;
    /// Removes the folder if it has no segments left, and lets the lock go.
    void remove_if_empty();

  private:
    std::string root_, prefix_, id_, path_;
    file_handle lock_;
};

inline constexpr std::string_view segment_suffix = ".spans";

}  // namespace outrider::exporting
