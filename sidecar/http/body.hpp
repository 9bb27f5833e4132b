#pragma once

#include <cstdint>
#include <string>

#include "sidecar/http/chunked.hpp"
#include "sidecar/http/framing.hpp"
#include "sidecar/net/io_buffer.hpp"

namespace outrider::http {

/// Finds the body's bytes in what was read, whatever its framing.
class body_decoder {
  public:
    void start(const framing& how, std::size_t longest_trailers) {
        how_ = how;
        left_ = how.length;
        ended_ = how.kind == body_kind::none || (how.kind == body_kind::length && how.length == 0);
        chunks_ = chunked_decoder{longest_trailers};
    }

    /// Takes the next piece of body off the front of `from`. The view is valid until `from` changes.
    std::string_view take(net::io_buffer& from) {
        if (ended_) return {};
        if (how_.kind != body_kind::chunked) {
            auto size = how_.kind == body_kind::length
                            ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, from.size()))
                            : from.size();
            std::string_view piece = from.data().substr(0, size);
            from.consume(size);
            left_ -= how_.kind == body_kind::length ? size : 0;
            ended_ = how_.kind == body_kind::length && left_ == 0;
            return piece;
        }
        auto* start = from.mutable_data();
        auto [consumed, produced] = chunks_.decode(start, from.size());
        from.consume(consumed);
        ended_ = chunks_.done();
        return {start, produced};
    }

    bool ended() const { return ended_; }
    bool malformed() const { return chunks_.failed(); }
    /// The peer closed: whether that ends the body properly.
    bool end_of_stream() {
        if (how_.kind == body_kind::until_close) ended_ = true;
        return ended_;
    }
    body_kind kind() const { return how_.kind; }
    /// How much to read next: a body that is known to be long is worth a larger buffer.
    std::size_t next_piece() const { return left_ > 16 * 1024 ? 64 * 1024 : 16 * 1024; }
    const std::string& trailers() const { return chunks_.trailers(); }

  private:
    framing how_;
    std::uint64_t left_ = 0;
    bool ended_ = true;
    chunked_decoder chunks_;
};

/// Appends the size line of a chunk.
void add_chunk_size(std::string& out, std::size_t size);

/// Judges a body's average rate from its fifth second on.
class rate_guard {
  public:
    explicit rate_guard(std::uint64_t lowest) : lowest_(lowest) {}
    bool too_slow(std::size_t more, std::chrono::steady_clock::time_point now) {
        if (lowest_ == 0) return false;
        bytes_ += more;
        auto elapsed = std::chrono::duration<double>(now - started_).count();
        return elapsed > 5.0 && static_cast<double>(bytes_) < elapsed * static_cast<double>(lowest_);
    }

  private:
    std::uint64_t lowest_;
    std::uint64_t bytes_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace outrider::http
