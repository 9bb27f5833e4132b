// The scan of JSON bodies, and the search for what looks like an id: what they report lies within the text, and a
// longer text never changes what was reported of its beginning.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/kafka_pieces.hpp"
#include "tracing/capture/json_escapes.hpp"
#include "tracing/capture/json_scan.hpp"
#include "tracing/capture/json_values.hpp"
#include "tracing/capture/message_capture.hpp"

namespace {

using namespace outrider::tracing;
using outrider::fuzz::require;

struct logger final : json_visitor {
    std::string_view text;
    std::vector<std::pair<std::string, std::uint64_t>> seen;
    bool on_scalar(const json_scalar& one) override {
        require(one.text.data() >= text.data() && one.text.data() + one.text.size() <= text.data() + text.size());
        std::string meant;
        unescape_json(one.text, meant);
        require(one.escaped || !one.is_string || meant == one.text);
        seen.emplace_back(one.text, one.pointers);
        return true;
    }
};

/// What looks like an id.
struct finder final : value_taker {
    std::string_view text;
    std::vector<std::string> seen;
    bool on_values(std::span<const json_value> some) override {
        require(some.size() <= most_at_once);
        for (const auto& one : some) {
            require(one.at >= text.data() && one.at + one.size <= text.data() + text.size());
            require(one.size >= 5 && one.size <= 128);
            require(one.text().find_first_of("\"\\ ") == std::string_view::npos || one.escaped);
            seen.emplace_back(one.text());
        }
        return true;
    }
};

std::vector<std::string> find(std::string_view text, bool complete) {
    const std::string exact{text};
    finder to;
    to.text = exact;
    find_values(exact, complete, to);
    return to.seen;
}

std::vector<std::pair<std::string, std::uint64_t>> scan(std::string_view text, bool complete,
                                                        const json_pointers& wanted) {
    const std::string exact{text};
    logger to;
    to.text = exact;
    scan_json(exact, complete, wanted, to, json_told::all);
    return to.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4'096) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static const json_pointers wanted = [] {
        json_pointers out;
        for (const auto* each : {"/a", "/a/0", "/a/0/b", "/", "/~0", "/0/0"}) (void)out.add(each);
        return out;
    }();
    const auto whole = scan(text, true, wanted);
    for (const auto cut : {size / 2, size - size / 4, size}) {
        const auto part = scan(text.substr(0, cut), false, wanted);
        require(part.size() <= whole.size());
        for (std::size_t i = 0; i < part.size(); ++i) require(part[i] == whole[i]);
        // Of each block strings come before numbers: the order is the same but within the block that is cut.
        auto left = find(text, true);
        for (const auto& each : find(text.substr(0, cut), false)) {
            const auto at = std::find(left.begin(), left.end(), each);
            require(at != left.end());
            left.erase(at);
        }
    }
    static const capture_plan plan = [] {
        capture_settings how;
        how.echo_values = 16;
        how.body_bytes = 4'096;
        how.identities = true;
        how.keys = {{"a", {{capture_source::place::json, "/a"}, {capture_source::place::path, "a"}}}};
        return capture_plan{how};
    }();
    message_capture of{plan};
    of.path(text);
    of.query(text);
    of.field(text, text);
    of.record_key(text);
    of.json(text, true);
    std::string bytes;
    span_encoder out{bytes};
    out.begin({}, {}, true, {}, "x", span_kind::server, 1, 2);
    of.write(out);
    out.end();
    require(of.echo().size() <= 16);
    return 0;
}
