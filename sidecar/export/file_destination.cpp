#include <cstring>
#include <mutex>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "sidecar/export/destination.hpp"
#include "sidecar/export/otlp_envelope.hpp"
#include "sidecar/export/spool_folder.hpp"
#include "sidecar/net/job_thread.hpp"
#include "sidecar/net/loop.hpp"

namespace outrider::exporting {
namespace {

/// The file, on the writing thread. It is opened for every line: log rotation may move it away at any time.
class json_lines {
  public:
    explicit json_lines(std::string path) : path_(std::move(path)) {}

    /// Appends the line as a whole. @return the error, or empty. After an error a part of the line may stand there,
    /// which the next call ends first, so that readers lose no other line.
    std::string append(const std::string& line) {
        const file_handle file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (!file) return std::strerror(errno);
        const auto text = torn_ ? "\n" + line : line;
        std::size_t done = 0;
        while (done < text.size()) {
            const auto n = ::write(file.get(), text.data() + done, text.size() - done);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) {
                torn_ = torn_ || done > 0;
                return n < 0 ? std::strerror(errno) : "nothing could be written";
            }
            done += static_cast<std::size_t>(n);
        }
        torn_ = false;
        return {};
    }

  private:
    const std::string path_;
    bool torn_ = false;
};

/// One append under way, shared with a thread that may hang longer than its owner lives.
struct pending_append {
    std::mutex mutex;
    bool abandoned = false;
    bool done = false;
    std::string error;
};

class file_destination final : public destination {
  public:
    file_destination(net::asio::io_context& context, const std::string& path)
        : context_(context),
          path_(path),
          lines_(std::make_shared<json_lines>(path)),
          wake_(std::make_shared<net::steady_timer>(context)) {
        if (path.empty()) throw std::runtime_error("the file exporter needs a file to write to");
    }

    net::awaitable<delivery_outcome> deliver(const shipment& spans,
                                             std::chrono::steady_clock::time_point deadline) override {
        delivery_outcome outcome;
        outcome.text = path_;
        if (thread_.pending() > 0) {  // the former write still hangs
            outcome.text += ": the former write has not ended";
            co_return outcome;
        }
        const auto append = start(otlp_json(spans.resource, spans.entries) + "\n");
        wake_->expires_at(deadline);
        co_await wake_->async_wait(net::use_tuple);
        const std::lock_guard lock(append->mutex);
        if (!append->done) {
            append->abandoned = true;
            outcome.text += ": the write takes too long";
        } else if (!append->error.empty()) {
            outcome.text += ": " + append->error;
        } else {
            outcome.text.clear();
            outcome.result = delivery_result::delivered;
        }
        co_return outcome;
    }

    void cancel() override { wake_->cancel(); }
    std::string name() const override { return path_; }

  private:
    std::shared_ptr<pending_append> start(std::string line) {
        auto append = std::make_shared<pending_append>();
        thread_.post([append, lines = lines_, line = std::move(line), weak = std::weak_ptr(wake_), &io = context_] {
            auto error = lines->append(line);
            const std::lock_guard lock(append->mutex);
            append->error = std::move(error);
            append->done = true;
            if (append->abandoned) return;  // then the io_context may be gone
            net::asio::post(io, [weak] {
                if (const auto wake = weak.lock()) wake->cancel();
            });
        });
        return append;
    }

    net::asio::io_context& context_;
    const std::string path_;
    std::shared_ptr<json_lines> lines_;
    std::shared_ptr<net::steady_timer> wake_;
    net::job_thread thread_{"outrider-file"};
};

}  // namespace

std::unique_ptr<destination> make_file_destination(net::asio::io_context& context, const config::tracing& settings) {
    return std::make_unique<file_destination>(context, settings.file);
}

}  // namespace outrider::exporting
