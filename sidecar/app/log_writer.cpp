#include "sidecar/app/log_writer.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace outrider::app {

log_writer::log_writer(std::string path, std::vector<tracing::span_buffer*> from)
    : path_(std::move(path)), from_(std::move(from)) {
    open();
    if (descriptor_ < 0)
        throw std::runtime_error("cannot open the access log '" + path_ +
                                 "' (setting 'access_log.path'): " + std::strerror(errno));
}

log_writer::~log_writer() {
    stop();
    if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

void log_writer::open() {
    descriptor_ = path_ == "-" ? STDOUT_FILENO : ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

void log_writer::start() {
    thread_ = std::thread{[this] { run(); }};
}

void log_writer::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

void log_writer::run() {
    ::pthread_setname_np(::pthread_self(), "access-log");
    for (unsigned round = 0; !stopping_; ++round) {
        if (round % 10 == 0 && was_moved()) {
            ::close(descriptor_);
            open();
        }
        write_all();
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    write_all();
}

void log_writer::write_all() {
    for (auto* buffer : from_) {
        while (auto chunk = buffer->take()) {
            write(chunk->bytes, chunk->spans);
            buffer->give_back(std::move(chunk));
        }
    }
}

void log_writer::write(const std::string& bytes, std::uint32_t lines) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        auto written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            lost_.fetch_add(lines, std::memory_order_relaxed);
            return;
        }
        done += static_cast<std::size_t>(written);
    }
}

bool log_writer::was_moved() const {
    if (path_ == "-") return false;
    struct stat named {
    }, held{};
    if (descriptor_ < 0 || ::stat(path_.c_str(), &named) != 0 || ::fstat(descriptor_, &held) != 0) return true;
    return named.st_ino != held.st_ino || named.st_dev != held.st_dev;
}

}  // namespace outrider::app
