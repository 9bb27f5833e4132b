#include "sidecar/export/span_exporter.hpp"

#include <future>
#include <stdexcept>
#include <thread>

#include <pthread.h>
#include <signal.h>

#include "sidecar/export/resource.hpp"
#include "sidecar/export/sender.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::exporting {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// After the deadline of stop(), how long the disk may take for what is still in memory.
constexpr milliseconds last_write{500};
constexpr milliseconds drain_step{5};
constexpr std::size_t write_bytes = 1 << 20;  // one write job

std::unique_ptr<destination> make_destination(net::asio::io_context& context, const config::tracing& settings) {
    if (settings.disabled) return nullptr;
    switch (settings.exporter) {
        case config::exporter::otlp:
            return settings.otlp_url.empty() ? nullptr : make_otlp_destination(context, settings);
        case config::exporter::file:
            return make_file_destination(context, settings);
        case config::exporter::none:
            break;
    }
    return nullptr;
}

delivery_queue::bounds queue_bounds(const config::tracing& settings, const export_tuning& tuning) {
    delivery_queue::bounds out;
    out.parcel_spans = std::max(1u, settings.batch_size);
    out.memory_bytes = tuning.memory_bytes;
    return out;
}

journal::settings journal_settings(const config::settings& settings, const export_tuning& tuning) {
    journal::settings out;
    out.files.root = settings.state + "/spool";
    out.files.service = settings.service;
    if (!tuning.many_resources) out.files.resource = encoded_resource(settings);
    out.files.bytes = settings.tracing.spool_bytes;
    out.retry = tuning.spool_retry;
    out.adoption = tuning.adoption_every;
    return out;
}

sender::settings sender_settings(const config::settings& all, const export_tuning& tuning) {
    const auto& settings = all.tracing;
    sender::settings out;
    if (!tuning.many_resources) out.resource = encoded_resource(all);
    out.batch_spans = std::max(1u, settings.batch_size);
    out.batches_per_request = tuning.batches_per_request;
    out.request_bytes = tuning.request_bytes;
    out.batch_delay = settings.batch_delay;
    out.request_timeout = std::min(settings.request_timeout, settings.export_timeout);
    out.first_backoff = tuning.first_backoff;
    out.longest_backoff = tuning.longest_backoff;
    return out;
}

}  // namespace

/// Everything behind the facade. Shared, because a disk that hangs for good keeps a reference to it.
class span_exporter::state : public std::enable_shared_from_this<state> {
  public:
    state(const config::settings& settings, std::vector<tracing::span_buffer*> buffers, const export_tuning& tuning)
        : tuning_(tuning),
          buffers_(std::move(buffers)),
          queue_spans_(settings.tracing.queue_size),
          queue_(queue_bounds(settings.tracing, tuning)),
          destination_(make_destination(context_, settings.tracing)),
          poll_timer_(context_) {
        if (!destination_) return;
        if (!settings.state.empty() && settings.tracing.spool_bytes > 0)
            journal_.emplace(context_, journal_settings(settings, tuning), books_);
        sender_.emplace(context_, sender_settings(settings, tuning), queue_, journal_ ? &*journal_ : nullptr, books_,
                        *destination_);
    }

    void start() {
        if (journal_) {
            journal_->set_owner(weak_from_this());
            journal_->set_on_idle([this] { sender_->wake(); });
        }
        // Both loops end with the io_context, which this object owns and stop() runs out.
        net::asio::co_spawn(context_, poll_loop(), net::asio::detached);
        if (sender_) net::asio::co_spawn(context_, sender_->run(), net::asio::detached);
        thread_ = std::thread([this] {
            ::pthread_setname_np(::pthread_self(), "outrider-export");
            sigset_t all;  // signals are the main thread's
            ::sigfillset(&all);
            ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
            context_.run();
        });
    }

    void stop(milliseconds patience) {
        if (!thread_.joinable()) return;
        std::promise<void> drained;
        net::asio::post(context_, [&] {
            net::asio::co_spawn(context_, drain(clock::now() + patience),
                                [&](const std::exception_ptr&) { drained.set_value(); });
        });
        drained.get_future().wait();
        context_.stop();
        thread_.join();
        if (journal_ && !journal_->stop(last_write)) spdlog::warn("spool: the disk hangs; leaving it behind");
        context_.restart();
        context_.poll();
        for (const auto& p : queue_.settled_while_writing()) books_.settled_in_memory(p->spans, *p->fate);
        books_.abandon_memory();
    }

