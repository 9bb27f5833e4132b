#include "sidecar/config/capture_values.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/value_access.hpp"

namespace outrider::config {
namespace {

using nlohmann::json;
using place = value_source::place;

struct prefix {
    std::string_view text;
    place where;
};
constexpr std::array prefixes{prefix{"path:", place::path}, prefix{"query:", place::query},
                              prefix{"header:", place::header}, prefix{"json:", place::json},
                              prefix{"kafka:header:", place::kafka_header}};
constexpr std::string_view record_key = "kafka:key";
constexpr std::string_view forms = "path:NAME, query:NAME, header:NAME, json:/POINTER, kafka:key or kafka:header:NAME";
constexpr std::size_t longest_name = 256, deepest_pointer = 16, shortest_secret = 16;

/// What these hold lets whoever reads it in.
constexpr std::array credentials{std::string_view{"authorization"}, std::string_view{"proxy-authorization"},
                                 std::string_view{"cookie"}, std::string_view{"set-cookie"}};

bool is_token(std::string_view text) {
    constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               symbols.find(c) != symbols.npos;
    });
}

std::string in_small(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
}

complaint check_pointer(std::string_view whole, std::string_view pointer) {
    if (!pointer.starts_with('/'))
        return quoted(whole) + " is no JSON Pointer; did you mean 'json:/" + std::string{pointer} + "'?";
    if (static_cast<std::size_t>(std::count(pointer.begin(), pointer.end(), '/')) > deepest_pointer)
        return quoted(whole) + " is deeper than " + std::to_string(deepest_pointer) + " levels";
    for (auto at = pointer.find('~'); at != std::string_view::npos; at = pointer.find('~', at + 1)) {
        const auto next = pointer.substr(at + 1, 1);
        if (next != "0" && next != "1")
            return quoted(whole) + " is no JSON Pointer: '~' is written ~0, and '/' within a name ~1";
    }
    return {};
}

complaint check_name(std::string_view whole, const value_source& source) {
    const std::string_view name = source.name;
    if (name.size() > longest_name) return quoted(whole) + " is longer than " + std::to_string(longest_name);
    if (source.where == place::json) return check_pointer(whole, name);
    if (name.empty()) return quoted(whole) + " lacks the name behind its colon";
    if (source.where == place::header) {
        if (!is_token(name)) return quoted(whole) + " names no header field";
        if (std::find(credentials.begin(), credentials.end(), name) != credentials.end())
            return quoted(whole) + " holds credentials, which never go into spans";
    }
    if (source.where == place::path && name.find_first_of("/?{}") != std::string_view::npos)
        return quoted(whole) + " is no segment; path:order takes the segment behind one that is called order or orders";
    return {};
}

/// What was meant by something that begins with no known word.
std::string suggestion(std::string_view text) {
    static const std::vector<std::string> known = [] {
        std::vector<std::string> out{std::string{record_key}};
        for (const auto& each : prefixes) out.emplace_back(each.text);
        return out;
    }();
    if (text.starts_with('/')) return "; did you mean 'json:" + std::string{text} + "'?";
    if (auto near = did_you_mean(text, known); !near.empty()) return near;
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    const auto kind = nearest(text.substr(0, colon + 1), known);
    return kind.empty() ? "" : "; did you mean '" + kind + std::string{text.substr(colon + 1)} + "'?";
}

class source_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return parse_value_source(text, as<value_source>(target));
    }
    std::string print(const void* value) const override { return as<value_source>(value).text(); }
    std::string phrase() const override { return std::string{forms}; }
    json schema() const override {
        return {{"type", "string"}, {"pattern", "^(path:|query:|header:|json:/|kafka:key$|kafka:header:)"}};
    }
};

class secret_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        if (text.size() < shortest_secret)
            return "too short to keep anything secret; write at least " + std::to_string(shortest_secret) +
                   " random characters";
        as<std::string>(target) = text;
        return {};
    }
    std::string print(const void* value) const override { return as<std::string>(value); }
    std::string phrase() const override {
        return "text of at least " + std::to_string(shortest_secret) + " characters";
    }
    json schema() const override { return {{"type", "string"}, {"minLength", shortest_secret}}; }
};

}  // namespace

std::string value_source::text() const {
    if (where == place::kafka_key) return std::string{record_key};
    for (const auto& each : prefixes)
        if (each.where == where) return std::string{each.text} + name;
    return {};
}

complaint parse_value_source(std::string_view text, value_source& out) {
    out = {};
    if (text == record_key) return out.where = place::kafka_key, complaint{};
    for (const auto& each : prefixes) {
        if (!text.starts_with(each.text)) continue;
        out.where = each.where;
        out.name = text.substr(each.text.size());
        if (out.where == place::header) out.name = in_small(out.name);
        return check_name(text, out);
    }
    return quoted(text) + " is not " + std::string{forms} + suggestion(text);
}

type_of<value_source> value_source_type() { return {std::make_shared<source_type>()}; }
type_of<std::string> long_secret() { return {std::make_shared<secret_type>()}; }

}  // namespace outrider::config
