#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

struct redisContext;

namespace outrider::fleet {

/// Why Redis gave no answer that could be used.
enum class redis_error {
    connect,  ///< nobody accepted the connection, or not in time; or its name was not found
    timeout,  ///< no whole answer by the deadline
    closed,   ///< the connection ended
    garbage,  ///< what came is not an answer to what was asked, or larger than any can be
    refused,  ///< an error of Redis: wrong password, a replica, still loading, ...
};
inline constexpr std::size_t redis_errors = 5;
std::string_view name_of(redis_error which);

/// Where Redis is, and who we are there.
struct redis_address {
    std::string host;
    std::uint16_t port = 6379;
    std::string user;      ///< empty: Redis' `default`
    std::string password;  ///< empty: no AUTH
    std::uint32_t database = 0;
};

/// An answer that is no error: a text, or a list of texts. Numbers come as their digits, nil as an empty text.
struct redis_answer {
    std::string text;
    std::vector<std::string> list;
};

/// One connection, one command at a time; blocks until the answer, to a deadline that no slow peer can move (hiredis'
/// own counts from each read anew). For a thread that may wait. After an error other than `refused` it is closed.
class redis_connection {
  public:
    using milliseconds = std::chrono::milliseconds;
    template <typename T>
    using result = boost::system::result<T, redis_error>;

    redis_connection();
    ~redis_connection();

    /// Connects, AUTH, SELECT.
    result<void> open(const redis_address& to, milliseconds connect, milliseconds command);
    result<redis_answer> call(const std::vector<std::string>& command, milliseconds patience);
    void close();
    bool is_open() const;
    /// Of the last error, for the log: "WRONGPASS invalid username-password pair", "Connection refused".
    const std::string& why() const { return why_; }

  private:
    struct closer {
        void operator()(redisContext* context) const;
    };
    redis_error fail(redis_error how, std::string_view why);
    result<void> send(const std::vector<std::string>& command);
    result<redis_answer> receive(std::chrono::steady_clock::time_point deadline);

    std::unique_ptr<redisContext, closer> context_;
    std::string why_;
};

}  // namespace outrider::fleet
