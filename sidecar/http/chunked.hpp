#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace outrider::http {

/// Takes the chunked transfer coding (RFC 9112 7.1) apart, in place, at any split of the input. Strict: CRLF only, hex
/// digits only, no overflow, bounded extensions and trailers. Extensions are dropped, as 7.1.1 asks.
///
///     size -> (extension) -> size_lf -> data -> data_cr -> data_lf -> size ... -> trailer -> done
///                                                              any -> failed (sticky)
class chunked_decoder {
  public:
    explicit chunked_decoder(std::size_t longest_trailers = 8'192) : longest_trailers_(longest_trailers) {}

    struct progress {
        std::size_t consumed;  ///< bytes of the input that were used; less than given only when done
        std::size_t produced;  ///< bytes of body, now at the start of the input
    };

    /// Decodes `data[0, size)`; the body bytes found move to its start.
    progress decode(char* data, std::size_t size);

    bool done() const { return state_ == state::done; }
    bool failed() const { return state_ == state::failed; }
    /// The trailer section without its last empty line: lines with CRLF, unchecked; empty when there was none.
    const std::string& trailers() const { return trailers_; }

  private:
    enum class state : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, done, failed };

    void size_byte(char c);
    void extension_byte(char c);
    void trailer_byte(char c);
    void end_size_line();

    state state_ = state::size;
    bool any_digit_ = false;
    bool named_ = false;  ///< the ";" of an extension has come; before it there is only white space
    std::uint64_t left_ = 0;
    std::uint64_t overhead_ = 0;  ///< bytes of extension so far, over all chunks
    std::size_t line_ = 0;        ///< bytes of the current trailer line
    std::size_t longest_trailers_;
    std::string trailers_;
};

}  // namespace outrider::http
