#include "sidecar/discovery/command_probe.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/net/event.hpp"

namespace outrider::discovery {
namespace {

using descriptor = boost::asio::posix::basic_stream_descriptor<net::executor>;

constexpr std::size_t most_words = 200;

/// Reads what the program writes, so that it never waits for us; keeps the beginning. Lives as long as a read is under
/// way: what the program started may hold the other end for longer than we care.
struct output : std::enable_shared_from_this<output> {
    explicit output(net::executor ex) : from(ex) {}
    void drain() {
        from.async_read_some(boost::asio::buffer(piece),
                             [self = shared_from_this()](net::error_code ec, std::size_t n) {
                                 if (self->kept.size() < most_words)
                                     self->kept.append(self->piece, std::min(n, most_words));
                                 if (!ec) self->drain();
                             });
    }
    /// What it wrote last may still be in the pipe.
    void take_rest() {
        while (kept.size() < most_words) {
            const auto got = ::read(from.native_handle(), piece, sizeof piece);
            if (got <= 0) return;
            kept.append(piece, static_cast<std::size_t>(got));
        }
    }
    std::string first_line() const {
        const auto begin = kept.find_first_not_of("\r\n");
        if (begin == std::string::npos) return {};
        return kept.substr(begin, std::min(kept.find_first_of("\r\n", begin), most_words) - begin);
    }
    descriptor from;
    char piece[1'024];
    std::string kept;
};

/// A running program; killed with its group, and waited for, when this goes.
class child {
  public:
    explicit child(net::executor ex) : ended_(ex) {}
    ~child() { reap(); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    /// @return why not; empty: it runs
    std::string start(const std::vector<std::string>& command, const std::string& target, int out);
    descriptor& ended() { return ended_; }
    void kill() const {
        if (process_ > 0) ::kill(-process_, SIGKILL);
    }
    /// What waitpid(2) tells; the group goes while its leader still holds its number.
    int reap() {
        if (process_ <= 0) return status_;
        kill();
        while (::waitpid(process_, &status_, 0) < 0 && errno == EINTR) {
        }
        process_ = 0;
        return status_;
    }

  private:
    pid_t process_ = 0;
    int status_ = 0;
    descriptor ended_;
};

/// Our environment, with the target.
std::vector<char*> environment_with(std::string& target) {
    std::vector<char*> out;
    for (char** each = environ; *each; ++each)
        if (!std::string_view{*each}.starts_with("OUTRIDER_TARGET=")) out.push_back(*each);
    if (!target.empty()) out.push_back(target.data());
    out.push_back(nullptr);
    return out;
}

/// The program's own group, signals as usual, standard streams, and no other descriptor of ours.
int spawn(pid_t& process, std::vector<char*>& words, std::vector<char*>& environment, int out) {
    posix_spawnattr_t how;
    posix_spawn_file_actions_t files;
    posix_spawnattr_init(&how);
    posix_spawn_file_actions_init(&files);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, out, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    const int failure = ::posix_spawnp(&process, words[0], &files, &how, words.data(), environment.data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return failure;
}

std::string child::start(const std::vector<std::string>& command, const std::string& target, int out) {
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    auto variable = target.empty() ? std::string{} : "OUTRIDER_TARGET=" + target;
    auto environment = environment_with(variable);
    if (const int failure = spawn(process_, words, environment, out); failure != 0) {
        process_ = 0;
        return "cannot run '" + command.front() + "': " + std::strerror(failure);
    }
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process_, 0));
    if (handle < 0) return std::string{"pidfd_open, which came with Linux 5.3, failed: "} + std::strerror(errno);
    net::error_code ec;
    ended_.assign(handle, ec);
    return ec ? ec.message() : std::string{};
}

std::string text_of(int status) {
    if (WIFSIGNALED(status)) return std::string{"ended by signal "} + ::strsignal(WTERMSIG(status));
    return "exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

net::awaitable<probe_result> probe_command(probe_io& io, const std::vector<std::string>& command,
                                           const std::string& target) {
    probe_result out;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        out.text = std::strerror(errno);
        co_return out;
    }
    auto written = std::make_shared<output>(io.worker.get_executor());
    net::error_code ec;
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);  // our end alone
    written->from.assign(ends[0], ec);
    child running{io.worker.get_executor()};
    out.text = running.start(command, target, ends[1]);
    ::close(ends[1]);
    if (!out.text.empty()) co_return out;
    written->drain();
    io.time.when_over([&running] { running.kill(); });
    std::tie(ec) = co_await running.ended().async_wait(descriptor::wait_read, net::use_tuple);
    io.time.when_over(nullptr);
    const int status = running.reap();
    written->take_rest();
    out.good = !io.time.over() && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    out.text = io.time.over() ? io.time.text() + ", and was killed" : text_of(status);
    if (const auto words = written->first_line(); !words.empty()) out.text += ": " + words;
    written->from.close(ec);
    co_return out;
}

}  // namespace outrider::discovery
