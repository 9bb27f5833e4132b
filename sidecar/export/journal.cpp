#include "sidecar/export/journal.hpp"

#include "sidecar/net/log.hpp"

namespace outrider::exporting {
namespace {

using boost::system::error_code;

/// What became of a list of parcels on the disk's thread.
struct write_result {
    std::vector<parcel_pointer> written, skipped, failed;
    error_code error{};
};

write_result write_all(spool& to, const std::vector<parcel_pointer>& parcels) {
    write_result out;
    for (const auto& p : parcels) {
        if (p->settled.load(std::memory_order_acquire)) {
            out.skipped.push_back(p);
            continue;
        }
        if (!out.error) out.error = to.append(p->bytes, p->spans, p->at);
        (out.error ? out.failed : out.written).push_back(p);
    }
    return out;
}

std::size_t bytes_of(const std::vector<parcel_pointer>& parcels) {
    std::size_t total = 0;
    for (const auto& p : parcels) total += p->bytes.size();
    return total;
}

}  // namespace

journal::journal(net::asio::io_context& context, settings how, ledger& books)
    : context_(context), how_(std::move(how)), books_(books), spool_(std::make_shared<spool>(how_.files)) {}

template <typename Job, typename Then>
void journal::run(Job job, Then then) {
    ++outstanding_;
    disk_.post([this, keep = owner_.lock(), weak = owner_, s = spool_, job = std::move(job),
                then = std::move(then)]() mutable {
        auto result = job(*s);
        net::asio::post(
            context_, [this, weak, counts = s->counts(), result = std::move(result), then = std::move(then)]() mutable {
                const auto alive = weak.lock();
                if (!alive) return;
                then(std::move(result));
                books_.spool_changed(counts);
                if (--outstanding_ == 0 && on_idle_) on_idle_();
            });
    });
}

void journal::maintain(std::chrono::steady_clock::time_point now) {
    if (opening_ || now < next_open_) return;
    opening_ = true;
    run([](spool& s) { return s.open(); }, [this](const error_code& ec) { opened(ec); });
}

void journal::opened(const error_code& ec) {
    opening_ = false;
    if (ec) return failed(ec);
    next_open_ = std::chrono::steady_clock::now() + how_.adoption;
    open_ = true;
    if (!write_failed_) recovered();  // a full disk lets itself be opened: only a write shows that it is well again
}

void journal::recovered() {
    books_.spool_usable(true);
    if (warned_) spdlog::info("spool {}: usable again", how_.files.root);
    warned_ = write_failed_ = false;
    warnings_.reset();
}

void journal::failed(const error_code& ec) {
    const auto now = std::chrono::steady_clock::now();
    next_open_ = now + how_.retry;
    open_ = false;
    books_.spool_usable(false);
    books_.spool_failed();
    warned_ = true;
    if (warnings_.allow(now))
        spdlog::warn("spool {}: {}; spans that can't be delivered are kept in memory only", how_.files.root,
                     ec.message());
}

void journal::write(std::vector<parcel_pointer> parcels, written_handler done) {
    const auto bytes = bytes_of(parcels);
    backlog_bytes_ += bytes;
    run([parcels = std::move(parcels)](spool& s) { return write_all(s, parcels); },
        [this, bytes, done = std::move(done)](write_result result) {
            backlog_bytes_ -= bytes;
            if (result.error) {
                write_failed_ = true;
                failed(result.error);
            } else if (write_failed_ && !result.written.empty()) {
                recovered();
            }
            for (const auto& p : result.skipped) books_.settled_in_memory(p->spans, *p->fate);
            finish_written(result.written);
            result.written.insert(result.written.end(), result.skipped.begin(), result.skipped.end());
            done(std::move(result.written), std::move(result.failed));
        });
}

void journal::finish_written(const std::vector<parcel_pointer>& written) {
    for (const auto& p : written) {
        books_.journaled(p->spans);
        // Delivered while it was being written: the record has done its duty.
        if (p->settled.load(std::memory_order_relaxed)) acknowledge({{p->at, p->spans, {}}}, p->fate);
    }
}

void journal::read(std::uint64_t spans, std::size_t bytes, std::function<void(spool_batch)> done) {
    run([spans, bytes](spool& s) { return s.next(spans, bytes); }, std::move(done));
}

void journal::put_back(spool_batch batch) {
    run(
        [batch = std::move(batch)](spool& s) {
            s.put_back(batch);
            return 0;
        },
        [](int) {});
}

void journal::acknowledge(std::vector<spooled_record> records, std::shared_ptr<settlement> fate) {
    if (records.empty()) return;
    run([records = std::move(records)](spool& s) { return s.acknowledge(records); },
        [this, fate = std::move(fate)](const own_and_adopted& found) { books_.settled_on_disk(found, *fate); });
}

bool journal::stop(std::chrono::milliseconds patience) {
    run(
        [](spool& s) {
            s.close();
            return 0;
        },
        [](int) {});
    return disk_.stop(patience);
}

}  // namespace outrider::exporting
