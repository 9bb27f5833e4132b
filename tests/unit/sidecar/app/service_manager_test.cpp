#include "sidecar/app/service_manager.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace outrider::app {
namespace {

using namespace std::chrono_literals;

/// What systemd is in this: a datagram socket with a name.
class manager_socket {
  public:
    explicit manager_socket(const std::string& name) : name_(name) {
        descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, name.size());
        if (name.starts_with('@')) address.sun_path[0] = '\0';
        const auto size = offsetof(sockaddr_un, sun_path) + name.size() + (name.starts_with('@') ? 0 : 1);
        EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)), 0) << name;
    }
    ~manager_socket() {
        ::close(descriptor_);
        if (name_.starts_with('/')) ::unlink(name_.c_str());
    }
    /// The next datagram; empty: there is none.
    std::string heard() const {
        char text[4096];
        const auto got = ::recv(descriptor_, text, sizeof text, 0);
        return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : std::string{};
    }

  private:
    std::string name_;
    int descriptor_;
};

std::string unused_name(const std::string& prefix) {
    return prefix + "outrider-notify-" + std::to_string(::getpid()) + "-" + std::to_string(std::rand());
}

TEST(NotifySocket, ReachesAPathAndAnAbstractName) {
    for (const auto& prefix : {std::filesystem::temp_directory_path().string() + "/", std::string{"@"}}) {
        const auto name = unused_name(prefix);
        const manager_socket manager{name};
        const net::notify_socket socket{name};
        EXPECT_TRUE(socket);
        EXPECT_TRUE(socket.say("READY=1"));
        EXPECT_EQ(manager.heard(), "READY=1");
    }
}

TEST(NotifySocket, SaysNothingWhereNobodyListens) {
    for (const auto& name : {std::string{}, std::string{"relative/path"}, std::string(200, '/')}) {
        const net::notify_socket socket{name};
        EXPECT_FALSE(socket) << name;
        EXPECT_FALSE(socket.say("READY=1"));
    }
    const net::notify_socket gone{unused_name("@")};
    EXPECT_TRUE(gone);
    EXPECT_FALSE(gone.say("READY=1"));
}

TEST(NotifySocket, FindsAManagerThatWasStartedAnew) {
    const auto name = unused_name(std::filesystem::temp_directory_path().string() + "/");
    auto manager = std::make_unique<manager_socket>(name);
    const net::notify_socket socket{name};
    manager.reset();
    EXPECT_FALSE(socket.say("STATUS=a"));
    manager = std::make_unique<manager_socket>(name);
    EXPECT_TRUE(socket.say("STATUS=b"));
    EXPECT_EQ(manager->heard(), "STATUS=b");
}

TEST(ServiceManager, TakesItsVariablesOutOfTheEnvironment) {
    ::setenv("NOTIFY_SOCKET", "@somewhere", 1);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const auto told = service_manager::take_environment();
    EXPECT_EQ(told.socket, "@somewhere");
    EXPECT_EQ(told.watchdog, 2s);
    for (const auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(name), nullptr);
    EXPECT_EQ(service_manager::take_environment().socket, "");
}

TEST(ServiceManager, LeavesTheWatchdogOfAnotherProcessAlone) {
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(service_manager::take_environment().watchdog, 0us);
    for (const auto* odd : {"", "-5", "1e6", "9999999999999999999999"}) {
        ::setenv("WATCHDOG_USEC", odd, 1);
        EXPECT_EQ(service_manager::take_environment().watchdog, 0us) << odd;
    }
}

TEST(ServiceManager, SaysWhatSystemdExpects) {
    const auto name = unused_name("@");
    const manager_socket systemd{name};
    service_manager told{{name, 0us}};
    told.ready("serving orders");
    EXPECT_EQ(systemd.heard(), "READY=1\nSTATUS=serving orders");
    told.status("serving orders");
    EXPECT_EQ(systemd.heard(), "") << "it has been said";
    told.status("two\nlines");
    EXPECT_EQ(systemd.heard(), "STATUS=two lines");
    told.reloading();
    EXPECT_TRUE(std::regex_match(systemd.heard(), std::regex{"RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*"}));
    told.stopping(17s);
    EXPECT_EQ(systemd.heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=17000000");
    told.look([] { return true; });
    EXPECT_EQ(systemd.heard(), "") << "no watchdog was asked for";
}

TEST(ServiceManager, PatsTheWatchdogOnlyWhileAllIsWell) {
    const auto name = unused_name("@");
    const manager_socket systemd{name};
    service_manager told{{name, 20ms}};
    EXPECT_EQ(told.look_every(), 5ms);
    EXPECT_EQ((service_manager{{name, 0us}}.look_every()), 250ms);
    told.look([] { return false; });
    EXPECT_EQ(systemd.heard(), "");
    told.look([] { return true; });
    EXPECT_EQ(systemd.heard(), "WATCHDOG=1");
    told.look([] { return true; });
    EXPECT_EQ(systemd.heard(), "") << "it is not due yet";
    const auto until = service_manager::clock::now() + 5s;
    std::string next;
    while (next.empty() && service_manager::clock::now() < until) {
        told.look([] { return true; });
        next = systemd.heard();
    }
    EXPECT_EQ(next, "WATCHDOG=1");
}

TEST(ServiceManager, WithoutOneDoesNothing) {
    service_manager nobody{{"", 1s}};
    nobody.ready("serving");
    nobody.reloading();
    nobody.look([]() -> bool { throw std::logic_error{"nobody wants to know"}; });
    nobody.stopping(1s);
}

}  // namespace
}  // namespace outrider::app
