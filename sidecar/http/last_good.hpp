#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sidecar/http/head.hpp"

namespace outrider::http {

/// An answer that went well, as it can be given again when the upstream cannot be asked.
struct good_answer {
    std::string fields;  ///< end-to-end field lines, each with its CRLF; without Content-Length and Age
    bool dated = false;  ///< Date is among them
    std::string body;
    std::chrono::steady_clock::time_point at;  ///< when it came
    std::chrono::seconds age{0};               ///< how old it was by then, by its own Age
};

/// What is asked for, as far as answers depend on it.
struct asked_for {
    std::string_view upstream;                  ///< whose answer it is
    std::string_view host;                      ///< as the caller named it
    std::string_view path;                      ///< with the query
    std::span<const std::string_view> callers;  ///< names of the fields by which policies tell callers apart
};

/// Under which name the answers to a request are kept; empty: they are not. Answers to requests with credentials belong
/// to one caller (RFC 9111 3.5; Cookie is treated alike), and those that policies tell apart do not share answers.
std::string key_of(const asked_for& what, const request_head& head);

/// A copy of the head to be filled with its body, for a 200 that may be given to others and when it is stale; null for
/// one that may not: by Cache-Control (RFC 9111 3 and 4.2.4), Set-Cookie, a Vary on more than Accept-Encoding, or when
/// it is longer than `most_body`, or a fallback itself.
std::unique_ptr<good_answer> begin_copy(const response_head& head, std::optional<std::uint64_t> length);

/// The last good answers, least recently used first out. Shared by all workers: answers are copied and freed outside of
/// its lock.
class last_good {
  public:
    static constexpr std::size_t most_body = 64 * 1024;
    static constexpr std::size_t most_bytes = 4 * 1024 * 1024;  ///< of all, with their keys and what keeps them
    static constexpr std::size_t longest_key = 4 * 1024;

    void keep(std::string key, std::shared_ptr<const good_answer> answer);
    /// @return the answer when it came no longer than `within` ago, else null
    std::shared_ptr<const good_answer> find(std::string_view key, std::chrono::steady_clock::time_point now,
                                            std::chrono::milliseconds within);
    std::size_t bytes() const;
    std::size_t size() const;

  private:
    struct entry {
        std::string key;
        std::shared_ptr<const good_answer> answer;
        std::size_t bytes = 0;
    };
    using entries = std::list<entry>;

    mutable std::mutex mutex_;
    entries entries_;  ///< the one used last in front
    std::unordered_map<std::string_view, entries::iterator> index_;
    std::size_t bytes_ = 0;
};

}  // namespace outrider::http