    export_stats stats() const {
        std::uint64_t taken = 0;
        auto out = books_.read(taken);
        for (const auto* buffer : buffers_) {
            const auto closed = buffer->finished(), refused = buffer->dropped();
            out.finished += closed + refused;
            out.queued += closed;
            out.dropped[static_cast<std::size_t>(drop_reason::buffer_full)] += refused;
        }
        out.queued -= taken;
        return out;
    }

  private:
    net::awaitable<void> poll_loop() {
        while (!stopping_) {
            const bool busy = poll(tuning_.journal_age);
            poll_timer_.expires_after(busy ? tuning_.busy_poll : tuning_.idle_poll);
            co_await poll_timer_.async_wait(net::use_tuple);
        }
    }

    /// One look into the workers' buffers. @return whether there was anything to do
    bool poll(milliseconds journal_age) {
        std::uint64_t taken = 0;
        for (auto* buffer : buffers_) taken += queue_.absorb(*buffer);
        books_.taken(taken);
        if (!sender_) {
            books_.dropped_from_memory(queue_.drop_all(), drop_reason::disabled);
            return taken > 0;
        }
        const auto now = clock::now();
        if (journal_) journal_->maintain(now);
        write_old(now - journal_age);
        if (const auto spans = queue_.shed(); spans > 0) books_.dropped_from_memory(spans, drop_reason::memory_full);
        if (taken > 0) sender_->wake();
        return taken > 0 || !queue_.empty();
    }

    /// Hands to the disk what ended before `ended_by`, and what exceeds the queue while the sender can't take more.
    void write_old(clock::time_point ended_by) {
        const auto waiting = sender_->busy() ? queue_spans_ : ~std::uint64_t{0};
        while (journal_ && journal_->accepts_writes()) {
            auto parcels = queue_.take_for_disk(ended_by, waiting, write_bytes);
            if (parcels.empty()) return;
            journal_->write(std::move(parcels), [this](const auto& written, const auto& failed) {
                for (const auto& p : written) sender_->spooled(p->oldest);
                queue_.written(written);
                queue_.not_written(failed);
            });
        }
    }

    net::awaitable<void> step() {
        poll(milliseconds(0));
        poll_timer_.expires_after(drain_step);
        co_await poll_timer_.async_wait(net::use_tuple);
    }

    /// Delivers until all is done or the deadline passes; then lets the disk finish.
    net::awaitable<void> drain(clock::time_point deadline) {
        stopping_ = true;
        poll_timer_.cancel();
        if (sender_) sender_->hurry();
        do co_await step();
        while (!all_done() && clock::now() < deadline);
        if (sender_) sender_->close();
        const auto end = clock::now() + last_write;
        while (!queue_.empty() && journal_ && clock::now() < end) co_await step();
    }

    /// Nothing in memory, and nothing on disk that the receiver would take now.
    bool all_done() const {
        if (!queue_.empty()) return false;
        return !sender_ || books_.spooled() == 0 || sender_->failed_since_hurry();
    }

    net::asio::io_context context_{1};
    const export_tuning tuning_;
    const std::vector<tracing::span_buffer*> buffers_;
    const std::uint64_t queue_spans_;
    ledger books_;
    delivery_queue queue_;
    std::unique_ptr<destination> destination_;
    std::optional<journal> journal_;
    std::optional<sender> sender_;
    net::steady_timer poll_timer_;
    bool stopping_ = false;
    std::thread thread_;
};

span_exporter::span_exporter(const config::settings& settings, std::vector<tracing::span_buffer*> buffers,
                             export_tuning tuning)
    : state_(std::make_shared<state>(settings, std::move(buffers), tuning)) {}

span_exporter::~span_exporter() { stop(milliseconds(0)); }

void span_exporter::start() { state_->start(); }
void span_exporter::stop(milliseconds patience) { state_->stop(patience); }
export_stats span_exporter::stats() const { return state_->stats(); }

}  // namespace outrider::exporting
