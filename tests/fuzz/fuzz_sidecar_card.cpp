// What a stranger can say of itself as a sidecar: whatever it is, the page stays JSON, the book keeps its bounds, and a
// card that was there before stands as it stood.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sidecar/collector/sidecar_book.hpp"

using namespace outrider;

namespace {

constexpr collector::book_limits limits{3, 64 * 1024, 100 * 1024};

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    collector::sidecar_book book{limits};
    std::int64_t now = 1'000'000'000'000;
    const auto mine = collector::read_sidecar_card(R"({"secret":"0123456789abcdef","service":"mine"})");
    require(mine && book.take(*mine, now) == collector::sidecar_book::outcome::taken);
    const auto theirs = collector::read_sidecar_card({reinterpret_cast<const char*>(data), size});
    if (theirs) {
        require(theirs->id != mine->id);
        require(!theirs->service.empty() && theirs->body.size() < 16 * size + 1'024);
        book.take(*theirs, now);
    }
    require(book.bytes() <= limits.bytes);
    const auto page = nlohmann::json::parse(book.json(now, 1), nullptr, false);
    require(page.is_object() && page["sidecars"].is_array());
    bool found = false;
    for (const auto& one : page["sidecars"]) found = found || one["service"] == "mine";
    require(found);
    return 0;
}
