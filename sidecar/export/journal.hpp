#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sidecar/export/ledger.hpp"
#include "sidecar/export/log_limiter.hpp"
#include "sidecar/export/parcel.hpp"
#include "sidecar/export/spool.hpp"
#include "sidecar/net/job_thread.hpp"
#include "sidecar/net/loop.hpp"

namespace outrider::exporting {

/// The spool on a thread of its own, for the sender's thread, which never waits for it: every call returns at once,
/// results arrive by the io_context in the order of the calls. A disk that hangs only lets the backlog grow to its
/// bound.
class journal {
  public:
    struct settings {
        spool::settings files;
        std::chrono::milliseconds retry{1'000};      ///< after a failure
        std::chrono::milliseconds adoption{60'000};  ///< between looks for abandoned folders
    };
    journal(net::asio::io_context& context, settings how, ledger& books);

    /// Whoever owns the io_context: kept alive by jobs under way. Before the first call.
    void set_owner(std::weak_ptr<void> owner) { owner_ = std::move(owner); }

    /// Called whenever the last outstanding call has ended.
    void set_on_idle(std::function<void()> handler) { on_idle_ = std::move(handler); }
    bool idle() const { return outstanding_ == 0; }

    /// Opens, reopens after failures, adopts: to be called now and then.
    void maintain(std::chrono::steady_clock::time_point now);

    /// Whether a write makes sense now.
    bool accepts_writes() const { return open_ && backlog_bytes_ < largest_backlog; }

    /// Writes parcels whose place is `writing`. @param done  gets those that are on disk (or were settled before they
    /// got there: then `settled` is true and there is no record), and those that are not
    using written_handler =
        std::function<void(std::vector<parcel_pointer> written, std::vector<parcel_pointer> failed)>;
    void write(std::vector<parcel_pointer> parcels, written_handler done);

    void read(std::uint64_t spans, std::size_t bytes, std::function<void(spool_batch)> done);
    void put_back(spool_batch batch);
    void acknowledge(std::vector<spooled_record> records, std::shared_ptr<settlement> fate);

    /// Closes the spool and stops the thread. @return false when it hangs and was left behind
    bool stop(std::chrono::milliseconds patience);

  private:
    static constexpr std::size_t largest_backlog = 8 << 20;

    template <typename Job, typename Then>
    void run(Job job, Then then);
    void opened(const boost::system::error_code& ec);
    void failed(const boost::system::error_code& ec);
    void recovered();
    void finish_written(const std::vector<parcel_pointer>& written);

    net::asio::io_context& context_;
    const settings how_;
    ledger& books_;
    std::weak_ptr<void> owner_;
    std::shared_ptr<spool> spool_;  ///< touched on the disk's thread only
    net::job_thread disk_{"outrider-spool"};
    bool open_ = false;
    bool opening_ = false;
    bool warned_ = false;
    bool write_failed_ = false;
    std::chrono::steady_clock::time_point next_open_;  ///< or adoption
    std::size_t backlog_bytes_ = 0;
    std::size_t outstanding_ = 0;  ///< calls whose results have not arrived
    std::function<void()> on_idle_;
    log_limiter warnings_;
};

}  // namespace outrider::exporting
