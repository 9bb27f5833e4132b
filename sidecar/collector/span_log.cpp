#include "sidecar/collector/span_log.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "sidecar/collector/sqlite_file.hpp"

namespace outrider::collector {

namespace {

constexpr std::int64_t our_id = 0x4f757472;  // "Outr": tells our files from others
constexpr std::int64_t our_version = 1;
constexpr std::int64_t page = 4096;
constexpr int rows_at_once = 8;  // let go when there is no room
constexpr std::int64_t pages_of_a_row = 8;

std::int64_t sum_of(std::string_view body) {
    return crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
}

std::string damaged(const std::string& path, const std::string& what) {
    return "--store " + path + ": the file is damaged (" + what +
           "). Move it away to begin with an empty one; `sqlite3 FILE .recover` shows what can still be read";
}

std::string text_of(const sqlite_error& error, const std::string& path) {
    switch (error.code) {
        case SQLITE_NOTADB:
            return "--store " + path + ": the file is not a database. Name another file, or move this one away";
        case SQLITE_CORRUPT:
            return damaged(path, error.what());
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "--store " + path + ": another process uses the file. Each collector needs a file of its own";
        default:
            return "--store " + path + ": " + error.what();
    }
}

/// As private as the spool: spans tell of everything.
void create_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
}

constexpr const char* table_text =
    "CREATE TABLE IF NOT EXISTS record(number INTEGER PRIMARY KEY, at INTEGER NOT NULL, what INTEGER NOT NULL,"
    " sum INTEGER NOT NULL, body BLOB NOT NULL)";

}  // namespace

/// The open file and its statements.
class span_log::database {
  public:
    explicit database(const span_log_options& options) : file(options.path) {
        file.run("PRAGMA locking_mode = EXCLUSIVE");
        judge(options.path);
        const bool fresh = file.number("PRAGMA page_count") == 0;
        if (fresh) {
            file.run("PRAGMA page_size = 4096");
            file.run("PRAGMA auto_vacuum = INCREMENTAL");
        }
        file.run("PRAGMA journal_mode = WAL");
        // A killed process loses nothing that way; a machine that loses power may lose the last moments.
        file.run("PRAGMA synchronous = NORMAL");
        file.run("PRAGMA cache_size = -2000");
        file.run("PRAGMA journal_size_limit = 4194304");
        const auto pages = std::max<std::int64_t>(static_cast<std::int64_t>(options.bytes) / page, 64);
        file.run(("PRAGMA max_page_count = " + std::to_string(pages)).c_str());
        file.run("BEGIN IMMEDIATE");
        file.run(table_text);
        if (fresh) {
            file.run(("PRAGMA application_id = " + std::to_string(our_id)).c_str());
            file.run(("PRAGMA user_version = " + std::to_string(our_version)).c_str());
        }
        file.run("COMMIT");
        insert.emplace(file.handle(), "INSERT INTO record VALUES(?, ?, ?, ?, ?)");
        drop_first.emplace(file.handle(),
                           "DELETE FROM record WHERE number <= (SELECT max(number) FROM (SELECT number FROM record"
                           " ORDER BY number LIMIT ?))");
        // Rows are in order of time, as good as: the clock may have been set back in between.
        drop_old.emplace(file.handle(),
                         "DELETE FROM record WHERE number < (SELECT coalesce(min(number), 1 << 62) FROM record"
                         " WHERE at >= ?)");
    }

    std::uint64_t used() { return static_cast<std::uint64_t>((count.number() - free_pages.number()) * page); }

    sqlite_file file;
    std::optional<sqlite_statement> insert, drop_first, drop_old;

  private:
    void judge(const std::string& path) {
        const auto tables = file.number("SELECT count(*) FROM sqlite_schema");
        const auto id = file.number("PRAGMA application_id");
        if (tables > 0 && id != our_id)
            throw span_log_error{"--store " + path +
                                 ": this is the database of another program. Name another file, or a new one"};
        if (const auto version = file.number("PRAGMA user_version"); version > our_version)
            throw span_log_error{"--store " + path + ": the file was written by a newer version (its format is " +
                                 std::to_string(version) + ", this program knows " + std::to_string(our_version) +
                                 "). Name another file, or use the newer version"};
    }

