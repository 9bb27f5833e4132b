#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace outrider::collector {

/// A result code of SQLite's that is not the one that was hoped for.
class sqlite_error : public std::runtime_error {
  public:
    sqlite_error(int result, const std::string& text) : std::runtime_error(text), code(result & 0xff) {}
    int code;  ///< primary: SQLITE_FULL, SQLITE_CORRUPT, ...
};

/// A prepared statement, run again and again: bind in order, step, and it is ready for the next time.
class sqlite_statement {
  public:
    sqlite_statement(sqlite3* file, const char* sql);
    ~sqlite_statement() { sqlite3_finalize(handle_); }
    sqlite_statement(const sqlite_statement&) = delete;
    sqlite_statement& operator=(const sqlite_statement&) = delete;

    sqlite_statement& with(std::int64_t value);
    sqlite_statement& with(std::string_view blob);  ///< which must live until the statement has run
    /// @return whether there is a row. @throws sqlite_error, ready for the next time then too
    bool step();
    /// Runs to the end.
    void run();
    /// The first column of the first row.
    std::int64_t number();

    std::int64_t whole(int column) const { return sqlite3_column_int64(handle_, column); }
    std::string_view blob(int column) const;
    void reset();

  private:
    sqlite3* file_;
    sqlite3_stmt* handle_ = nullptr;
    int bound_ = 0;
};

/// An open file, closed again.
class sqlite_file {
  public:
    explicit sqlite_file(const std::string& path);
    ~sqlite_file() { sqlite3_close_v2(handle_); }
    sqlite_file(const sqlite_file&) = delete;
    sqlite_file& operator=(const sqlite_file&) = delete;

    sqlite3* handle() const { return handle_; }
    void run(const char* sql);
    std::int64_t number(const char* sql);

  private:
    sqlite3* handle_ = nullptr;
};

}  // namespace outrider::collector
