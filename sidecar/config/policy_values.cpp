#include "sidecar/config/policy_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/config/value_access.hpp"

namespace outrider::config {
namespace {

using nlohmann::json;

struct time_unit {
    std::string_view name;
    double seconds;
};
constexpr std::array<time_unit, 6> time_units{
    {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3'600}, {"d", 86'400}, {"day", 86'400}}};
constexpr double most_per_second = 1e12;

/// A number, or a size in bytes.
std::optional<double> amount_of(std::string_view text) {
    if (const auto size = parse_size(text)) return static_cast<double>(*size);
    return text.ends_with('%') ? std::nullopt : parse_share(text);
}

class rate_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto slash = text.find('/');
        const auto amount = amount_of(text.substr(0, slash));
        if (amount && slash == std::string_view::npos)
            return quoted(text) + " has no unit of time; write " + std::string{text} + "/s or " + std::string{text} +
                   "/min";
        if (!amount) return quoted(text) + " is not " + phrase();
        const auto named = text.substr(slash + 1);
        const auto unit = std::find_if(time_units.begin(), time_units.end(), [&](auto& u) { return u.name == named; });
        if (unit == time_units.end())
            return "a rate counts per s, min, h or d, not per " + quoted(named) + "; write " +
                   std::string{text.substr(0, slash)} + "/s";
        if (*amount == 0) return quoted(text) + " lets nothing pass; write a rate above 0";
        if (*amount / unit->seconds > most_per_second)
            return quoted(text) + " is too much; the most is 1e12 in a second";
        as<governance::rate>(target) = {*amount / unit->seconds, std::string{text}};
        return {};
    }
    std::string print(const void* value) const override { return as<governance::rate>(value).text; }
    std::string phrase() const override { return "a rate such as 100/s, 6000/min, 10/h or 5MiB/s"; }
    json schema() const override {
        return {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?([KMGT]iB|[kKMG]?B)?/(s|m|min|h|d|day)$"}};
    }
};

class burst_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto amount = amount_of(text);
        if (!amount) return quoted(text) + " is not " + phrase();
        if (*amount < 1) return quoted(text) + " is too small; the least is 1";
        if (*amount > most_per_second) return quoted(text) + " is too large; the most is 1e12";
        as<double>(target) = *amount;
        return {};
    }
    std::string print(const void* value) const override { return share_text(as<double>(value)); }
    std::string phrase() const override { return "a number such as 50, or a size such as 10MiB"; }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "number"}, {"minimum", 1}},
                  {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?([KMGT]iB|[kKMG]?B)?$"}}}}};
    }
};

class portion_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_share(text);
        if (!value) return quoted(text) + " is not " + phrase();
        if (*value <= 0) return quoted(text) + " is too small; write more than 0%";
        if (*value > 1) return quoted(text) + " is more than all; write " + hint(text, *value);
        as<double>(target) = *value;
        return {};
    }
    /// In percent, where that reads back as the same.
    std::string print(const void* value) const override {
        const double share = as<double>(value);
        auto percent = share_text(std::round(share * 1e6) / 1e4) + "%";
        return parse_share(percent) == share ? percent : share_text(share);
    }
    std::string phrase() const override { return "a share such as 50% or 0.5"; }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}},
                  {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?%$"}}}}};
    }

  private:
    static std::string hint(std::string_view text, double value) {
        return value <= 100 && !text.ends_with('%') ? std::string{text} + "%" : "at most 100%";
    }
};

class slow_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        constexpr std::string_view over = " over ";
        const auto split = text.find(over);
        if (split == std::string_view::npos) return quoted(text) + " is not " + phrase();
        auto& rule = as<governance::breaker_rule>(target);
        double share = 0;
        if (auto wrong = portion_.type->parse(trim(text.substr(0, split)), &share); !wrong.empty()) return wrong;
        if (auto wrong = time_.type->parse(trim(text.substr(split + over.size())), &rule.slow_over); !wrong.empty())
            return wrong;
        rule.slow = share;
        return {};
    }
    std::string print(const void* value) const override {
        const auto& rule = as<governance::breaker_rule>(value);
        return rule.slow ? portion_.type->print(&*rule.slow) + " over " + duration_text(rule.slow_over) : "";
    }
    std::string phrase() const override { return "a share of calls and a time, such as 80% over 400ms"; }
    json schema() const override {
        return {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?%? over [0-9]+(\\.[0-9]+)?(ms|s|m|h)$"}};
    }

  private:
    type_of<double> portion_ = portion();
    type_of<milliseconds> time_ = duration(milliseconds{1}, std::chrono::hours{1});
};

