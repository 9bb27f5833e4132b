#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/records_field.hpp"

/// What the fuzz targets of parsers in pieces share.
namespace outrider::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// An input is a byte of choice (a version), a count of splits and their sizes, and the message.
struct input {
    std::uint8_t choice;
    std::string_view splits, message;

    static input of(const std::uint8_t* data, std::size_t size) {
        std::string_view all{reinterpret_cast<const char*>(data) + 2, size - 2};
        auto splits = all.substr(0, data[1] % 16);
        return {data[0], splits, all.substr(splits.size())};
    }
};

/// Gives `text` to `feed` until that is false, in pieces whose sizes `splits` gives in turn, or whole without any. Each
/// piece lies in a block of exactly its size that is freed afterwards.
template <typename Feed>
void in_pieces(std::string_view text, std::string_view splits, Feed&& feed) {
    for (std::size_t i = 0; !text.empty(); ++i) {
        auto size = splits.empty() ? text.size() : static_cast<unsigned char>(splits[i % splits.size()]) % 100U + 1;
        auto piece = text.substr(0, size);
        std::unique_ptr<char[]> exact{new char[piece.size()]};
        std::memcpy(exact.get(), piece.data(), piece.size());
        if (!feed(std::string_view{exact.get(), piece.size()})) return;
        text.remove_prefix(piece.size());
    }
}

/// Writes down what a visitor of records fields is told, and holds it against the message's size.
template <typename Visitor>
struct logging_records : Visitor {
    std::string log;
    std::size_t message_size;
    std::uint64_t behind = 0;  ///< where the next batch may begin
    std::uint64_t bytes_left = 0;

    explicit logging_records(std::size_t size) : message_size(size) {}

    template <typename... Numbers>
    void line(std::string_view event, Numbers... numbers) {
        log.append(event);
        ((log += ' ', log += std::to_string(numbers)), ...);
        log += '\n';
    }
    void text(std::string_view event, std::string_view value) {
        log.append(event).append(value.data() == nullptr ? " null " : " ").append(value) += '\n';
    }
    void on_records(const kafka::records_field& field) override {
        require(field.at > field.length_at && field.at <= message_size && (!field.null || field.size == 0));
        behind = field.at;
        line("records", field.length_at, field.at, field.size, field.null);
    }
    bool on_batch(const kafka::seen_batch& batch) override {
        require(batch.position == behind && batch.head.size() <= batch.available);
        require(batch.cut || batch.garbled || batch.available == batch.size);
        behind += batch.available;
        bytes_left = batch.available - batch.head.size();
        line("batch", batch.position, batch.size, batch.available, batch.cut, batch.garbled);
        text("head", batch.head);
        return wanted = batch.position % 3 != 0;
    }
    void on_batch_bytes(std::string_view bytes) override {
        require(wanted && !bytes.empty() && bytes.size() <= bytes_left);
        bytes_left -= bytes.size();
        log.append(bytes);
    }
    void on_batch_end() override {
        require(!wanted || bytes_left == 0);
        line("\nend");
    }

  protected:
    ~logging_records() = default;

  private:
    bool wanted = false;
};

/// Parses with splits and notes how it ended. @return whether it finished
template <typename Log>
bool parse(kafka::push_parse with, std::string_view message, std::string_view splits, Log& log) {
    kafka::push_parser parser{std::move(with)};
    auto state = kafka::parse_state::wants_more;
    in_pieces(message, splits, [&](std::string_view piece) {
        state = parser.feed(piece);
        return state == kafka::parse_state::wants_more;
    });
    require(state == parser.state());
    log.line("state", static_cast<int>(state));
    if (state != kafka::parse_state::finished) return false;
    log.line("at", parser.position());
    return true;
}

}  // namespace outrider::fuzz
