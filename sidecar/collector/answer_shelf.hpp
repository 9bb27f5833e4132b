#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>

#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// Answers for those who ask the same again and again: made once for all of them, packed where they can unpack, and
/// not sent again (304) to who has them. Bounded. Of one thread.
///
///     shelf.answer(request, store.version(), [&] { return net::server_response{200, "application/json", ..., {}}; });
///
/// An answer is used again while what it tells of is of the same version. Who polls, which shows in If-None-Match, may
/// get one of half a second ago: with ten browsers watching a busy system there are no two of the same version.
class answer_shelf {
  public:
    using clock = std::function<std::chrono::steady_clock::time_point()>;
    explicit answer_shelf(clock now = std::chrono::steady_clock::now) : now_(std::move(now)) {}

    /// @param version  of what is told of
    /// @param make     what is asked for; only what it answers with 200 is kept
    net::server_response answer(const net::server_request& request, std::uint64_t version,
                                const std::function<net::server_response()>& make);

  private:
    struct entry {
        std::chrono::steady_clock::time_point made;
        std::uint64_t version = 0;
        std::string content_type, body, packed, etag;
        std::list<std::string>::iterator place;
    };
    using entry_map = std::map<std::string, entry>;

    bool holds(const entry& one, std::uint64_t version, const net::server_request& request) const;
    entry_map::iterator keep(const std::string& target, std::uint64_t version, net::server_response made);
    void drop(entry_map::iterator which);
    static net::server_response shape(entry& from, const net::server_request& request);

    clock now_;
    entry_map entries_;
    std::list<std::string> used_;  ///< targets, the one asked for last in front
    std::uint64_t bytes_ = 0;
};

}  // namespace outrider::collector
