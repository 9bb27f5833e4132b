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
    std::string allow{};           ///< the Allow field of a 405
    std::string_view type{};       ///< of the problem, a URI (RFC 9457 3.1.1); empty: the status says it all
    std::string members{};         ///< further members of the problem, as JSON, each behind a comma
    std::string fields{};          ///< further field lines, each with its CRLF
    bool dated = false;            ///< Date is among them
    std::string content_type{};    ///< of `content`
    std::string_view content{};    ///< instead of a problem; must live until the answer is written
    bool has_content = false;
};

/// The one place where a failure becomes an answer.
local_answer answer_for(const exchange::failure& why, std::string detail);

/// The reason phrase of the statuses that this proxy generates.
std::string_view reason_phrase(int status);

/// Appends a whole answer: head, and its content or an RFC 9457 problem unless the request was HEAD. `connection` is
/// the value of that field, or empty for HTTP/1.1's default.
void write_answer(std::string& out, const local_answer& answer, std::string_view trace_id, std::string_view date,
                  bool head_only, std::string_view connection);

}  // namespace outrider::http