    sqlite_statement count{file.handle(), "PRAGMA page_count"};
    sqlite_statement free_pages{file.handle(), "PRAGMA freelist_count"};
};

span_log::span_log(span_log_options options) : options_(std::move(options)) {
    create_private(options_.path);
    try {
        file_ = std::make_unique<database>(options_);
        last_ = static_cast<std::uint64_t>(file_->file.number("SELECT max(number) FROM record"));
        counters_.rows = static_cast<std::uint64_t>(file_->file.number("SELECT count(*) FROM record"));
        counters_.bytes = file_->used();
    } catch (const sqlite_error& error) {
        throw span_log_error{text_of(error, options_.path)};
    }
}

span_log::~span_log() = default;

std::uint64_t span_log::append(log_row what, std::string_view body, std::int64_t unix_ns) {
    const std::lock_guard lock{mutex_};
    try {
        file_->file.run("BEGIN IMMEDIATE");
        if (!make_room(body.size())) throw sqlite_error{SQLITE_FULL, "larger than --store-size"};
        file_->insert->with(static_cast<std::int64_t>(last_ + 1))
            .with(unix_ns)
            .with(static_cast<std::int64_t>(what))
            .with(sum_of(body))
            .with(body)
            .run();
        file_->file.run("COMMIT");
        ++counters_.rows;
        ++counters_.appended;
        counters_.bytes = file_->used();
        return ++last_;
    } catch (const sqlite_error& error) {
        ++counters_.failed;
        failure_ = error.what();
        if (sqlite3_get_autocommit(file_->file.handle()) == 0)
            sqlite3_exec(file_->file.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        return 0;
    }
}

/// Within a transaction. @return whether there is room now
bool span_log::make_room(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes) + pages_of_a_row * page;
    const auto most = static_cast<std::int64_t>(options_.bytes);
    if (wanted > most) return false;
    while (static_cast<std::int64_t>(file_->used()) + wanted > most) {
        file_->drop_first->with(std::int64_t{rows_at_once}).run();
        const auto gone = sqlite3_changes(file_->file.handle());
        if (gone == 0) return true;
        counters_.rows -= static_cast<std::uint64_t>(gone);
        counters_.trimmed += static_cast<std::uint64_t>(gone);
    }
    return true;
}

void span_log::trim(std::int64_t unix_ns) {
    const std::lock_guard lock{mutex_};
    if (options_.keep.count() == 0) return;
    try {
        file_->drop_old->with(unix_ns - options_.keep.count()).run();
        const auto gone = static_cast<std::uint64_t>(sqlite3_changes(file_->file.handle()));
        if (gone == 0) return;
        counters_.rows -= gone;
        counters_.trimmed += gone;
        file_->file.run("PRAGMA incremental_vacuum(256)");
        counters_.bytes = file_->used();
    } catch (const sqlite_error& error) {
        ++counters_.failed;
        failure_ = error.what();
    }
}

void span_log::read(bool notes, const std::function<void(const row&)>& each) {
    const std::lock_guard lock{mutex_};
    try {
        sqlite_statement all{file_->file.handle(),
                             "SELECT number, at, what, sum, body FROM record WHERE (what = 2) = ? ORDER BY number"};
        all.with(std::int64_t{notes});
        while (all.step()) {
            const row one{static_cast<std::uint64_t>(all.whole(0)), static_cast<log_row>(all.whole(2)), all.whole(1),
                          all.blob(4)};
            if (sum_of(one.body) != all.whole(3))
                throw span_log_error{damaged(options_.path, "row " + std::to_string(one.number) + " of table record")};
            each(one);
        }
    } catch (const sqlite_error& error) {
        throw span_log_error{text_of(error, options_.path)};
    }
}

span_log::stats span_log::counters() const {
    const std::lock_guard lock{mutex_};
    return counters_;
}

std::string span_log::failure() const {
    const std::lock_guard lock{mutex_};
    return failure_;
}

}  // namespace outrider::collector
