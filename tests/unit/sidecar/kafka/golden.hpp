#pragma once

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/records_field.hpp"

namespace outrider::kafka::testing {

inline std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return out;
}

/// The bodies that tests/data/kafka/make_frames wrote, by version.
inline std::map<std::int16_t, std::string> golden_bodies(const std::string& message) {
    std::ifstream in{std::string{OUTRIDER_TEST_DATA} + "/kafka/" + message + ".txt"};
    std::map<std::int16_t, std::string> out;
    std::int16_t version = 0;
    for (std::string hex; in >> version >> hex;) out[version] = from_hex(hex);
    return out;
}

/// Gives `text` to `feed` in pieces. Each lies in a block of exactly its size that is freed afterwards, so that a read
/// over its end shows, and a view that is kept too long.
inline void in_pieces(std::string_view text, std::size_t first, std::size_t others,
                      const std::function<void(std::string_view)>& feed) {
    for (auto size = first; !text.empty(); size = others) {
        auto piece = text.substr(0, size);
        std::unique_ptr<char[]> exact{new char[piece.size()]};
        std::memcpy(exact.get(), piece.data(), piece.size());
        feed({exact.get(), piece.size()});
        text.remove_prefix(piece.size());
    }
}

/// What a parser reported, one line per event, and how it ended.
using run = std::function<std::string(std::string_view body, std::size_t first, std::size_t others)>;

inline void expect_the_same_for_every_split(std::string_view body, const run& parse) {
    auto whole = parse(body, body.size(), body.size());
    for (std::size_t cut = 1; cut < body.size(); ++cut)
        ASSERT_EQ(parse(body, cut, body.size()), whole) << "cut at " << cut;
    EXPECT_EQ(parse(body, 1, 1), whole);
    EXPECT_EQ(parse(body, 7, 7), whole);
}

inline void expect_no_truncation_finishes(std::string_view body, const run& parse) {
    for (std::size_t size = 1; size < body.size(); ++size)
        ASSERT_NE(parse(body.substr(0, size), size, size).substr(0, 8), "finished") << "of " << size << " bytes";
}

inline std::string text_or_null(std::string_view text) { return text.data() == nullptr ? "null" : std::string{text}; }

inline std::string topic_text(std::string_view name, const topic_id& id) {
    if (!id.valid()) return text_or_null(name);
    return "id " + std::to_string(id.bytes.front());
}

/// Writes down what happens to records fields.
template <typename Visitor>
struct logging_records : Visitor {
    std::ostringstream log;
    bool want_bytes = true;
    std::string bytes;

    void on_records(const records_field& field) override {
        log << "records " << (field.null ? "null" : std::to_string(field.size)) << " prefix "
            << field.at - field.length_at << "\n";
    }
    bool on_batch(const seen_batch& batch) override {
        log << "batch magic " << batch.magic() << " head " << batch.head.size() << " of " << batch.size << " has "
            << batch.available << (batch.cut ? " cut" : "") << (batch.garbled ? " garbled" : "") << "\n";
        bytes = batch.head;
        return want_bytes;
    }
    void on_batch_bytes(std::string_view more) override { bytes += more; }
    void on_batch_end() override { log << "end " << std::hash<std::string>{}(bytes) << "\n"; }

  protected:
    ~logging_records() = default;
};

inline std::string ending(const push_parser& parser) {
    switch (parser.state()) {
        case parse_state::finished:
            return "finished " + std::to_string(parser.position()) + "\n";
        case parse_state::malformed:
            return "malformed\n";
        case parse_state::wants_more:
            return "wants more\n";
    }
    return {};
}

}  // namespace outrider::kafka::testing
