#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/settings.hpp"

namespace outrider::config {

/// How values of one kind are read, written and described, behind `void*` so that one table can hold every kind.
class value_type {
  public:
    virtual ~value_type() = default;
    /// @return nothing when `text` was stored at `target`, else what is wrong; the target is then unchanged or partly
    /// set
    virtual complaint parse(std::string_view text, void* target) const = 0;
    virtual std::string print(const void* value) const = 0;
    /// "a duration such as 250ms, 3s, 1m or 1h, up to 1h": completes "... is".
    virtual std::string phrase() const = 0;
    /// As JSON Schema.
    virtual nlohmann::json schema() const = 0;
    /// Whether a relative value means a file beside the configuration file.
    virtual bool is_path() const { return false; }
};

/// A value_type whose target is a T: what ties a declaration to its member at compile time.
template <typename T>
struct type_of {
    std::shared_ptr<const value_type> type;
};

type_of<std::chrono::milliseconds> duration(std::chrono::milliseconds least, std::chrono::milliseconds most);
type_of<std::uint32_t> size(std::uint32_t least, std::uint32_t most);
type_of<std::uint64_t> size64(std::uint64_t least, std::uint64_t most);
type_of<std::uint32_t> count(std::uint32_t least, std::uint32_t most);
type_of<double> share(double most);
type_of<bool> yes_or_no();
type_of<std::string> text();
/// One path segment's worth of characters: letters, digits, '.', '_', '-'.
type_of<std::string> word();
type_of<std::string> path();
type_of<endpoint> listen_address();
type_of<std::optional<endpoint>> optional_listen_address();
type_of<endpoint> target_address();
type_of<std::optional<endpoint>> optional_target_address();
type_of<upstream_endpoint> upstream_address();
/// http:// or https://, to which a path can be added.
type_of<std::string> base_url();
/// The same, complete, perhaps with a query; the query is not printed.
type_of<std::string> full_url();
/// redis://[[user]:password@]host[:port][/database]; the password is not printed.
type_of<std::string> redis_url();
/// One of a few words, kept as text.
type_of<std::string> word_of(std::vector<std::string> words);

/// One of a few words, each standing for a value of an enum. Tools that speak YAML 1.1 turn some words into false and
/// true: those mean `disabled` and `enabled` where these exist.
template <typename Enum>
type_of<Enum> choice(std::vector<std::pair<std::string, Enum>> words);

/// The text of choice(): shared by every enum.
class choice_type : public value_type {
  public:
    explicit choice_type(std::vector<std::string> words) : words_(std::move(words)) {}
    complaint parse(std::string_view text, void* target) const override;
    std::string print(const void* value) const override;
    std::string phrase() const override;
    nlohmann::json schema() const override;

  protected:
    virtual void store(std::size_t index, void* target) const = 0;
    /// The number of words for a value that has none: it stands where nothing was written.
    virtual std::size_t index_of(const void* value) const = 0;
    std::vector<std::string> words_;
};

template <typename Enum>
class enum_type final : public choice_type {
  public:
    enum_type(std::vector<std::string> words, std::vector<Enum> values)
        : choice_type(std::move(words)), values_(std::move(values)) {}

  private:
    void store(std::size_t index, void* target) const override { *static_cast<Enum*>(target) = values_[index]; }
    std::size_t index_of(const void* value) const override {
        std::size_t index = 0;
        while (index < values_.size() && values_[index] != *static_cast<const Enum*>(value)) ++index;
        return index;
    }
    std::vector<Enum> values_;
};

template <typename Enum>
type_of<Enum> choice(std::vector<std::pair<std::string, Enum>> words) {
    std::vector<std::string> names;
    std::vector<Enum> values;
    for (auto& [name, value] : words) {
        names.push_back(std::move(name));
        values.push_back(value);
    }
    return {std::make_shared<enum_type<Enum>>(std::move(names), std::move(values))};
}

}  // namespace outrider::config
