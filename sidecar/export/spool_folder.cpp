#include "sidecar/export/spool_folder.hpp"

#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outrider::exporting {
namespace {

namespace fs = std::filesystem;
using boost::system::error_code;

constexpr std::string_view lock_name = "/lock";

error_code last_error() { return {errno, boost::system::system_category()}; }

/// A file name for any service name: what is not a letter, digit, dot or underscore becomes %XX. The hyphen too,
/// because it ends the name: the folders of `orders` are not those of `orders-eu`.
std::string escape(std::string_view service) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : service.substr(0, 60)) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                           (c == '.' && !out.empty());
        if (plain)
            out += c;
        else
            out.append({'%', hex[byte >> 4], hex[byte & 15]});
    }
    return out;
}

std::string random_id() {
    std::uint64_t value = 0;
    if (::getrandom(&value, sizeof value, 0) != sizeof value) value = static_cast<std::uint64_t>(::getpid());
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

/// Locks a folder; fails when another process holds it, or removed it meanwhile.
file_handle lock_folder(const std::string& path) {
    const auto name = path + std::string(lock_name);
    file_handle lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return {};
    struct stat held {
    }, there{};
    const bool same =
        ::fstat(lock.get(), &held) == 0 && ::stat(name.c_str(), &there) == 0 && held.st_ino == there.st_ino;
    if (!same) {
        errno = EAGAIN;
        return {};
    }
    return lock;
}

void remove_folder(const std::string& path) {
    ::unlink((path + std::string(lock_name)).c_str());
    ::rmdir(path.c_str());
}

std::vector<fs::path> entries_of(const std::string& folder) {
    std::vector<fs::path> out;
    std::error_code ec;
    for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) out.push_back(at->path());
    return out;
}

}  // namespace

file_handle::~file_handle() {
    if (fd_ >= 0) ::close(fd_);
}

error_code spool_folder::create(const std::string& root, std::string_view service, spool_folder& out) {
    std::error_code ec;
    fs::create_directories(fs::path(root).parent_path(), ec);
    if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) return last_error();
    error_code error;
    // Between mkdir and lock another process may take the new folder for an abandoned one.
    for (int attempt = 0; attempt < 5; ++attempt) {
        spool_folder made;
        made.root_ = root;
        made.prefix_ = escape(service) + "-";
        made.id_ = random_id();
        made.path_ = root + "/" + made.prefix_ + made.id_;
        if (::mkdir(made.path_.c_str(), 0700) != 0) return last_error();
        made.lock_ = lock_folder(made.path_);
        if (made.lock_) {
            out = std::move(made);
            return {};
        }
        error = last_error();
        remove_folder(made.path_);
    }
    return error;
}

void spool_folder::adopt(const std::function<void(const std::string&)>& found) {
    for (const auto& folder : entries_of(root_)) {
        const auto name = folder.filename().string();
        if (!name.starts_with(prefix_) || name.size() != prefix_.size() + id_.size() || folder == path_) continue;
        const auto lock = lock_folder(folder);
        if (!lock) continue;
        for (const auto& file : entries_of(folder)) {
            const auto segment = file.filename().string();
            if (!segment.ends_with(segment_suffix)) continue;
            // Names carry the maker's random id, so nothing is overwritten.
            if (::rename(file.c_str(), (path_ + "/" + segment).c_str()) == 0) found(segment);
        }
        remove_folder(folder);
    }
}

bool spool_folder::exists() const { return ::access((path_ + std::string(lock_name)).c_str(), F_OK) == 0; }

void spool_folder::remove_if_empty() {
    for (const auto& file : entries_of(path_))
        if (file.filename().string().ends_with(segment_suffix)) return;
    remove_folder(path_);
    lock_.close();
}

}  // namespace outrider::exporting
