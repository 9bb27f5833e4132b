#include "sidecar/discovery/file_registry.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <future>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sidecar/config/yaml_files.hpp"
#include "sidecar/discovery/member_file.hpp"
#include "sidecar/net/utc_text.hpp"

namespace outrider::discovery {
namespace {

constexpr std::chrono::milliseconds look_every{100};

/// Whether another file stands under the name, which is then complete: who writes in place keeps the inode.
bool replaced(const std::string& before, const std::string& now) {
    const auto inode = [](const std::string& stamp) { return stamp.substr(stamp.rfind(' ') + 1); };
    const auto missing = [](const std::string& stamp) { return stamp.empty() || stamp.ends_with(" -\n"); };
    return !missing(before) && !missing(now) && inode(before) != inode(now);
}

/// Writes a file that readers find whole, as it was or as it is now. @return what went wrong
std::string replace_file(const std::string& path, const std::string& text) {
    const auto fresh = path + ".new";
    const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return "'" + fresh + "': " + std::strerror(errno);
    std::size_t done = 0;
    while (done < text.size()) {
        const auto n = ::write(file, text.data() + done, text.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    const int wrong = done < text.size() ? errno : 0;
    ::close(file);
    if (wrong == 0 && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
    std::string why = std::strerror(wrong != 0 ? wrong : errno);
    ::unlink(fresh.c_str());
    return "'" + path + "': " + why;
}

}  // namespace

/// One file that somebody watches.
struct file_registry::watched {
    std::string path;
    watch_listener to;
    std::string read_stamp;  ///< of what was told last
    std::string seen_stamp;  ///< at the last look
    std::string failure;     ///< as it was told; empty: none
    bool begun = false;
};

struct file_registry::shared {
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::shared_ptr<watched>> files;
    bool registered = false;    ///< the verdict stands in its file
    std::string write_failure;  ///< of the verdict, the last time
    std::uint64_t failures = 0;
    bool stopping = false;
    bool withdrawn = false;  ///< for good; the writing thread's alone

    void run();
    void look_at(const std::shared_ptr<watched>& file);
    void tell(const std::shared_ptr<watched>& file, member_list list, const std::string& wrong);
    void wrote(bool stands, const std::string& wrong);
    registry_status look() const;
    bool has(const std::shared_ptr<watched>& file) const {
        return std::find(files.begin(), files.end(), file) != files.end();
    }
};

void file_registry::shared::run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        const auto all = files;
        lock.unlock();
        for (const auto& each : all) look_at(each);
        lock.lock();
        const auto fresh = [this] {
            return stopping || std::any_of(files.begin(), files.end(), [](const auto& each) { return !each->begun; });
        };
        changed.wait_for(lock, look_every, fresh);
    }
}

/// Without the lock: a disk may take its time.
void file_registry::shared::look_at(const std::shared_ptr<watched>& file) {
    const auto stamp = config::file_stamp(file->path);
    const bool first = !std::exchange(file->begun, true);
    const bool quiet = std::exchange(file->seen_stamp, stamp) == stamp;
    if (stamp == file->read_stamp || !(quiet || first || replaced(file->read_stamp, stamp))) return;
    member_list list;
    const auto wrong = read_member_file(file->path, list);
    if (config::file_stamp(file->path) != stamp) return;  // changed meanwhile: it is read at a later look
    file->read_stamp = stamp;
    tell(file, std::move(list), wrong);
}

void file_registry::shared::tell(const std::shared_ptr<watched>& file, member_list list, const std::string& wrong) {
    const std::lock_guard lock(mutex);
    if (!wrong.empty()) ++failures;
    if (!has(file)) return;
    if (wrong.empty()) {
        file->failure.clear();
        file->to.members(std::move(list));
    } else if (file->failure != wrong) {
        file->failure = wrong;
        file->to.failed(wrong);
    }
}

void file_registry::shared::wrote(bool stands, const std::string& wrong) {
    const std::lock_guard lock(mutex);
    registered = stands && wrong.empty();
    write_failure = wrong;
    if (!wrong.empty()) ++failures;
}

registry_status file_registry::shared::look() const {
    const std::lock_guard lock(mutex);
    registry_status out;
    out.registered = registered;
    out.failures = failures;
    out.problem = write_failure;
    for (const auto& each : files)
        if (out.problem.empty()) out.problem = each->failure;
    out.reachable = out.problem.empty();
    return out;
}

class file_registry::file_watch final : public discovery::watch {
  public:
    file_watch(std::shared_ptr<shared> of, std::shared_ptr<watched> file) : of_(std::move(of)), file_(std::move(file)) {
        const std::lock_guard lock(of_->mutex);
        of_->files.push_back(file_);
        of_->changed.notify_all();
    }
    ~file_watch() override {
        const std::lock_guard lock(of_->mutex);
        std::erase(of_->files, file_);
    }

  private:
    std::shared_ptr<shared> of_;
    std::shared_ptr<watched> file_;
};

file_registry::file_registry(options from) : from_(std::move(from)), shared_(std::make_shared<shared>()) {}

file_registry::~file_registry() {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
}

std::unique_ptr<discovery::watch> file_registry::watch(const std::string& service, watch_listener to) {
    auto file = std::make_shared<watched>();
    file->path = service;
    file->to = std::move(to);
    auto made = std::make_unique<file_watch>(shared_, std::move(file));
    if (!std::exchange(reads_, true)) reading_.post([state = shared_] { state->run(); });
    return made;
}

void file_registry::publish(publication verdict) {
    if (from_.verdict.empty()) return;
    auto text = verdict_text(from_, verdict, std::chrono::system_clock::now());
    writing_.post([state = shared_, path = from_.verdict, text = std::move(text)] {
        // The verdict that the sidecar drains may come behind the withdrawal.
        if (!state->withdrawn) state->wrote(true, replace_file(path, text));
    });
}

void file_registry::withdraw(std::chrono::milliseconds within) {
    if (from_.verdict.empty()) return;
    auto done = std::make_shared<std::promise<void>>();
    auto ended = done->get_future();
    writing_.post([state = shared_, path = from_.verdict, done] {
        state->withdrawn = true;
        const bool gone = ::unlink(path.c_str()) == 0 || errno == ENOENT;
        state->wrote(false, gone ? std::string{} : "'" + path + "': " + std::strerror(errno));
        done->set_value();
    });
    ended.wait_for(within);
}

registry_status file_registry::look() const { return shared_->look(); }

std::string verdict_text(const file_registry::options& who, const publication& verdict,
                         std::chrono::system_clock::time_point at) {
    nlohmann::ordered_json out{{"service", who.service}, {"instance", who.instance}};
    out["address"] = who.address.empty() ? nlohmann::ordered_json{} : nlohmann::ordered_json(who.address);
    out["ready"] = verdict.ready;
    out["reasons"] = nlohmann::ordered_json::array();
    if (!verdict.ready && !verdict.why.empty()) out["reasons"].push_back(verdict.why);
    out["at"] = net::utc_text(at);
    return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace outrider::discovery
