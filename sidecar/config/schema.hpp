#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/config/node.hpp"
#include "sidecar/config/value_type.hpp"

namespace outrider::config {

/// What a key holds.
enum class shape {
    scalar,    ///< one value
    list,      ///< values
    table,     ///< name: value, names free
    section,   ///< keys of its own
    sections,  ///< a list of sections
    named,     ///< name: section, names free
    later,     ///< belongs to a later version: an error that says so
};

/// Whether a running sidecar takes a changed value over.
enum class reload { restart, applied };

/// The elements of a list, table, sections or named, behind `void*`.
class container {
  public:
    virtual ~container() = default;
    virtual void clear(void* target) const = 0;
    /// A new element, for tables and named under this name.
    virtual void* add(void* target, const std::string& name) const = 0;
    virtual std::size_t size(const void* value) const = 0;
    virtual std::pair<std::string, const void*> at(const void* value, std::size_t index) const = 0;
};

/// One declared setting. The table of these is what parser, `--set`, environment, `check --print`, JSON Schema and the
/// reference for users all read; nothing else knows the keys.
struct setting {
    std::string name;
    config::shape shape = shape::scalar;
    std::string doc;                                       ///< a sentence without its full stop
    std::shared_ptr<const value_type> type{};              ///< of a scalar, or of each element of a list or table
    std::shared_ptr<const config::container> container{};  ///< of list, table, sections, named
    std::vector<setting> keys{};                           ///< of section, sections, named
    std::function<void*(void*)> member{};                  ///< from the owning struct to this setting's value
    std::string shorthand{};  ///< of a section, or of each of sections or named: the key that a bare scalar stands for
    std::string list_shorthand{};  ///< of a section, or of each of named: the key that a bare list stands for
    bool alone = false;            ///< of sections: one is written, and named, without being a list
    std::size_t most = 0;          ///< of sections: how many there may be; 0: any number
    /// Of a section: what follows from the keys that were given, once they are read.
    std::function<void(const node&, void*)> settle{};
    bool file_only = false;  ///< neither flags nor variables reach it
    bool secret = false;
    bool required = false;
    config::reload reload = reload::restart;

