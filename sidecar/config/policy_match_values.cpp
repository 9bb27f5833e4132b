#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/policy_values.hpp"
#include "sidecar/config/units.hpp"

// What `match` is written in.

namespace outrider::config {
namespace {

using governance::match;
using governance::traffic;
using nlohmann::json;

constexpr std::size_t longest_path = 1'024;
constexpr std::size_t most_segments = 60;
constexpr std::array<const char*, governance::traffics> traffic_words{"inbound", "outbound", "produce", "consume"};

std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

match& as_match(void* target) { return *static_cast<match*>(target); }
const match& as_match(const void* value) { return *static_cast<const match*>(value); }

const char* word_of(traffic which) { return traffic_words[static_cast<std::size_t>(which)]; }

/// A match is about one kind of traffic; two that are written are never both there.
complaint take_kind(match& into, traffic kind) {
    if (into.kind && *into.kind != kind)
        return std::string{"a match has one of inbound, outbound, produce and consume; here is "} +
               word_of(*into.kind) + " already";
    into.kind = kind;
    return {};
}

const std::vector<std::string>& usual_methods() {
    static const std::vector<std::string> all{"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
                                              "DELETE", "OPTIONS", "TRACE", "CONNECT"};
    return all;
}

complaint check_method(std::string_view method) {
    const auto& usual = usual_methods();
    if (std::find(usual.begin(), usual.end(), method) != usual.end()) return {};
    const bool capitals =
        std::all_of(method.begin(), method.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    const auto hint = did_you_mean(method, usual);
    if (!capitals && hint.empty()) return quoted(method) + " is neither a method nor a path; a path begins with '/'";
    if (!hint.empty()) return quoted(method) + " is no method" + hint;
    return method.size() > 32 ? "a method of more than 32 characters" : "";
}

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.';
    });
}

complaint check_segment(std::string_view segment, bool last) {
    const bool braces = segment.find_first_of("{}") != std::string_view::npos;
    if (segment.find('*') != std::string_view::npos)
        return "a path knows no '*'; write {name} for one segment, or {name...} at the end for all that follow";
    if (segment.empty() && !last) return "the path has an empty segment";
    if (segment == "." || segment == "..")
        return "the path has the segment " + quoted(segment) + ", and paths are compared without such";
    if (!braces) return {};
    const auto name = parameter_of(segment);
    if (!is_name(name) || name.find("..") != std::string_view::npos)
        return quoted(segment) + " is no parameter; a parameter is a whole segment: {name}, or {name...} at the end";
    if (segment.ends_with("...}") && !last) return quoted(segment) + " stands for all that follows, so it comes last";
    return {};
}

complaint check_path(std::string_view path) {
    if (!path.starts_with('/')) return quoted(path) + " is no path; a path begins with '/'";
    if (path.size() > longest_path) return "a path of more than 1024 characters";
    if (path.find_first_of("?# \t") != std::string_view::npos)
        return quoted(path) + " is more than a path; queries, fragments and spaces are not compared";
    std::size_t segments = 0;
    auto rest = path;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        if (auto wrong = check_segment(segment, rest.empty()); !wrong.empty()) return wrong;
        if (++segments > most_segments) return "a path of more than 60 segments";
    }
    auto names = parameters_of(path);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    return twice == names.end() ? "" : "the path has two parameters named " + quoted(std::string_view{*twice});
}

