#pragma once

#include <string>
#include <string_view>

#include "sidecar/exchange/failure.hpp"

namespace outrider::http {

/// An answer that the sidecar gives itself.
struct local_answer {
    int status = 500;
    std::string_view title;        ///< the status in words
    std::string detail;            ///< what, why and what to do, for people
    std::string_view proxy_error;  ///< RFC 9209 2.3, or empty
    std::string allow;             ///< the Allow field of a 405
};

/// The one place where a failure becomes an answer.
local_answer answer_for(const exchange::failure& why, std::string detail);

/// The reason phrase of the statuses that this proxy generates.
std::string_view reason_phrase(int status);

/// Appends a whole answer: head, and an RFC 9457 problem body unless the request was HEAD. `connection` is the value of
/// that field, or empty for HTTP/1.1's default.
void write_answer(std::string& out, const local_answer& answer, std::string_view trace_id, std::string_view date,
                  bool head_only, std::string_view connection);

}  // namespace outrider::http
