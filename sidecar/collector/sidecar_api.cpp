#include "sidecar/collector/sidecar_api.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t largest_push = 256 << 10;

}  // namespace

sidecar_api::sidecar_api(clock now, unix_clock unix_now, book_limits limits)
    : now_(std::move(now)), unix_now_(std::move(unix_now)), book_(limits) {}

net::server_response sidecar_api::push(const net::server_request& request) {
    if (request.method != "POST") return net::method_not_allowed("POST");
    // A page of the web cannot send this type to another site without asking first, and is not answered then; one that
    // has rebound its name still says where it comes from.
    if (request.header("origin")) return net::problem(403, "sidecars are no web pages");
    if (net::media_type(request.header("content-type").value_or("")) != "application/json")
        return net::problem(415, "the state of a sidecar is sent as Content-Type: application/json");
    if (const auto coding = request.header("content-encoding"); coding && *coding != "identity")
        return net::problem(415, "the state of a sidecar is sent without a Content-Encoding");
    if (request.body.size() > largest_push) {
        ++counters_.too_large;
        return net::problem(413, "the state of a sidecar has 256 KiB at most");
    }
    auto card = read_sidecar_card(request.body);
    if (!card) {
        ++counters_.malformed;
        return net::problem(400, card.error().why);
    }
    switch (book_.take(std::move(*card), now_())) {
        case sidecar_book::outcome::taken:
            ++counters_.taken;
            return {204, {}, {}, {}};
        case sidecar_book::outcome::too_large:
            ++counters_.too_large;
            return net::problem(413, "the state of this sidecar is too large to keep");
        case sidecar_book::outcome::no_room:
            break;
    }
    ++counters_.no_room;
    auto answer = net::problem(503, "there are more sidecars than are kept");
    answer.headers.emplace_back("Retry-After", "10");
    return answer;
}

net::server_response sidecar_api::cards() { return {200, "application/json", book_.json(now_(), unix_now_()), {}}; }

}  // namespace outrider::collector
