#include "sidecar/config/print.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view mask = "(hidden)";
constexpr std::size_t comment_column = 56;

/// In double quotes, so that it reads back as the same: what looks like a reference is text by now, and a configuration
/// may not hold the one control character that JSON does not escape.
std::string quoted(std::string text) {
    for (auto open = text.find("${"); open != std::string::npos; open = text.find("${", open + 3))
        text.insert(open, "$");
    auto out = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    for (auto del = out.find('\x7F'); del != std::string::npos; del = out.find('\x7F', del))
        out.replace(del, 1, "\\x7F");
    return out;
}

/// A plain scalar where YAML 1.1 and 1.2 both read it as the same text, else quoted.
std::string yaml_scalar(const std::string& text) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"._-/:%@+"}.find(c) != std::string_view::npos;
    };
    const bool safe = !text.empty() && std::all_of(text.begin(), text.end(), plain) && text.back() != ':' &&
                      std::string_view{"-:%@"}.find(text.front()) == std::string_view::npos;
    return safe ? text : quoted(text);
}

/// Walks the table and the values together and writes YAML.
class yaml_printer {
  public:
    /// @param where  null: sources are not shown
    explicit yaml_printer(const origins* where) : where_(where) {}
    void keys(const setting& section, const void* owner, const std::string& path, int depth);
    std::string take() { return std::move(out_); }

  private:
    void key(const setting& what, const void* value, const std::string& path, int depth);
    void scalar(const setting& what, const void* value, const std::string& path, int depth);
    void list(const setting& what, const void* value, const std::string& path, int depth);
    void table(const setting& what, const void* value, const std::string& path, int depth);
    void sections(const setting& what, const void* value, const std::string& path, int depth);
    void named(const setting& what, const void* value, const std::string& path, int depth);
    void line(int depth, const std::string& text, const std::string& path);
    void not_set(const setting& what, int depth);
    void alone(const setting& what, const void* value, const std::string& path, int depth);
    void heading(int depth, const std::string& text) { out_.append(indent(depth)).append(text).append("\n"); }
    std::string indent(int depth);

    const origins* where_;
    std::string out_;
    std::size_t lines_ = 0;    ///< with a value
    bool begin_item_ = false;  ///< the next line starts a list entry
};

std::string yaml_printer::indent(int depth) {
    std::string spaces(static_cast<std::size_t>(depth) * 2, ' ');
    if (begin_item_) spaces.replace(spaces.size() - 2, 2, "- ");
    begin_item_ = false;
    return spaces;
}

void yaml_printer::line(int depth, const std::string& text, const std::string& path) {
    ++lines_;
    std::string full = indent(depth) + text;
    if (where_ == nullptr) {
        out_ += full + "\n";
        return;
    }
    const auto found = where_->find(path);
    full.resize(std::max(full.size() + 1, comment_column), ' ');
    out_ += full + "# " + to_text(found == where_->end() ? origin{} : found->second) + "\n";
}

void yaml_printer::keys(const setting& section, const void* owner, const std::string& path, int depth) {
    for (const auto& each : section.keys) {
        if (each.shape == shape::later) continue;
        key(each, each.member(const_cast<void*>(owner)), join(path, each.name), depth);
    }
}

void yaml_printer::key(const setting& what, const void* value, const std::string& path, int depth) {
    switch (what.shape) {
        case shape::scalar:
            return scalar(what, value, path, depth);
        case shape::list:
            return list(what, value, path, depth);
        case shape::table:
            return table(what, value, path, depth);
        case shape::section:
            heading(depth, what.name + ":");
            return keys(what, value, path, depth + 1);
        case shape::sections:
            return sections(what, value, path, depth);
        case shape::named:
            return named(what, value, path, depth);
        case shape::later:
            return;
    }
}

void yaml_printer::scalar(const setting& what, const void* value, const std::string& path, int depth) {
    const auto text = what.type->print(value);
    if (text.empty()) return not_set(what, depth);
    line(depth, what.name + ": " + yaml_scalar(what.secret ? std::string{mask} : text), path);
}

/// A comment never begins a list's entry.
void yaml_printer::not_set(const setting& what, int depth) {
    const bool item = std::exchange(begin_item_, false);
    heading(depth, "# " + what.name + " is not set");
    begin_item_ = item;
}

void yaml_printer::list(const setting& what, const void* value, const std::string& path, int depth) {
    std::string items;
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        items += (i == 0 ? "" : ", ") + yaml_scalar(what.type->print(what.container->at(value, i).second));
    }
    line(depth, what.name + ": [" + items + "]", path);
}

