#include "sidecar/tools/span_files.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "sidecar/net/inflate.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/otlp.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

using tracing::span_data;
using spans_result = boost::system::result<std::vector<span_data>, std::string>;

/// What is wrong with a file.
struct file_error {
    int number = 0;  ///< errno, or 0
    std::string text{};
};

using text_result = boost::system::result<std::string, file_error>;

constexpr std::string_view blanks = " \t\r\n";

std::string too_large(std::size_t limit) { return "more than " + std::to_string(limit >> 20) + " MiB"; }

text_result read_stream(std::istream& in, std::size_t limit) {
    std::string content;
    std::vector<char> piece(std::size_t{1} << 16);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
        content.append(piece.data(), static_cast<std::size_t>(in.gcount()));
        if (content.size() > limit) return file_error{0, too_large(limit)};
    }
    return content;
}

text_result read_file(const std::string& path, std::size_t limit) {
    if (path == "-") return read_stream(std::cin, limit);
    errno = 0;
    std::ifstream in{path, std::ios::binary};
    if (!in) return file_error{errno, "cannot be opened"};
    auto content = read_stream(in, limit);
    if (content && in.bad()) return file_error{errno, "cannot be read"};
    return content;
}

std::string sentence(const file_error& error) {
    return error.text + (error.number == 0 ? "" : std::string{": "} + std::strerror(error.number));
}

bool is_gzip(std::string_view content) { return content.starts_with("\x1f\x8b"); }

tracing::decode_limits within(const span_file_limits& limits) {
    tracing::decode_limits out;
    out.memory = limits.memory;
    return out;
}

spans_result decoded(tracing::decode_result<tracing::decoded_spans> from, std::string_view what) {
    if (!from) return "no " + std::string{what} + ": " + tracing::describe(from.error());
    return std::move(from->spans);
}

spans_result one_document(std::string_view json, const span_file_limits& limits) {
    if (json.find("\"resourceSpans\"") == std::string_view::npos && json.find("\"data\"") != std::string_view::npos) {
        auto answer = tracing::decode_jaeger_json(json, within(limits));
        if (!answer) return std::string{"no answer of a Jaeger: "} + tracing::describe(answer.error());
        return std::move(answer->spans);
    }
    return decoded(tracing::decode_otlp_json(json, within(limits)), "OTLP as JSON");
}

/// The first line of several, if it is a document of its own.
bool is_lines(std::string_view json, const span_file_limits& limits) {
    const auto end = json.find('\n');
    if (end == std::string_view::npos || json.find_first_not_of(blanks, end) == std::string_view::npos) return false;
    return tracing::decode_otlp_json(json.substr(0, end), within(limits)).has_value();
}

spans_result lines(std::string_view json, const span_file_limits& limits) {
    std::vector<span_data> spans;
    auto left = limits;
    for (std::size_t number = 1; !json.empty(); ++number) {
        const auto line = json.substr(0, json.find('\n'));
        json.remove_prefix(std::min(json.size(), line.size() + 1));
        if (line.find_first_not_of(blanks) == std::string_view::npos) continue;
        auto some = one_document(line, left);
        if (!some) {
            // A writer that was killed left half a line behind; the others are whole.
            if (json.empty() && !spans.empty()) break;
            return "line " + std::to_string(number) + ": " + some.error();
        }
        for (auto& span : *some) {
            const auto bytes = tracing::memory_of(span);
            if (bytes > left.memory)
                return "line " + std::to_string(number) + ": " + too_large(limits.memory) + " of spans";
            left.memory -= bytes;
            spans.push_back(std::move(span));
        }
    }
    return spans;
}

}  // namespace

spans_result read_spans(std::string content, const span_file_limits& limits) {
    if (is_gzip(content)) {
        auto unpacked = net::inflate(content, limits.file_bytes);
        if (!unpacked)
            return unpacked.error() == net::inflate_error::too_large ? too_large(limits.file_bytes) + " once unpacked"
                                                                     : std::string{"damaged gzip"};
        content = std::move(*unpacked);
    }
    std::string_view text{content};
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return std::string{"empty"};
    if (text[begin] != '{') return decoded(tracing::decode_otlp(content, within(limits)), "OTLP as protobuf or JSON");
    text.remove_prefix(begin);
    return is_lines(text, limits) ? lines(text, limits) : one_document(text, limits);
}

spans_result read_span_files(const std::vector<std::string>& paths, const span_file_limits& limits) {
    std::vector<span_data> spans;
    auto left = limits;
    for (const auto& path : paths) {
        const auto name = path == "-" ? "standard input" : tracing::printable(path, true);
        auto content = read_file(path, limits.file_bytes);
        if (!content) return name + ": " + sentence(content.error());
        auto some = read_spans(std::move(*content), left);
        if (!some) return name + ": " + some.error();
        for (auto& span : *some) {
            left.memory -= std::min(left.memory, tracing::memory_of(span));
            spans.push_back(std::move(span));
        }
    }
    return spans;
}

}  // namespace outrider::tools
