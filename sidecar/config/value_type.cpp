#include "sidecar/config/value_type.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/config/value_access.hpp"

namespace outrider::config {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class duration_type final : public value_type {
  public:
    duration_type(milliseconds least, milliseconds most) : least_(least), most_(most) {}
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_duration(text);
        if (!value && parse_count(text))
            return quoted(text) + " has no unit; write " + std::string{text} + "ms or " + std::string{text} + "s";
        if (!value) return quoted(text) + " is not " + phrase();
        if (*value < least_) return quoted(text) + " is too short; the least is " + duration_text(least_);
        if (*value > most_) return quoted(text) + " is too long; the most is " + duration_text(most_);
        as<milliseconds>(target) = *value;
        return {};
    }
    std::string print(const void* value) const override { return duration_text(as<milliseconds>(value)); }
    std::string phrase() const override {
        return "a duration such as 250ms, 3s, 1m or 1h, from " + duration_text(least_) + " to " + duration_text(most_);
    }
    json schema() const override {
        return {{"anyOf", {{{"type", "string"}, {"pattern", "^(0|[0-9]+(\\.[0-9]+)?(ms|s|m|h))$"}}, {{"const", 0}}}}};
    }

  private:
    milliseconds least_, most_;
};

template <typename T>
class size_type final : public value_type {
  public:
    size_type(T least, T most) : least_(least), most_(most) {}
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_size(text);
        if (!value) return quoted(text) + " is not " + phrase();
        if (*value < least_) return quoted(text) + " is too small; the least is " + size_text(least_);
        if (*value > most_) return quoted(text) + " is too large; the most is " + size_text(most_);
        as<T>(target) = static_cast<T>(*value);
        return {};
    }
    std::string print(const void* value) const override { return size_text(as<T>(value)); }
    std::string phrase() const override {
        return "a size such as 1024, 64KiB or 5MiB, from " + size_text(least_) + " to " + size_text(most_);
    }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "integer"}, {"minimum", least_}, {"maximum", most_}},
                  {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?([KMGT]iB|[kKMG]?B)?$"}}}}};
    }

  private:
    T least_, most_;
};

class count_type final : public value_type {
  public:
    count_type(std::uint32_t least, std::uint32_t most) : least_(least), most_(most) {}
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_count(text);
        if (!value) return quoted(text) + " is not " + phrase();
        if (*value < least_) return quoted(text) + " is too small; the least is " + std::to_string(least_);
        if (*value > most_) return quoted(text) + " is too large; the most is " + std::to_string(most_);
        as<std::uint32_t>(target) = static_cast<std::uint32_t>(*value);
        return {};
    }
    std::string print(const void* value) const override { return std::to_string(as<std::uint32_t>(value)); }
    std::string phrase() const override {
        return "a whole number from " + std::to_string(least_) + " to " + std::to_string(most_);
    }
    json schema() const override { return {{"type", "integer"}, {"minimum", least_}, {"maximum", most_}}; }

  private:
    std::uint32_t least_, most_;
};

class share_type final : public value_type {
  public:
    explicit share_type(double most) : most_(most) {}
    complaint parse(std::string_view text, void* target) const override {
        const auto value = parse_share(text);
        if (!value) return quoted(text) + " is not " + phrase();
        if (*value > most_) return quoted(text) + " is too large; the most is " + share_text(most_);
        as<double>(target) = *value;
        return {};
    }
    std::string print(const void* value) const override { return share_text(as<double>(value)); }
    std::string phrase() const override { return "a number such as 0.25 or 25%, from 0 to " + share_text(most_); }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "number"}, {"minimum", 0}, {"maximum", most_}},
                  {{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?%$"}}}}};
    }

  private:
    double most_;
};

class yes_or_no_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        if (text != "true" && text != "false") return quoted(text) + " is not " + phrase();
        as<bool>(target) = text == "true";
        return {};
    }
    std::string print(const void* value) const override { return as<bool>(value) ? "true" : "false"; }
    std::string phrase() const override { return "true or false"; }
    json schema() const override { return {{"type", "boolean"}}; }
};

/// Free text, perhaps only of some characters.
class text_type : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        if (trim(text).empty()) return "an empty value; write one or remove the key";
        as<std::string>(target) = text;
        return {};
    }
    std::string print(const void* value) const override { return as<std::string>(value); }
    std::string phrase() const override { return "text"; }
    json schema() const override { return {{"type", json::array({"string", "number"})}}; }
};

class word_type final : public text_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto allowed = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                   c == '-';
        };
        if (text.size() > 128) return "longer than 128 characters";
        if (!std::all_of(text.begin(), text.end(), allowed)) return quoted(text) + " is not " + phrase();
        return text_type::parse(text, target);
    }
    std::string phrase() const override { return "a name of letters, digits, '.', '_' and '-'"; }
};

class path_type final : public text_type {
  public:
    std::string phrase() const override { return "a path"; }
    json schema() const override { return {{"type", "string"}}; }
    bool is_path() const override { return true; }
};

