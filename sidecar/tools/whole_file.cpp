#include "sidecar/tools/whole_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outrider::tools {
namespace {

namespace fs = std::filesystem;

std::string why(const char* what) { return std::string{what} + ": " + std::strerror(errno); }

bool write_all(int file, const std::string& content) {
    std::size_t done = 0;
    while (done < content.size()) {
        const auto count = ::write(file, content.data() + done, content.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        done += static_cast<std::size_t>(count);
    }
    return true;
}

/// A file beside another, gone again unless it took that one's name.
class file_beside {
  public:
    explicit file_beside(const fs::path& target) : name_(target.string() + ".XXXXXX") {
        descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
    }
    ~file_beside() {
        if (descriptor_ < 0) return;
        ::close(descriptor_);
        if (!kept_) ::unlink(name_.c_str());
    }
    file_beside(const file_beside&) = delete;
    file_beside& operator=(const file_beside&) = delete;

    std::string become(const fs::path& target, const std::string& content, const std::optional<struct stat>& like) {
        if (descriptor_ < 0) return why("no file can be made beside it");
        const mode_t mask = ::umask(0);
        ::umask(mask);
        // The owner first: a change of it takes away set-id bits, and may not be allowed.
        if (like && ::fchown(descriptor_, like->st_uid, like->st_gid) != 0 && errno != EPERM)
            return why("its owner can't be kept");
        if (::fchmod(descriptor_, like ? like->st_mode & 07777U : 0666U & ~mask) != 0)
            return why("its mode can't be kept");
        if (!write_all(descriptor_, content) || ::fsync(descriptor_) != 0) return why("can't be written");
        if (::rename(name_.c_str(), target.c_str()) != 0) return why("can't be replaced");
        kept_ = true;
        return {};
    }

  private:
    std::string name_;
    int descriptor_ = -1;
    bool kept_ = false;
};

std::string write_through(const fs::path& path, const std::string& content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return why("can't be opened");
    const bool whole = write_all(file, content);
    auto wrong = whole ? std::string{} : why("can't be written");
    ::close(file);
    return wrong;
}

}  // namespace

std::string replace_file(const std::string& path, const std::string& content) {
    std::error_code ec;
    auto target = fs::canonical(path, ec);
    if (ec) target = path;
    struct stat there {};
    const bool exists = ::stat(target.c_str(), &there) == 0;
    if (exists && S_ISDIR(there.st_mode)) return "is a folder";
    if (exists && !S_ISREG(there.st_mode)) return write_through(target, content);
    // Replaced by name, a file that may not be written to would be written to all the same.
    if (exists && ::access(target.c_str(), W_OK) != 0) return why("can't be written");
    return file_beside{target}.become(target, content, exists ? std::optional{there} : std::nullopt);
}

}  // namespace outrider::tools
