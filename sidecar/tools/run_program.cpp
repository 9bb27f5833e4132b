#include "sidecar/tools/run_program.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <thread>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to the program

namespace outrider::tools {
namespace {

constexpr std::size_t most_output = 1U << 20;
constexpr std::chrono::seconds patience{20};

/// A file in memory: programs read and write it as they like, and nobody waits for a pipe.
class memory_file {
  public:
    memory_file() : descriptor_(::memfd_create("outrider", MFD_CLOEXEC)) {}
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;
    ~memory_file() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int descriptor() const { return descriptor_; }

    bool fill(const std::string& text) {
        const auto size = static_cast<ssize_t>(text.size());
        return ::write(descriptor_, text.data(), text.size()) == size && ::lseek(descriptor_, 0, SEEK_SET) == 0;
    }
    std::string content() const {
        std::string out(most_output, '\0');
        const auto got = ::pread(descriptor_, out.data(), out.size(), 0);
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }

  private:
    int descriptor_;
};

/// Administrators' programs, which the path of an ordinary user leaves out.
std::string find_program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders{std::string{path ? path : ""} + ":/usr/sbin:/sbin"};
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto candidate = folder + "/" + name;
        if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

/// @return its status; -1 when it did not end in time and was ended
int wait_for(pid_t child) {
    const auto end = std::chrono::steady_clock::now() + patience;
    int status = 0;
    while (std::chrono::steady_clock::now() < end) {
        const auto ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) return status;
        if (ended < 0 && errno != EINTR) return -1;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return -1;
}

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace(text.begin(), text.end(), '\n', ' ');
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return text;
}

}  // namespace

program_result run_program(const std::vector<std::string>& words, const std::string& input) {
    program_result out;
    const auto program = find_program(words.front());
    out.found = !program.empty();
    if (!out.found) return out;
    memory_file in, printed, complained;
    if (!in.fill(input)) return out.complaint = std::strerror(errno), out;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, printed.descriptor(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, complained.descriptor(), STDERR_FILENO);
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return out.complaint = std::strerror(failed), out;
    const int status = wait_for(child);
    out.succeeded = status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    out.output = printed.content();
    out.complaint = status == -1 ? "it did not end within 20 s" : one_line(complained.content());
    return out;
}

}  // namespace outrider::tools
