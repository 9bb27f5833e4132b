#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/schema.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {

/// `when`: a list of words, each a switch of the rule, and of HTTP statuses from 400 on.
template <typename Rule>
struct conditions {
    static constexpr int least = 400, most = 599;
    std::vector<std::pair<std::string, bool Rule::*>> words;
    std::vector<int> Rule::*statuses = nullptr;
    std::vector<std::string> status_texts;  ///< "400" and so on: an element of the list is a text

    conditions(std::vector<std::pair<std::string, bool Rule::*>> of, std::vector<int> Rule::*codes)
        : words(std::move(of)), statuses(codes) {
        for (int status = least; status <= most; ++status) status_texts.push_back(std::to_string(status));
    }
};

/// The list as the reader sees it: what is added is stored into the rule.
template <typename Rule>
class condition_container final : public container {
  public:
    explicit condition_container(std::shared_ptr<const conditions<Rule>> of) : of_(std::move(of)) {}
    void clear(void* target) const override {
        auto& rule = *static_cast<Rule*>(target);
        for (const auto& [word, on] : of_->words) rule.*on = false;
        (rule.*of_->statuses).clear();
    }
    void* add(void* target, const std::string&) const override { return target; }
    std::size_t size(const void* value) const override { return texts(value).size(); }
    std::pair<std::string, const void*> at(const void* value, std::size_t index) const override {
        return {std::to_string(index), texts(value)[index]};
    }

  private:
    std::vector<const std::string*> texts(const void* value) const {
        const auto& rule = *static_cast<const Rule*>(value);
        std::vector<const std::string*> out;
        for (const auto& [word, on] : of_->words)
            if (rule.*on) out.push_back(&word);
        for (const int status : rule.*of_->statuses)
            out.push_back(&of_->status_texts[static_cast<std::size_t>(status - of_->least)]);
        return out;
    }
    std::shared_ptr<const conditions<Rule>> of_;
};

/// One condition: read into a rule, printed from the text that condition_container gives.
template <typename Rule>
class condition_type final : public value_type {
  public:
    explicit condition_type(std::shared_ptr<const conditions<Rule>> of) : of_(std::move(of)) {}
    complaint parse(std::string_view text, void* target) const override {
        auto& rule = *static_cast<Rule*>(target);
        for (const auto& [word, on] : of_->words) {
            if (text != word) continue;
            if (rule.*on) return "'" + word + "' is there twice";
            rule.*on = true;
            return {};
        }
        return add_status(text, rule.*of_->statuses);
    }
    std::string print(const void* value) const override { return *static_cast<const std::string*>(value); }
    std::string phrase() const override {
        std::string out = "one of ";
        for (const auto& [word, on] : of_->words) out += word + ", ";
        return out + "or a status from " + std::to_string(of_->least) + " to " + std::to_string(of_->most);
    }
    nlohmann::json schema() const override {
        auto words = nlohmann::json::array();
        for (const auto& [word, on] : of_->words) words.push_back(word);
        return {{"anyOf",
                 {{{"enum", std::move(words)}},
                  {{"type", "integer"}, {"minimum", of_->least}, {"maximum", of_->most}},
                  {{"type", "string"}, {"pattern", "^[45][0-9][0-9]$"}}}}};
    }

  private:
    complaint add_status(std::string_view text, std::vector<int>& statuses) const {
        std::vector<std::string> known;
        for (const auto& [word, on] : of_->words) known.push_back(word);
        const auto status = parse_count(text);
        const bool fits = status && *status >= static_cast<std::uint64_t>(of_->least) &&
                          *status <= static_cast<std::uint64_t>(of_->most) && text.size() == 3;
        if (!fits) return "'" + std::string{text} + "' is not " + phrase() + did_you_mean(text, known);
        const int code = static_cast<int>(*status);
        if (std::find(statuses.begin(), statuses.end(), code) != statuses.end())
            return "'" + std::string{text} + "' is there twice";
        statuses.push_back(code);
        return {};
    }
    std::shared_ptr<const conditions<Rule>> of_;
};

template <typename Rule>
setting condition_list(std::string name, conditions<Rule> of, std::string doc) {
    const auto shared = std::make_shared<const conditions<Rule>>(std::move(of));
    return {std::move(name),
            shape::list,
            std::move(doc),
            std::make_shared<condition_type<Rule>>(shared),
            std::make_shared<condition_container<Rule>>(shared),
            {},
            &to_itself};
}

}  // namespace outrider::config
