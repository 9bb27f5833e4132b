#include "sidecar/collector/sqlite_file.hpp"

namespace outrider::collector {

namespace {

[[noreturn]] void fail(sqlite3* file, int result) {
    throw sqlite_error{result, file == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(file)};
}

}  // namespace

sqlite_statement::sqlite_statement(sqlite3* file, const char* sql) : file_(file) {
    const int result = sqlite3_prepare_v3(file, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
    if (result != SQLITE_OK) fail(file, result);
}

sqlite_statement& sqlite_statement::with(std::int64_t value) {
    sqlite3_bind_int64(handle_, ++bound_, value);
    return *this;
}

sqlite_statement& sqlite_statement::with(std::string_view blob) {
    sqlite3_bind_blob64(handle_, ++bound_, blob.data(), blob.size(), SQLITE_STATIC);
    return *this;
}

bool sqlite_statement::step() {
    const int result = sqlite3_step(handle_);
    if (result == SQLITE_ROW) return true;
    const sqlite_error error{result, sqlite3_errmsg(file_)};
    reset();
    if (result != SQLITE_DONE) throw error;
    return false;
}

void sqlite_statement::run() {
    while (step()) {
    }
}

std::int64_t sqlite_statement::number() {
    const auto value = step() ? whole(0) : 0;
    reset();
    return value;
}

std::string_view sqlite_statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void sqlite_statement::reset() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
    bound_ = 0;
}

sqlite_file::sqlite_file(const std::string& path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int result = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (result == SQLITE_OK) return;
    const sqlite_error error{result, handle_ == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle_)};
    sqlite3_close_v2(handle_);
    throw error;
}

void sqlite_file::run(const char* sql) {
    const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) fail(handle_, result);
}

std::int64_t sqlite_file::number(const char* sql) { return sqlite_statement{handle_, sql}.number(); }

}  // namespace outrider::collector