void yaml_printer::table(const setting& what, const void* value, const std::string& path, int depth) {
    if (what.container->size(value) == 0) return line(depth, what.name + ": {}", path);
    heading(depth, what.name + ":");
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        const auto [name, text] = what.container->at(value, i);
        const auto shown = what.secret ? std::string{mask} : what.type->print(text);
        const auto own = join(path, name);
        line(depth + 1, yaml_scalar(name) + ": " + yaml_scalar(shown),
             where_ != nullptr && where_->contains(own) ? own : path);
    }
}

/// One that has nothing but what is not set is there all the same.
void yaml_printer::alone(const setting& what, const void* value, const std::string& path, int depth) {
    const auto begin = out_.size();
    const auto lines = lines_;
    const bool item = begin_item_;
    heading(depth, what.name + ":");
    keys(what, value, path, depth + 1);
    if (lines_ != lines) return;
    out_.resize(begin);
    begin_item_ = item;
    heading(depth, what.name + ": {}");
}

void yaml_printer::sections(const setting& what, const void* value, const std::string& path, int depth) {
    const auto count = what.container->size(value);
    if (what.alone && count == 0) return not_set(what, depth);
    if (what.alone && count == 1) return alone(what, what.container->at(value, 0).second, path, depth);
    heading(depth, what.name + (count == 0 ? ": []" : ":"));
    for (std::size_t i = 0; i < count; ++i) {
        begin_item_ = true;
        keys(what, what.container->at(value, i).second, join(path, std::to_string(i)), depth + 2);
        begin_item_ = false;
    }
}

void yaml_printer::named(const setting& what, const void* value, const std::string& path, int depth) {
    const auto count = what.container->size(value);
    heading(depth, what.name + (count == 0 ? ": {}" : ":"));
    for (std::size_t i = 0; i < count; ++i) {
        const auto [name, element] = what.container->at(value, i);
        heading(depth + 1, name + ":");
        keys(what, element, join(path, name), depth + 2);
    }
}

/// Adds what a section holds to a flat object.
class json_printer {
  public:
    explicit json_printer(const origins& where) : where_(where) {}
    void keys(const setting& section, const void* owner, const std::string& path);
    nlohmann::ordered_json take() { return std::move(out_); }

  private:
    void key(const setting& what, const void* value, const std::string& path);
    nlohmann::ordered_json leaf(const setting& what, const void* value) const;

    const origins& where_;
    nlohmann::ordered_json out_ = nlohmann::ordered_json::object();
};

void json_printer::keys(const setting& section, const void* owner, const std::string& path) {
    for (const auto& each : section.keys) {
        if (each.shape == shape::later) continue;
        key(each, each.member(const_cast<void*>(owner)), join(path, each.name));
    }
}

void json_printer::key(const setting& what, const void* value, const std::string& path) {
    if (what.shape == shape::section) return keys(what, value, path);
    if (what.shape == shape::sections || what.shape == shape::named) {
        for (std::size_t i = 0; i < what.container->size(value); ++i) {
            const auto [name, element] = what.container->at(value, i);
            keys(what, element, what.alone && what.container->size(value) == 1 ? path : join(path, name));
        }
        return;
    }
    const auto found = where_.find(path);
    out_[path] = {{"value", leaf(what, value)},
                  {"source", to_text(found == where_.end() ? origin{} : found->second)},
                  {"reload", what.reload == reload::applied ? "applied" : "restart"}};
}

nlohmann::ordered_json json_printer::leaf(const setting& what, const void* value) const {
    if (what.shape == shape::scalar) {
        const auto text = what.type->print(value);
        if (text.empty()) return nullptr;
        return what.secret ? std::string{mask} : text;
    }
    auto all = what.shape == shape::list ? nlohmann::ordered_json::array() : nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        const auto [name, element] = what.container->at(value, i);
        const auto text = what.secret ? std::string{mask} : what.type->print(element);
        if (what.shape == shape::list) {
            all.push_back(text);
        } else {
            all[name] = text;
        }
    }
    return all;
}

}  // namespace

std::string print(const loaded& configuration) {
    yaml_printer printer{&configuration.origins};
    printer.keys(declared(), &configuration.value, "", 0);
    return printer.take();
}

std::string print_policies(const std::vector<governance::policy>& policies) {
    const policy_file file{policies};
    yaml_printer printer{nullptr};
    printer.keys(declared_policies(), &file, "", 0);
    return printer.take();
}

std::string print_json(const loaded& configuration) {
    json_printer printer{configuration.origins};
    printer.keys(declared(), &configuration.value, "");
    return printer.take().dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace outrider::config
