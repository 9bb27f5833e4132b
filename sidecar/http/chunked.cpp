#include "sidecar/http/chunked.hpp"

#include <algorithm>
#include <cstring>

namespace outrider::http {
namespace {

constexpr std::uint64_t most_extension_bytes = 16'384;
constexpr std::uint64_t largest_chunk = UINT64_MAX >> 4;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void chunked_decoder::size_byte(char c) {
    if (auto digit = hex_digit(c); digit >= 0) {
        // Sixteen digits with a leading zero or more are legal; what does not fit in 60 bits is not.
        if (left_ > largest_chunk >> 4 || ++line_ > 256) {
            state_ = state::failed;
            return;
        }
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        any_digit_ = true;
        return;
    }
    if (!any_digit_) {
        state_ = state::failed;
    } else if (c == '\r') {
        state_ = state::size_lf;
    } else if (c == ';' || c == ' ' || c == '\t') {
        state_ = state::extension;
        extension_byte(c);
    } else {
        state_ = state::failed;
    }
}

void chunked_decoder::extension_byte(char c) {
    if (c == '\r') {
        state_ = state::size_lf;
        named_ = false;
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f || ++overhead_ > most_extension_bytes) {
        state_ = state::failed;
    } else if (c == ';') {
        named_ = true;
    } else if (!named_ && c != ' ' && c != '\t') {
        state_ = state::failed;  // "5 5": another parser might see another size
    }
}

void chunked_decoder::end_size_line() {
    any_digit_ = false;
    line_ = 0;
    state_ = left_ > 0 ? state::data : state::trailer;
}

void chunked_decoder::trailer_byte(char c) {
    if (trailers_.size() >= longest_trailers_ + 2) {  // the empty line that ends them does not count
        state_ = state::failed;
        return;
    }
    trailers_.push_back(c);
    if (c != '\n') {
        // A bare CR: only the one before LF is allowed.
        if (line_ > 0 && trailers_[trailers_.size() - 2] == '\r') state_ = state::failed;
        ++line_;
        return;
    }
    bool has_cr = trailers_.size() >= 2 && line_ > 0 && trailers_[trailers_.size() - 2] == '\r';
    if (!has_cr) {
        state_ = state::failed;
    } else if (line_ == 1) {
        trailers_.resize(trailers_.size() - 2);
        state_ = state::done;
    }
    line_ = 0;
}

chunked_decoder::progress chunked_decoder::decode(char* data, std::size_t size) {
    std::size_t at = 0, produced = 0;
    while (at < size && state_ != state::done && state_ != state::failed) {
        if (state_ == state::data) {
            auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size - at));
            if (produced != at) std::memmove(data + produced, data + at, take);
            at += take;
            produced += take;
            left_ -= take;
            if (left_ == 0) state_ = state::data_cr;
            continue;
        }
        char c = data[at++];
        switch (state_) {
            case state::size:
                size_byte(c);
                break;
            case state::extension:
                extension_byte(c);
                break;
            case state::size_lf:
                c == '\n' ? end_size_line() : void(state_ = state::failed);
                break;
            case state::data_cr:
                state_ = c == '\r' ? state::data_lf : state::failed;
                break;
            case state::data_lf:
                state_ = c == '\n' ? state::size : state::failed;
                break;
            case state::trailer:
                trailer_byte(c);
                break;
            default:
                break;
        }
    }
    return {at, produced};
}

}  // namespace outrider::http
