#include "sidecar/config/reference.hpp"

#include <nlohmann/json.hpp>

#include "sidecar/config/reader.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {
namespace {

using json = nlohmann::ordered_json;

/// A value may also be, or contain, a reference.
json or_reference(const nlohmann::json& schema) {
    return {{"anyOf", json::array({json(schema), {{"$ref", "#/$defs/reference"}}})}};
}

json schema_of(const setting& what);

json section_schema(const setting& what) {
    json properties = json::object();
    json required = json::array();
    for (const auto& key : what.keys) {
        if (key.shape == shape::later) continue;
        properties[key.name] = schema_of(key);
        // What the root requires can come from flags and the environment.
        if (key.required && !what.name.empty()) required.push_back(key.name);
    }
    json out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) out["required"] = std::move(required);
    return out;
}

json bare_schema_of(const setting& what) {
    switch (what.shape) {
        case shape::scalar:
            return or_reference(what.type->schema());
        case shape::list:
            return {{"type", "array"}, {"items", or_reference(what.type->schema())}};
        case shape::table:
            return {{"type", "object"}, {"additionalProperties", or_reference(what.type->schema())}};
        case shape::section:
            if (what.shorthand.empty()) return section_schema(what);
            return {{"anyOf", json::array({schema_of(*what.find(what.shorthand)), section_schema(what)})}};
        case shape::sections:
            return {{"type", "array"}, {"items", section_schema(what)}};
        case shape::named:
            return {{"type", "object"}, {"additionalProperties", section_schema(what)}};
        case shape::later:
            break;
    }
    return true;
}

json schema_of(const setting& what) {
    json out{{"description", what.doc}};
    out.update(bare_schema_of(what));
    return out;
}

/// The reference's tables, one per section.
class reference_writer {
  public:
    void section(const setting& what, const std::string& path, const std::string& heading, void* defaults);
    std::string take() { return std::move(out_); }

  private:
    void row(const setting& what, const std::string& path, void* defaults);
    std::string out_;
};

std::string escaped(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
    return text;
}

std::string type_text(const setting& what) {
    if (what.shape == shape::list) return "list: " + what.type->phrase();
    if (what.shape == shape::table) return "names with values";
    return what.type->phrase();
}

std::string default_text(const setting& what, const void* value) {
    if (what.required) return "required";
    if (what.shape == shape::table) return "";
    if (what.shape == shape::scalar) {
        const auto text = what.type->print(value);
        return text.empty() ? "" : "`" + text + "`";
    }
    std::string items;
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        items += (i == 0 ? "" : ", ") + what.type->print(what.container->at(value, i).second);
    }
    return items.empty() ? "" : "`[" + items + "]`";
}

void reference_writer::row(const setting& what, const std::string& path, void* defaults) {
    const void* value = what.member(defaults);
    out_ += "| `" + path + "` | " + escaped(what.doc) + " | " + escaped(type_text(what)) + " | " +
            default_text(what, value) + " |\n";
}

void reference_writer::section(const setting& what, const std::string& path, const std::string& heading,
                               void* defaults) {
    out_ += "\n" + heading + "\n\n";
    if (!path.empty()) out_ += "`" + path + "`: " + what.doc + ".";
    if (!what.shorthand.empty()) out_ += " A value alone is its `" + what.shorthand + "`.";
    if (!path.empty()) out_ += "\n\n";
    out_ += "| setting | meaning | type | default |\n|---|---|---|---|\n";
    for (const auto& key : what.keys) {
        if (key.keys.empty() && key.shape != shape::later) row(key, join(path, key.name), defaults);
    }
    for (const auto& key : what.keys) {
        if (key.keys.empty()) continue;
        auto below = join(path, key.name);
        void* inner = key.member(defaults);
        if (key.container) inner = key.container->add(inner, "NAME");
        if (key.shape == shape::sections) below += ".N";
        if (key.shape == shape::named) below += ".NAME";
        section(key, below, "## " + below, inner);
    }
}

constexpr const char* introduction = R"(# Settings

This page is written by `outrider check --settings-reference`: it is the table of settings that the program itself reads.

A setting can be given in four ways; an earlier one beats a later one:

1. a flag: `--set timeouts.first_byte=3s`, or one of the short flags that `outrider run --help` lists;
2. a variable: `OUTRIDER_TIMEOUTS_FIRST_BYTE=3s` (the path in capitals, `_` between its parts);
   then the `OTEL_*` variables of OpenTelemetry;
3. the file: `--config sidecar.yaml`, or `OUTRIDER_CONFIG`;
4. its default.

- Lists in a flag or a variable are written `a,b`, tables `name=value,name=value`.
- An entry of a list has a number: `inbound.0.listen`, `OUTRIDER_INBOUND_0_LISTEN`.
- A part with dots in it is quoted: `--set "upstreams.'stock.internal'.endpoints=10.0.0.1:8080"`.
- In a variable, an upstream's name is in capitals with `_` for what is no letter or digit: `OUTRIDER_UPSTREAMS_STOCK_ENDPOINTS`.
- `${env:NAME}` and `${file:PATH}` work in any value of the file, of a flag and of an `OUTRIDER_*` variable; `$${` is a plain `${`.
- Relative paths count from the folder of the file they are written in, those of flags and variables from the working folder.
- `outrider check --config FILE --print` shows each value with its source. A changed setting takes effect at the next start.
)";

}  // namespace

std::string json_schema() {
    json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", "Outrider: sidecar.yaml"},
             {"description", "Written by `outrider check --schema`."}};
    out.update(section_schema(declared()));
    out["$defs"] = {{"reference", {{"type", "string"}, {"pattern", "\\$\\{(env|file):[^}]+\\}"}}}};
    return out.dump(2) + "\n";
}

std::string settings_reference() {
    settings defaults;
    reference_writer writer;
    writer.section(declared(), "", "## Top level", &defaults);
    return introduction + writer.take();
}

}  // namespace outrider::config