class url_type final : public text_type {
  public:
    explicit url_type(bool base) : base_(base) {}
    complaint parse(std::string_view text, void* target) const override {
        upstream_endpoint where;
        const auto scheme = text.find("://");
        if (scheme == std::string_view::npos) return quoted(text) + " has no scheme; write http://" + std::string{text};
        const auto slash = text.find('/', scheme + 3);
        if (auto wrong = parse_upstream_endpoint(text.substr(0, slash), where); !wrong.empty()) return wrong;
        if (text.find_first_of(" \t\r\n\"<>\\^`{|}#") != std::string_view::npos)
            return quoted(text) + " is not " + phrase();
        if (base_ && text.find('?') != std::string_view::npos) {
            return quoted(text.substr(0, text.find('?'))) + " goes on with a query, which a base URL has not";
        }
        as<std::string>(target) = text;
        return {};
    }
    /// A query may hold a key.
    std::string print(const void* value) const override {
        const auto& url = as<std::string>(value);
        const auto query = url.find('?');
        return query == std::string::npos ? url : url.substr(0, query) + "?(hidden)";
    }
    std::string phrase() const override {
        return base_ ? "a URL such as http://jaeger:4318" : "a URL such as http://jaeger:4318/v1/traces";
    }
    json schema() const override { return {{"type", "string"}, {"pattern", "^https?://"}}; }

  private:
    bool base_;
};

/// An address, read by one of the functions of endpoint.hpp.
template <typename T>
class address_type final : public value_type {
  public:
    using reader = complaint (*)(std::string_view, endpoint&);
    address_type(reader read, std::string phrase) : read_(read), phrase_(std::move(phrase)) {}
    complaint parse(std::string_view text, void* target) const override {
        endpoint value;
        if (auto wrong = read_(text, value); !wrong.empty()) return wrong;
        as<T>(target) = std::move(value);
        return {};
    }
    std::string print(const void* value) const override {
        if constexpr (std::is_same_v<T, endpoint>) {
            return as<T>(value).port == 0 && as<T>(value).host.empty() ? "" : as<T>(value).text();
        } else {
            return as<T>(value) ? as<T>(value)->text() : "";
        }
    }
    std::string phrase() const override { return phrase_; }
    json schema() const override { return {{"type", "string"}}; }

  private:
    reader read_;
    std::string phrase_;
};

class upstream_address_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        return parse_upstream_endpoint(text, as<upstream_endpoint>(target));
    }
    std::string print(const void* value) const override { return to_text(as<upstream_endpoint>(value)); }
    std::string phrase() const override { return "[http://|https://]host[:port]"; }
    json schema() const override { return {{"type", "string"}}; }
};

class word_of_type final : public choice_type {
  public:
    using choice_type::choice_type;

  private:
    void store(std::size_t index, void* target) const override { as<std::string>(target) = words_[index]; }
    std::size_t index_of(const void* value) const override {
        const auto found = std::find(words_.begin(), words_.end(), as<std::string>(value));
        return found == words_.end() ? 0 : static_cast<std::size_t>(found - words_.begin());
    }
};

}  // namespace

complaint choice_type::parse(std::string_view text, void* target) const {
    const std::string_view meant = text == "false" ? "disabled" : text == "true" ? "enabled" : text;
    const auto found = std::find(words_.begin(), words_.end(), meant);
    if (found == words_.end()) return quoted(text) + " is not " + phrase() + did_you_mean(text, words_);
    store(static_cast<std::size_t>(found - words_.begin()), target);
    return {};
}

std::string choice_type::print(const void* value) const {
    const auto index = index_of(value);
    return index < words_.size() ? words_[index] : "";
}

std::string choice_type::phrase() const {
    std::string out = words_.size() > 1 ? "one of " : "";
    for (std::size_t i = 0; i < words_.size(); ++i) {
        if (i > 0) out += i + 1 == words_.size() ? " or " : ", ";
        out += words_[i];
    }
    return out;
}

json choice_type::schema() const { return {{"enum", words_}}; }

type_of<milliseconds> duration(milliseconds least, milliseconds most) {
    return {std::make_shared<duration_type>(least, most)};
}
type_of<std::uint32_t> size(std::uint32_t least, std::uint32_t most) {
    return {std::make_shared<size_type<std::uint32_t>>(least, most)};
}
type_of<std::uint64_t> size64(std::uint64_t least, std::uint64_t most) {
    return {std::make_shared<size_type<std::uint64_t>>(least, most)};
}
type_of<std::uint32_t> count(std::uint32_t least, std::uint32_t most) {
    return {std::make_shared<count_type>(least, most)};
}
type_of<double> share(double most) { return {std::make_shared<share_type>(most)}; }
type_of<bool> yes_or_no() { return {std::make_shared<yes_or_no_type>()}; }
type_of<std::string> text() { return {std::make_shared<text_type>()}; }
type_of<std::string> word() { return {std::make_shared<word_type>()}; }
type_of<std::string> path() { return {std::make_shared<path_type>()}; }
type_of<endpoint> listen_address() {
    return {std::make_shared<address_type<endpoint>>(&parse_listen, "an address to listen on, host:port")};
}
type_of<std::optional<endpoint>> optional_listen_address() {
    return {
        std::make_shared<address_type<std::optional<endpoint>>>(&parse_listen, "an address to listen on, host:port")};
}
type_of<endpoint> target_address() {
    return {std::make_shared<address_type<endpoint>>(&parse_target, "an address to connect to, host:port")};
}
type_of<std::optional<endpoint>> optional_target_address() {
    return {
        std::make_shared<address_type<std::optional<endpoint>>>(&parse_target, "an address to connect to, host:port")};
}
type_of<upstream_endpoint> upstream_address() { return {std::make_shared<upstream_address_type>()}; }
type_of<std::string> base_url() { return {std::make_shared<url_type>(true)}; }
type_of<std::string> full_url() { return {std::make_shared<url_type>(false)}; }
type_of<std::string> word_of(std::vector<std::string> words) {
    return {std::make_shared<word_of_type>(std::move(words))};
}

}  // namespace outrider::config
