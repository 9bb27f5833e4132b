// Heads of requests and responses. Three properties: no byte outside of the input is read; a prefix says `incomplete`
// or what the whole says; and what our strict parser accepts, Boost.Beast's accepts with the same words.
//
// Where Beast is stricter, on purpose not compared: an empty line before the request line, a minor version above 1, a
// status line without the space behind the code, and lists in Connection, Upgrade or Transfer-Encoding that are none
// (the framing check judges those).

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "sidecar/http/framing.hpp"
#include "sidecar/http/head_parser.hpp"

namespace {

using namespace outrider::http;
namespace beast = boost::beast::http;

void require(bool holds) {
    if (!holds) std::abort();
}

using words = std::vector<std::pair<std::string, std::string>>;

/// What Beast sees in a head.
template <bool is_request>
class witness final : public beast::basic_parser<is_request> {
  public:
    std::string method, target, reason;
    int status = 0;
    words fields;

  private:
    using text = boost::beast::string_view;
    using error = boost::beast::error_code;
    static std::string copy(text t) { return {t.data(), t.size()}; }

    void on_request_impl(beast::verb, text m, text t, int, error&) override {
        method = copy(m);
        target = copy(t);
    }
    void on_response_impl(int code, text r, int, error&) override {
        status = code;
        reason = copy(r);
    }
    void on_field_impl(beast::field, text name, text value, error&) override {
        fields.emplace_back(copy(name), copy(value));
    }
    void on_header_impl(error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
    std::size_t on_body_impl(text body, error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, text, error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, text body, error&) override { return body.size(); }
    void on_finish_impl(error&) override {}
};

words of(const field_list& fields) {
    words out;
    for (const auto& f : fields) out.emplace_back(f.name, f.value);
    return out;
}

/// @return whether Beast accepts the head; an error that is a difference on purpose leaves `compared` false
template <bool is_request>
bool agrees(witness<is_request>& other, std::string_view head, bool& compared) {
    boost::beast::error_code ec;
    other.header_limit(1 << 20);
    other.body_limit(boost::none);
    other.put(boost::asio::buffer(head.data(), head.size()), ec);
    compared = ec != beast::error::bad_value && ec != beast::error::bad_transfer_encoding;
    return !ec || other.is_header_done();
}

void against_beast(std::string_view text, const request_head& head, std::size_t empty_lines) {
    auto copy = std::make_unique<request_head>(head);
    request_facts facts;
    bool higher_version =
        text.substr(empty_lines, text.find('\n', empty_lines)).find(" HTTP/1.0\r") == std::string_view::npos &&
        text.substr(empty_lines, text.find('\n', empty_lines)).find(" HTTP/1.1\r") == std::string_view::npos;
    if (higher_version || check_request(*copy, facts) != head_error::none) return;
    witness<true> other;
    bool compared = false;
    bool accepted = agrees(other, text.substr(empty_lines, head.size - empty_lines), compared);
    if (!compared) return;
    require(accepted);
    require(other.method == head.method && other.target == head.target && other.fields == of(head.fields));
}

void against_beast(std::string_view text, const response_head& head) {
    auto copy = std::make_unique<response_head>(head);
    response_facts facts;
    if (text[12] != ' ' || (text[7] != '0' && text[7] != '1')) return;
    if (check_response(*copy, "GET", facts) != head_error::none || head.status < 200 || head.status == 204) return;
    witness<false> other;
    bool compared = false;
    bool accepted = agrees(other, text.substr(0, head.size), compared);
    if (!compared) return;
    require(accepted);
    require(other.status == head.status && other.reason == head.reason && other.fields == of(head.fields));
}

template <typename Head, typename Parse>
void prefixes_agree(std::string_view text, const head_limits& limits, Parse parse, const parse_outcome& whole) {
    static Head head;
    // Every prefix of a short input, some of a long one.
    auto step = 1 + text.size() / 64;
    for (std::size_t size = 0; size < text.size(); size += step) {
        std::unique_ptr<char[]> exact{new char[size]};
        std::memcpy(exact.get(), text.data(), size);
        auto seen = parse({exact.get(), size}, limits, head);
        if (seen.state == parse_state::incomplete) continue;
        require(seen.state == whole.state && seen.error == whole.error);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    head_limits limits;
    if (data[0] & 1) limits = {64, 16, 4};  // so that the bounds are met as well
    std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    static request_head request;
    auto seen = parse_request_head(text, limits, request);
    require(seen.state != parse_state::bad || seen.error != head_error::none);
    prefixes_agree<request_head>(text, limits, parse_request_head, seen);
    if (seen.state == parse_state::complete) {
        require(request.size <= text.size() && request.size <= limits.head_bytes);
        std::size_t empty_lines = 0;
        while (text.substr(empty_lines, 2) == "\r\n") empty_lines += 2;
        against_beast(text, request, empty_lines);
    }
    static response_head response;
    auto answered = parse_response_head(text, limits, response);
    prefixes_agree<response_head>(text, limits, parse_response_head, answered);
    if (answered.state == parse_state::complete) against_beast(text, response);
    return 0;
}
