#include "sidecar/config/reference.hpp"

#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/reader.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {
namespace {

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
    const bool list_alone = !what.shorthand.empty() && what.shorthand == what.list_shorthand;
    if (!what.shorthand.empty())
        out_ += (list_alone ? " A list alone is its `" : " A value alone is its `") + what.shorthand + "`.";
    if (!path.empty()) out_ += "\n\n";
    out_ += "| setting | meaning | type | default |\n|---|---|---|---|\n";
    for (const auto& key : what.keys) {
        if (key.keys.empty() && key.shape != shape::later) row(key, join(path, key.name), defaults);
    }
    for (const auto& key : what.keys) {
        if (key.keys.empty() || key.file_only) continue;
        auto below = join(path, key.name);
        void* inner = key.member(defaults);
        if (key.container) inner = key.container->add(inner, "NAME");
        if (key.shape == shape::sections && !key.alone) below += ".N";
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

constexpr const char* policies_introduction = R"(# Policies

This page is written by `outrider check --policies-reference`: it is the table of keys that the program itself reads. Ready-made
policies to begin with are in `policies/`.

```yaml
policies:
  - name: orders-per-tenant
    match: {inbound: "POST /orders/{id}"}
    limit: {rate: 100/s, burst: 50, key: header:x-tenant, overrides: {gold: 1000/s}}
  - name: protect-stock
    match: {upstream: stock}
    timeout: {connect: 50ms, total: 800ms}
    retry: {when: [connect, 503], budget: 20%}
    breaker: {failures: 50%, slow: 80% over 400ms}
  - name: clickstream-bytes
    mode: shadow
    match: {produce: "clickstream.*"}
    limit: {rate: 5MiB/s, key: client_id}
```

- `policies:` in `sidecar.yaml`, or `--policies`, names a file or a folder, whose `*.yaml` and `*.yml` are read in the order of their
  names. A list there in place of a path is policies.
- `outrider check --policies PATH` judges them and names file, line and column of each error; `outrider diff OLD NEW` says what one
  set of policies changes in another. `mode: shadow` shows in metrics and spans what a policy would do, before it does it.
- `limit`, `concurrency` and `breaker` may be lists. Those of **all** policies that match apply, and a limit takes nothing when
  another refuses.
- Of `timeout`, `retry`, `eject`, `balance`, `fallback`, `priority` and `cost`, those of the **most specific** policy that has the key
  count. More specific is, in this order: more literal segments in the path (for Kafka: more of the topic), more parameters, a path
  without `{rest...}`, a method, more header fields, an exact host, upstream, group or client over a glob, and a glob over none. Two
  policies that are equally specific, can match one exchange and say different things about one of these are an error.
- Quote what has braces, stars or `%`: `"POST /orders/{id}"`, `"clickstream.*"`.
- `${env:NAME}` and `${file:PATH}` work in any value.
)";

}  // namespace

std::string settings_reference() {
    settings defaults;
    reference_writer writer;
    writer.section(declared(), "", "## Top level", &defaults);
    return introduction + writer.take();
}

std::string policies_reference() {
    governance::policy defaults;
    reference_writer writer;
    const setting policy{"policy", shape::section, "", {}, {}, policy_keys(), &to_itself};
    writer.section(policy, "", "## A policy", &defaults);
    return policies_introduction + writer.take();
}

}  // namespace outrider::config
