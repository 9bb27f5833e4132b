#include "sidecar/config/flow_values.hpp"

#include <nlohmann/json.hpp>

#include "sidecar/config/policy_values.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/config/value_access.hpp"

namespace outrider::config {
namespace {

using flows::event_kind;
using flows::event_match;
using flows::wanted_status;
using governance::match;
using governance::traffic;
using nlohmann::json;
using status_kind = wanted_status::kind;

traffic to_traffic(event_kind kind) {
    switch (kind) {
        case event_kind::inbound:
            return traffic::inbound;
        case event_kind::outbound:
            return traffic::outbound;
        case event_kind::produce:
            return traffic::produce;
        case event_kind::consume:
            break;
    }
    return traffic::consume;
}

/// What a policy's match says of an exchange, read and written the same way.
class event_type final : public value_type {
  public:
    event_type(event_kind kind, type_of<match> as_policies) : kind_(kind), inner_(std::move(as_policies.type)) {}
    complaint parse(std::string_view text, void* target) const override {
        auto& into = as<event_match>(target);
        if (into.kind)
            return "an event is one of inbound, outbound, produce and consume; here is another one of them already";
        match read;
        if (auto wrong = inner_->parse(text, &read); !wrong.empty()) return wrong;
        into.kind = kind_;
        into.topic = read.topic;
        into.method = read.method;
        into.path = read.path;
        return {};
    }
    std::string print(const void* value) const override {
        const auto& of = as<event_match>(value);
        if (of.kind != kind_) return {};
        match shown;
        shown.kind = to_traffic(kind_);
        shown.topic = of.topic;
        shown.method = of.method;
        shown.path = of.path;
        return inner_->print(&shown);
    }
    std::string phrase() const override { return inner_->phrase(); }
    json schema() const override { return inner_->schema(); }

  private:
    event_kind kind_;
    std::shared_ptr<const value_type> inner_;
};

class status_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        auto& into = as<wanted_status>(target);
        if (text == "ok" || text == "error" || text == "any") {
            into = {text == "ok" ? status_kind::ok : text == "any" ? status_kind::any : status_kind::error, 0};
            return {};
        }
        if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '5') {
            into = {status_kind::one_class, static_cast<std::uint16_t>(text[0] - '0')};
            return {};
        }
        const auto code = parse_count(text);
        if (!code || *code < 100 || *code > 599) return quoted(text) + " is not " + phrase();
        into = {status_kind::code, static_cast<std::uint16_t>(*code)};
        return {};
    }
    std::string print(const void* value) const override {
        const auto& of = as<wanted_status>(value);
        switch (of.is) {
            case status_kind::ok:
                return "ok";
            case status_kind::error:
                return "error";
            case status_kind::any:
                return "any";
            case status_kind::one_class:
                return std::to_string(of.number) + "xx";
            case status_kind::code:
                break;
        }
        return std::to_string(of.number);
    }
    std::string phrase() const override {
        return "one of ok, error and any, a class such as 2xx, or a code such as 404";
    }
    json schema() const override {
        return {{"anyOf",
                 {{{"type", "string"}, {"pattern", "^(ok|error|any|[1-5]xx|[1-5][0-9][0-9])$"}},
                  {{"type", "integer"}, {"minimum", 100}, {"maximum", 599}}}}};
    }
};

}  // namespace

type_of<event_match> event_request(event_kind kind) {
    return {std::make_shared<event_type>(kind, http_match(to_traffic(kind)))};
}
type_of<event_match> event_topic(event_kind kind) {
    return {std::make_shared<event_type>(kind, topic_match(to_traffic(kind)))};
}
type_of<wanted_status> event_status() { return {std::make_shared<status_type>()}; }

}  // namespace outrider::config
