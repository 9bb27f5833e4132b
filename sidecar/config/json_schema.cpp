#include <nlohmann/json.hpp>

#include "sidecar/config/flow_declared.hpp"
#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/reference.hpp"
#include "sidecar/config/schema.hpp"

// The tables of settings as JSON Schema.

namespace outrider::config {
namespace {

using json = nlohmann::ordered_json;

/// A value may also be, or contain, a reference.
json or_reference(const nlohmann::json& schema) {
    return {{"anyOf", json::array({json(schema), {{"$ref", "#/$defs/reference"}}})}};
}

/// Walks a table; what may stand alone or in a list is described once, among the definitions.
class schema_writer {
  public:
    std::string write(const setting& root, const char* title, const char* command);

  private:
    json section(const setting& what);
    json section_or_shorthand(const setting& what);
    json list_or_alone(const setting& what);
    std::string define(const std::string& name, json definition);
    json bare(const setting& what);
    json described(const setting& what);

    json definitions_ = {{"reference", {{"type", "string"}, {"pattern", "\\$\\{(env|file):[^}]+\\}"}}}};
};

json schema_writer::section(const setting& what) {
    json properties = json::object();
    json required = json::array();
    for (const auto& key : what.keys) {
        if (key.shape == shape::later) continue;
        properties[key.name] = described(key);
        // What the root requires can come from flags and the environment.
        if (key.required && !what.name.empty()) required.push_back(key.name);
    }
    json out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) out["required"] = std::move(required);
    return out;
}

json schema_writer::section_or_shorthand(const setting& what) {
    json any = json::array({section(what)});
    const auto add = [&](const std::string& key) {
        if (!key.empty()) any.insert(any.begin(), described(*what.find(key)));
    };
    add(what.list_shorthand);
    if (what.shorthand != what.list_shorthand) add(what.shorthand);
    return any.size() == 1 ? any[0] : json{{"anyOf", std::move(any)}};
}

json schema_writer::list_or_alone(const setting& what) {
    if (!what.alone) return {{"type", "array"}, {"items", section(what)}};
    const json element{{"$ref", "#/$defs/" + define(what.name, section_or_shorthand(what))}};
    return {{"anyOf", json::array({element, {{"type", "array"}, {"items", element}, {"maxItems", what.most}}})}};
}

/// @return what it is called: keys of one name may stand for different things
std::string schema_writer::define(const std::string& name, json definition) {
    auto own = name;
    for (int i = 2; definitions_.contains(own) && definitions_[own] != definition; ++i)
        own = name + "_" + std::to_string(i);
    definitions_[own] = std::move(definition);
    return own;
}

json schema_writer::bare(const setting& what) {
    switch (what.shape) {
        case shape::scalar:
            return or_reference(what.type->schema());
        case shape::list:
            return {{"type", "array"}, {"items", or_reference(what.type->schema())}};
        case shape::table:
            return {{"type", "object"}, {"additionalProperties", or_reference(what.type->schema())}};
        case shape::section:
            return section_or_shorthand(what);
        case shape::sections:
            return list_or_alone(what);
        case shape::named:
            return {{"type", "object"}, {"additionalProperties", section_or_shorthand(what)}};
        case shape::later:
            break;
    }
    return true;
}

json schema_writer::described(const setting& what) {
    json out{{"description", what.doc}};
    out.update(bare(what));
    return out;
}

std::string schema_writer::write(const setting& root, const char* title, const char* command) {
    json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", title},
             {"description", std::string{"Written by `outrider "} + command + "`."}};
    out.update(section(root));
    out["$defs"] = std::move(definitions_);
    return out.dump(2) + "\n";
}

}  // namespace

std::string json_schema() { return schema_writer{}.write(declared(), "Outrider: sidecar.yaml", "check --schema"); }

std::string policies_schema() {
    return schema_writer{}.write(declared_policies(), "Outrider: policies", "check --policies-schema");
}

std::string flows_schema() {
    return schema_writer{}.write(declared_flows(), "Outrider: expected flows", "check --flows-schema");
}

}  // namespace outrider::config
