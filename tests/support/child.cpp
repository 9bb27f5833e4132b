#include "tests/support/child.hpp"

#include <chrono>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace outrider::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
}

bool accepts(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto at = loopback(port);
    const bool connected = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    ::close(descriptor);
    return connected;
}

pid_t spawn(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t process = ::fork();
    if (process != 0) return process;
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int descriptor : {0, 1, 2}) ::dup2(nowhere, descriptor);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

}  // namespace

std::uint16_t free_port() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto at = loopback(0);
    socklen_t size = sizeof at;
    ::bind(descriptor, reinterpret_cast<const sockaddr*>(&at), size);
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size);
    ::close(descriptor);
    return ntohs(at.sin_port);
}

bool child::start(const std::vector<std::string>& words, std::uint16_t port) {
    kill();
    process_ = spawn(words);
    return comes_up(port);
}

bool child::comes_up(std::uint16_t port) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
        if (::waitpid(process_, nullptr, WNOHANG) == process_) {
            process_ = 0;
            return false;
        }
        if (accepts(port)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill();
    return false;
}

void child::kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
}

void child::suspend() { ::kill(process_, SIGSTOP); }
void child::resume() { ::kill(process_, SIGCONT); }

}  // namespace outrider::test
