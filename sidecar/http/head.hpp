#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sidecar/http/fields.hpp"

namespace outrider::http {

/// The field lines of one head, in order; capacity fixed, so that parsing allocates nothing. Which of the known names
/// there are, and where, is noted as they come, so that nobody walks the list for what is not in it.
class field_list {
  public:
    static constexpr std::size_t capacity = 256;
    void clear() { size_ = seen_ = repeated_ = 0; }
    std::size_t size() const { return size_; }
    void add(std::string_view name, std::string_view value, std::string_view line, field_id id) {
        auto& next = fields_[size_];
        next.name = name;
        next.value = value;
        next.line = line;
        next.id = id;
        next.dropped = false;
        if (id != field_id::other) note(id);
        ++size_;
    }
    field* begin() { return fields_.data(); }
    field* end() { return fields_.data() + size_; }
    const field* begin() const { return fields_.data(); }
    const field* end() const { return fields_.data() + size_; }
    /// Which of these there is at least one field of; `other` is none of them.
    field_id_set among(field_id_set these) const { return seen_ & these; }
    /// Which of these there are several fields of.
    field_id_set repeated(field_id_set these) const { return repeated_ & these; }
    /// The first field of that id, which is not `other`, or null.
    const field* find(field_id id) const { return among(set_of(id)) ? &fields_[first_[index(id)]] : nullptr; }
    field* find(field_id id) { return among(set_of(id)) ? &fields_[first_[index(id)]] : nullptr; }
    /// Calls `each(field)` for all of that id, in order.
    template <typename Each>
    void for_each(field_id id, Each each) {
        if (!among(set_of(id))) return;
        if (!repeated(set_of(id))) return each(fields_[first_[index(id)]]);
        for (auto& f : *this)
            if (f.id == id) each(f);
    }

  private:
    static constexpr std::size_t index(field_id id) { return static_cast<std::size_t>(id); }
    void note(field_id id) {
        const auto bit = set_of(id);
        if (seen_ & bit) {
            repeated_ |= bit;
            return;
        }
        seen_ |= bit;
        first_[index(id)] = static_cast<std::uint8_t>(size_);
    }

    std::array<field, capacity> fields_;
    std::size_t size_ = 0;
    field_id_set seen_ = 0, repeated_ = 0;
    std::array<std::uint8_t, field_ids> first_;  ///< of the ids that were seen
};

/// A parsed request head; every view points into the read buffer.
struct request_head {
    std::string_view method;
    std::string_view target;
    int minor_version = 1;  ///< of HTTP/1.x; above 1 counts as 1
    std::size_t size = 0;   ///< bytes of the head with its empty line, and of empty lines before it
    field_list fields;
};

/// A parsed response head; every view points into the read buffer.
struct response_head {
    int status = 0;
    std::string_view reason;
    int minor_version = 1;
    std::size_t size = 0;
    field_list fields;
};

/// Why a head is refused; each code is one rule of RFC 9112 or one of our bounds. `describe` gives status and text.
enum class head_error : std::uint8_t {
    none,
    start_line,         ///< 3, 4: not METHOD SP target SP version, or not a status line
    version,            ///< 2.3: not HTTP/1.x
    bare_lf,            ///< 2.2: a line that does not end with CRLF (leniency is optional, and how smuggling begins)
    field_syntax,       ///< 5.1: no token, white space before the colon, no colon
    field_value,        ///< 5.5 of RFC 9110: CR, NUL or another control character
    folded,             ///< 5.2: obs-fold
    target_form,        ///< 3.2: none of the four forms, or not for this method
    target_character,   ///< 3.2: white space, a control character, a fragment, an octet above 127
    target_too_long,    ///< bound
    head_too_large,     ///< bound
    too_many_fields,    ///< bound
    host_missing,       ///< 3.2
    host_repeated,      ///< 3.2
    host_invalid,       ///< 3.2, RFC 3986 3.2.2
    length_invalid,     ///< 6.3: Content-Length is not 1*DIGIT, or differs
    coding_unknown,     ///< 6.1: a transfer coding other than chunked (501)
    coding_not_last,    ///< 6.3: chunked is not the last coding
    coding_in_http10,   ///< 6.1
    coding_and_length,  ///< 6.3: both fields: refused, since it is how smuggling begins
    trace_method,       ///< TRACE: refused, it would reflect credentials
    connect_form,       ///< 3.2.3: CONNECT without host and port
    expectation,        ///< RFC 9110 10.1.1: an expectation other than 100-continue (417)
};

struct head_problem {
    int status;
    std::string_view text;
};

/// The answer's status and words for people.
head_problem describe(head_error error);

}  // namespace outrider::http