class http_match_type final : public value_type {
  public:
    explicit http_match_type(traffic kind) : kind_(kind) {}
    complaint parse(std::string_view text, void* target) const override {
        auto& into = as_match(target);
        text = trim(text);
        if (text.empty()) return "an empty value; write \"METHOD /path\", or \"*\" for all";
        if (auto wrong = take_kind(into, kind_); !wrong.empty()) return wrong;
        if (text == "*") return {};
        const auto space = std::min(text.find(' '), text.size());
        const auto method = text.starts_with('/') ? std::string_view{} : text.substr(0, space);
        const auto path = text.starts_with('/') ? text : trim(text.substr(space));
        if (!method.empty())
            if (auto wrong = check_method(method); !wrong.empty()) return wrong;
        if (!path.empty())
            if (auto wrong = check_path(path); !wrong.empty()) return wrong;
        into.method = method;
        into.path = path;
        return {};
    }
    std::string print(const void* value) const override {
        const auto& of = as_match(value);
        if (of.kind != kind_) return {};
        if (of.method.empty() && of.path.empty()) return "*";
        return of.method + (of.method.empty() || of.path.empty() ? "" : " ") + of.path;
    }
    std::string phrase() const override { return "\"METHOD /path/{parameter}\", \"/path\", \"METHOD\" or \"*\""; }
    json schema() const override { return {{"type", "string"}, {"pattern", "^(\\*|[A-Z-]+|([A-Z-]+ +)?/[^?# ]*)$"}}; }

  private:
    traffic kind_;
};

complaint check_glob(std::string_view text, std::string_view what) {
    const bool good = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
    if (text.empty() || !good || text.size() > 255)
        return quoted(text) + " is not " + std::string{what} + "; `*` stands for any characters";
    return {};
}

class topic_match_type final : public value_type {
  public:
    explicit topic_match_type(traffic kind) : kind_(kind) {}
    complaint parse(std::string_view text, void* target) const override {
        const bool good = std::all_of(text.begin(), text.end(), [](char c) { return c == '*' || is_name({&c, 1}); });
        if (text.empty() || !good || text.size() > 249)
            return quoted(text) + " is not the name of a topic; `*` stands for any characters";
        auto& into = as_match(target);
        if (auto wrong = take_kind(into, kind_); !wrong.empty()) return wrong;
        into.topic = text;
        return {};
    }
    std::string print(const void* value) const override {
        return as_match(value).kind == kind_ ? as_match(value).topic : "";
    }
    std::string phrase() const override { return "the name of a topic, `*` for any characters"; }
    json schema() const override { return {{"type", "string"}, {"pattern", "^[A-Za-z0-9._*-]+$"}}; }

  private:
    traffic kind_;
};

class api_match_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        traffic kind{};
        if (auto wrong = words_.type->parse(text, &kind); !wrong.empty()) return wrong;
        return take_kind(as_match(target), kind);
    }
    std::string print(const void* value) const override {
        const auto& of = as_match(value);
        const bool kafka = of.kind == traffic::produce || of.kind == traffic::consume;
        return kafka && of.topic.empty() ? word_of(*of.kind) : "";
    }
    std::string phrase() const override { return words_.type->phrase(); }
    json schema() const override { return words_.type->schema(); }

  private:
    type_of<traffic> words_ = choice<traffic>({{"produce", traffic::produce}, {"consume", traffic::consume}});
};

class glob_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        if (auto wrong = check_glob(text, "a name"); !wrong.empty()) return wrong;
        *static_cast<std::string*>(target) = text;
        return {};
    }
    std::string print(const void* value) const override { return *static_cast<const std::string*>(value); }
    std::string phrase() const override { return "a name, `*` for any characters"; }
    json schema() const override { return {{"type", json::array({"string", "number"})}}; }
};

}  // namespace

std::string_view parameter_of(std::string_view segment) {
    if (!segment.starts_with('{') || !segment.ends_with('}')) return {};
    segment = segment.substr(1, segment.size() - 2);
    if (segment.ends_with("...")) segment.remove_suffix(3);
    return segment;
}

std::vector<std::string> parameters_of(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const auto segment = path.substr(0, path.find('/'));
        if (const auto name = parameter_of(segment); !name.empty()) names.emplace_back(name);
        path.remove_prefix(std::min(segment.size() + 1, path.size()));
    }
    return names;
}

type_of<match> http_match(traffic kind) { return {std::make_shared<http_match_type>(kind)}; }
type_of<match> topic_match(traffic kind) { return {std::make_shared<topic_match_type>(kind)}; }
type_of<match> api_match() { return {std::make_shared<api_match_type>()}; }
type_of<std::string> glob() { return {std::make_shared<glob_type>()}; }

}  // namespace outrider::config
