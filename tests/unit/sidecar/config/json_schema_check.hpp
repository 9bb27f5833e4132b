#pragma once

#include <regex>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "sidecar/config/node.hpp"

namespace outrider::config::test {

/// Judges a document by a JSON Schema, as far as our schemas go: another keyword than those below is a failure of the
/// test, not of the document.
class json_schema_check {
  public:
    explicit json_schema_check(nlohmann::json schema) : root_(std::move(schema)) {}
    /// Nothing, or where the document is not as the schema says, and by which keyword.
    std::string judge(const nlohmann::json& document) const { return judge(root_, document, ""); }

  private:
    using json = nlohmann::json;

    std::string judge(const json& schema, const json& value, const std::string& at) const {
        if (schema.is_boolean()) return schema.get<bool>() ? "" : at + ": nothing is allowed";
        for (const auto& [keyword, rule] : schema.items())
            if (auto wrong = judge(keyword, rule, schema, value, at); !wrong.empty()) return wrong;
        return {};
    }

    std::string judge(const std::string& keyword, const json& rule, const json& schema, const json& value,
                      const std::string& at) const {
        const auto unless = [&](bool good) { return good ? std::string{} : at + ": " + keyword + " " + rule.dump(); };
        if (keyword == "description" || keyword == "title" || keyword == "$schema" || keyword == "$defs") return {};
        if (keyword == "$ref") return judge(root_.at("$defs").at(rule.get<std::string>().substr(8)), value, at);
        if (keyword == "anyOf") return any_of(rule, value, at);
        if (keyword == "type") return unless(has_type(rule, value));
        if (keyword == "const") return unless(value == rule);
        if (keyword == "enum") return unless(std::find(rule.begin(), rule.end(), value) != rule.end());
        if (keyword == "pattern")
            return unless(!value.is_string() ||
                          std::regex_search(value.get<std::string>(), std::regex{rule.get<std::string>()}));
        if (keyword == "minLength")
            return unless(!value.is_string() || value.get_ref<const std::string&>().size() >= rule.get<std::size_t>());
        if (keyword == "minimum") return unless(!value.is_number() || value >= rule);
        if (keyword == "exclusiveMinimum") return unless(!value.is_number() || value > rule);
        if (keyword == "maximum") return unless(!value.is_number() || value <= rule);
        if (keyword == "maxItems") return unless(!value.is_array() || value.size() <= rule.get<std::size_t>());
        if (keyword == "required")
            return unless(!value.is_object() ||
                          std::all_of(rule.begin(), rule.end(), [&](const json& key) { return value.contains(key); }));
        if (keyword == "items") return items(rule, value, at);
        if (keyword == "properties") return properties(rule, value, at);
        if (keyword == "additionalProperties") return additional(rule, schema, value, at);
        throw std::logic_error{"unknown keyword " + keyword};
    }

    static bool has_type(const json& rule, const json& value) {
        if (rule.is_array())
            return std::any_of(rule.begin(), rule.end(), [&](const json& one) { return has_type(one, value); });
        const auto type = rule.get<std::string>();
        if (type == "integer") return value.is_number_integer();
        if (type == "number") return value.is_number();
        return type == value.type_name();
    }

    std::string any_of(const json& rules, const json& value, const std::string& at) const {
        std::string all;
        for (const auto& rule : rules) {
            const auto wrong = judge(rule, value, at);
            if (wrong.empty()) return {};
            all += (all.empty() ? "" : "; or ") + wrong;
        }
        return all;
    }

    std::string items(const json& rule, const json& value, const std::string& at) const {
        for (std::size_t i = 0; value.is_array() && i < value.size(); ++i)
            if (auto wrong = judge(rule, value[i], at + "/" + std::to_string(i)); !wrong.empty()) return wrong;
        return {};
    }

    std::string properties(const json& rule, const json& value, const std::string& at) const {
        for (const auto& [key, schema] : rule.items()) {
            if (!value.is_object() || !value.contains(key)) continue;
            if (auto wrong = judge(schema, value.at(key), at + "/" + key); !wrong.empty()) return wrong;
        }
        return {};
    }

    std::string additional(const json& rule, const json& schema, const json& value, const std::string& at) const {
        if (!value.is_object()) return {};
        const auto known = schema.value("properties", json::object());
        for (const auto& [key, member] : value.items()) {
            if (known.contains(key)) continue;
            if (auto wrong = judge(rule, member, at + "/" + key); !wrong.empty()) return wrong;
        }
        return {};
    }

    json root_;
};

/// What a YAML document means as JSON by YAML's core schema; scalars are taken for plain ones.
inline nlohmann::json to_json(const node& of) {
    switch (of.kind) {
        case node_kind::null:
            return nullptr;
        case node_kind::list: {
            auto out = nlohmann::json::array();
            for (const auto& item : of.items) out.push_back(to_json(item));
            return out;
        }
        case node_kind::mapping: {
            auto out = nlohmann::json::object();
            for (const auto& entry : of.members) out[entry.key] = to_json(entry.value);
            return out;
        }
        case node_kind::scalar:
            break;
    }
    if (of.text == "true" || of.text == "false") return of.text == "true";
    static const std::regex number{"-?(0|[1-9][0-9]*)(\\.[0-9]+)?"};
    return std::regex_match(of.text, number) ? nlohmann::json::parse(of.text) : nlohmann::json(of.text);
}

}  // namespace outrider::config::test
