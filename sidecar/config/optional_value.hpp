#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sidecar/config/value_type.hpp"

namespace outrider::config {

/// A value that may be missing; once written it is as its type says.
template <typename T>
class optional_type final : public value_type {
  public:
    explicit optional_type(type_of<T> inner) : inner_(std::move(inner.type)) {}
    complaint parse(std::string_view text, void* target) const override {
        T value{};
        if (auto wrong = inner_->parse(text, &value); !wrong.empty()) return wrong;
        *static_cast<std::optional<T>*>(target) = std::move(value);
        return {};
    }
    std::string print(const void* value) const override {
        const auto& held = *static_cast<const std::optional<T>*>(value);
        return held ? inner_->print(&*held) : "";
    }
    std::string phrase() const override { return inner_->phrase(); }
    nlohmann::json schema() const override { return inner_->schema(); }

  private:
    std::shared_ptr<const value_type> inner_;
};

template <typename T>
type_of<std::optional<T>> optionally(type_of<T> inner) {
    return {std::make_shared<optional_type<T>>(std::move(inner))};
}

}  // namespace outrider::config