struct key_word {
    std::string_view word;
    governance::key_source::kind kind;
    bool named;
};
using source_kind = governance::key_source::kind;
constexpr std::array<key_word, 9> key_words{{{"address", source_kind::address, false},
                                             {"header", source_kind::header, true},
                                             {"path", source_kind::path, true},
                                             {"host", source_kind::host, false},
                                             {"upstream", source_kind::upstream, false},
                                             {"topic", source_kind::topic, false},
                                             {"group", source_kind::group, false},
                                             {"client_id", source_kind::client, false},
                                             {"principal", source_kind::principal, false}}};

class key_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto colon = text.find(':');
        const auto word = text.substr(0, colon);
        const auto name = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
        const auto known = std::find_if(key_words.begin(), key_words.end(), [&](auto& k) { return k.word == word; });
        if (known == key_words.end()) return quoted(text) + " is not " + phrase() + did_you_mean(word, words());
        if (known->named && name.empty())
            return quoted(text) + " does not say which one; write " + std::string{word} + ":NAME";
        if (!known->named && colon != std::string_view::npos)
            return quoted(word) + " takes no name; write " + std::string{word};
        if (!std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7F' && c != ':'; }))
            return quoted(name) + " is no name of a " + std::string{word == "path" ? "path parameter" : "header field"};
        auto& key = as<governance::key_source>(target);
        key = {known->kind, std::string{name}};
        if (known->kind == source_kind::header)
            std::transform(key.name.begin(), key.name.end(), key.name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return {};
    }
    std::string print(const void* value) const override {
        const auto& key = as<governance::key_source>(value);
        const auto known =
            std::find_if(key_words.begin(), key_words.end(), [&](auto& k) { return k.kind == key.from; });
        if (known == key_words.end()) return {};
        return std::string{known->word} + (known->named ? ":" + key.name : "");
    }
    std::string phrase() const override {
        return "one of address, header:NAME, path:NAME, host, upstream, topic, group, client_id or principal";
    }
    json schema() const override {
        return {{"type", "string"},
                {"pattern", "^(address|header:.+|path:.+|host|upstream|topic|group|client_id|principal)$"}};
    }

  private:
    static std::vector<std::string> words() {
        std::vector<std::string> out;
        for (const auto& each : key_words) out.emplace_back(each.word);
        return out;
    }
};

/// The words of `mode`, and what switches become that a template wrote as YAML 1.1.
class mode_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const std::string_view meant = text == "false" || text == "off" ? "disabled"
                                       : text == "true" || text == "on" ? "enforce"
                                                                        : text;
        return words_.type->parse(meant, target);
    }
    std::string print(const void* value) const override { return words_.type->print(value); }
    std::string phrase() const override { return words_.type->phrase(); }
    json schema() const override { return {{"enum", {"enforce", "shadow", "disabled", true, false, "on", "off"}}}; }

  private:
    type_of<governance::mode> words_ = choice<governance::mode>({{"enforce", governance::mode::enforce},
                                                                 {"shadow", governance::mode::shadow},
                                                                 {"disabled", governance::mode::disabled}});
};

class status_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_count(text);
        if (!value || *value < 200 || *value > 599) return quoted(text) + " is not " + phrase();
        as<int>(target) = static_cast<int>(*value);
        return {};
    }
    std::string print(const void* value) const override { return std::to_string(as<int>(value)); }
    std::string phrase() const override { return "a status from 200 to 599"; }
    json schema() const override { return {{"type", "integer"}, {"minimum", 200}, {"maximum", 599}}; }
};

class body_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return text_.type->parse(text, &as<governance::fallback_rule>(target).body);
    }
    std::string print(const void* value) const override {
        const auto& rule = as<governance::fallback_rule>(value);
        return rule.file.empty() ? rule.body : "";
    }
    std::string phrase() const override { return "text"; }
    json schema() const override { return {{"type", json::array({"string", "number"})}}; }

  private:
    type_of<std::string> text_ = text();
};

}  // namespace

bool counts_bytes(const governance::rate& of) {
    const auto slash = of.text.find('/');
    return slash != std::string::npos && slash > 0 && of.text[slash - 1] == 'B';
}

type_of<governance::rate> rate_value() { return {std::make_shared<rate_type>()}; }
type_of<double> burst_value() { return {std::make_shared<burst_type>()}; }
type_of<double> portion() { return {std::make_shared<portion_type>()}; }
type_of<governance::breaker_rule> slow_calls() { return {std::make_shared<slow_type>()}; }
type_of<governance::key_source> key_value() { return {std::make_shared<key_type>()}; }
type_of<governance::mode> mode_value() { return {std::make_shared<mode_type>()}; }
type_of<int> status_value() { return {std::make_shared<status_type>()}; }
type_of<governance::fallback_rule> body_value() { return {std::make_shared<body_type>()}; }

}  // namespace outrider::config