    setting&& as_secret() && { return secret = true, std::move(*this); }
    setting&& as_required() && { return required = true, std::move(*this); }
    setting&& with_shorthand(std::string key) && { return shorthand = std::move(key), std::move(*this); }
    setting&& with_list_shorthand(std::string key) && { return list_shorthand = std::move(key), std::move(*this); }
    setting&& or_alone(std::size_t at_most) && { return alone = true, most = at_most, std::move(*this); }
    setting&& settled_by(std::function<void(const node&, void*)> how) && {
        return settle = std::move(how), std::move(*this);
    }
    setting&& only_in_files() && { return file_only = true, std::move(*this); }
    /// A running sidecar takes it over, with all that is below it.
    setting&& as_applied() && {
        reload = config::reload::applied;
        for (auto& each : keys) std::move(each).as_applied();
        return std::move(*this);
    }
    const setting* find(std::string_view key) const;
    /// The names of its keys, those of later versions excepted.
    std::vector<std::string> key_names() const;
};

/// The root: a section over config::settings.
const setting& declared();

/// What one element of sections or named looks like.
setting element_of(const setting& what, const std::string& path);

template <typename T>
class vector_container final : public container {
  public:
    void clear(void* target) const override { static_cast<std::vector<T>*>(target)->clear(); }
    void* add(void* target, const std::string& name) const override {
        auto& list = *static_cast<std::vector<T>*>(target);
        list.emplace_back();
        if constexpr (std::is_same_v<T, std::pair<std::string, std::string>>) {
            list.back().first = name;
            return &list.back().second;
        } else {
            return &list.back();
        }
    }
    std::size_t size(const void* value) const override { return static_cast<const std::vector<T>*>(value)->size(); }
    std::pair<std::string, const void*> at(const void* value, std::size_t index) const override {
        const auto& element = (*static_cast<const std::vector<T>*>(value))[index];
        if constexpr (std::is_same_v<T, std::pair<std::string, std::string>>) {
            return {element.first, &element.second};
        } else {
            return {std::to_string(index), &element};
        }
    }
};

template <typename T>
class map_container final : public container {
  public:
    using map = std::map<std::string, T>;
    void clear(void* target) const override { static_cast<map*>(target)->clear(); }
    void* add(void* target, const std::string& name) const override { return &(*static_cast<map*>(target))[name]; }
    std::size_t size(const void* value) const override { return static_cast<const map*>(value)->size(); }
    std::pair<std::string, const void*> at(const void* value, std::size_t index) const override {
        const auto entry = std::next(static_cast<const map*>(value)->begin(), static_cast<std::ptrdiff_t>(index));
        return {entry->first, &entry->second};
    }
};

/// At most one element.
template <typename T>
class optional_container final : public container {
  public:
    void clear(void* target) const override { static_cast<std::optional<T>*>(target)->reset(); }
    void* add(void* target, const std::string&) const override {
        return &static_cast<std::optional<T>*>(target)->emplace();
    }
    std::size_t size(const void* value) const override {
        return static_cast<const std::optional<T>*>(value)->has_value() ? 1 : 0;
    }
    std::pair<std::string, const void*> at(const void* value, std::size_t) const override {
        return {"0", &**static_cast<const std::optional<T>*>(value)};
    }
};

/// The path from an owner to its member.
template <typename Owner, typename T>
std::function<void*(void*)> to(T Owner::*member) {
    return [member](void* owner) -> void* { return &(static_cast<Owner*>(owner)->*member); };
}

inline void* to_itself(void* owner) { return owner; }

template <typename Owner, typename T>
setting value(std::string name, T Owner::*member, type_of<T> type, std::string doc) {
    return {std::move(name), shape::scalar, std::move(doc), std::move(type.type), {}, {}, to(member)};
}

template <typename Owner, typename T>
setting list(std::string name, std::vector<T> Owner::*member, type_of<T> type, std::string doc) {
    return {
        std::move(name), shape::list, std::move(doc), std::move(type.type), std::make_shared<vector_container<T>>(), {},
        to(member)};
}

template <typename Owner>
setting table(std::string name, std::vector<std::pair<std::string, std::string>> Owner::*member, std::string doc) {
    return {std::move(name),
            shape::table,
            std::move(doc),
            text().type,
            std::make_shared<vector_container<std::pair<std::string, std::string>>>(),
            {},
            to(member)};
}

template <typename Owner, typename T>
setting table(std::string name, std::map<std::string, T> Owner::*member, type_of<T> type, std::string doc) {
    return {
        std::move(name), shape::table, std::move(doc), std::move(type.type), std::make_shared<map_container<T>>(), {},
        to(member)};
}

/// A value that sets several members of its owner.
template <typename Owner>
setting value_of_owner(std::string name, type_of<Owner> type, std::string doc) {
    return {std::move(name), shape::scalar, std::move(doc), std::move(type.type), {}, {}, &to_itself};
}

template <typename Owner, typename T>
setting section(std::string name, T Owner::*member, std::vector<setting> keys, std::string doc) {
    return {std::move(name), shape::section, std::move(doc), {}, {}, std::move(keys), to(member)};
}

/// Keys that are grouped for the reader, while their members belong to the owner itself.
inline setting group(std::string name, std::vector<setting> keys, std::string doc) {
    return {std::move(name), shape::section, std::move(doc), {}, {}, std::move(keys), &to_itself};
}

template <typename Owner, typename T>
setting sections(std::string name, std::vector<T> Owner::*member, std::vector<setting> keys, std::string doc) {
    return {std::move(name), shape::sections, std::move(doc), {}, std::make_shared<vector_container<T>>(),
            std::move(keys), to(member)};
}

template <typename Owner, typename T>
setting named(std::string name, std::map<std::string, T> Owner::*member, std::vector<setting> keys, std::string doc) {
    return {std::move(name), shape::named, std::move(doc), {}, std::make_shared<map_container<T>>(),
            std::move(keys), to(member)};
}

/// A section that may be missing.
template <typename Owner, typename T>
setting optional_section(std::string name, std::optional<T> Owner::*member, std::vector<setting> keys,
                         std::string doc) {
    return setting{std::move(name), shape::sections, std::move(doc), {}, std::make_shared<optional_container<T>>(),
                   std::move(keys), to(member)}
        .or_alone(1);
}

inline setting later(std::string name, std::string instead) {
    return {std::move(name), shape::later, std::move(instead)};
}

}  // namespace outrider::config
