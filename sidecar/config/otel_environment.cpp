#include "sidecar/config/otel_environment.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sidecar/config/overrides.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        if (const auto word = trim(text.substr(0, comma)); !word.empty()) out.emplace_back(word);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

/// "a=1,b=%20" decoded; nothing when any of it is malformed.
std::optional<pairs> key_values(std::string_view text) {
    pairs out;
    for (const auto& word : words(text)) {
        const auto equals = word.find('=');
        const auto key = trim(std::string_view{word}.substr(0, equals));
        if (equals == std::string::npos || key.empty()) return std::nullopt;
        auto value = percent_decode(trim(std::string_view{word}.substr(equals + 1)));
        if (!value) return std::nullopt;
        out.emplace_back(key, std::move(*value));
    }
    return out;
}

/// One run over the variables, area by area.
class otel_reader {
  public:
    otel_reader(node& root, const environment& variables, diagnostics& warnings)
        : root_(root), variables_(variables), warnings_(warnings) {}

    void apply() {
        apply_resource();
        apply_switch();
        apply_propagators();
        apply_sampler();
        apply_exporter();
        apply_endpoint();
        apply_transport();
        apply_batch();
    }

  private:
    /// A variable that is set and not empty.
    const std::string* get(const std::string& name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() || trim(found->second).empty() ? nullptr : &found->second;
    }
    /// The variable of this signal, else the general one.
    std::string otlp_variable(const std::string& suffix) const {
        const auto specific = "OTEL_EXPORTER_OTLP_TRACES_" + suffix;
        return get(specific) != nullptr ? specific : "OTEL_EXPORTER_OTLP_" + suffix;
    }
    void set(const std::string& path, std::string value, const std::string& variable) {
        assign(root_, path, std::move(value), {source::otel_environment, variable});
    }
    void warn(const std::string& variable, std::string text) { warnings_.push_back({variable, 0, 0, std::move(text)}); }
    void set_entries(const std::string& path, const pairs& entries, const std::string& variable) {
        for (const auto& [key, value] : entries) set(path + ".'" + key + "'", value, variable);
    }
    void set_number(const std::string& path, const std::string& variable, std::string_view unit);
    void set_file(const std::string& path, const std::string& suffix);

    void apply_resource();
    void apply_switch();
    void apply_propagators();
    void apply_sampler();
    void apply_exporter();
    void apply_endpoint();
    void apply_transport();
    void apply_batch();

    node& root_;
    const environment& variables_;
    diagnostics& warnings_;
};

void otel_reader::apply_resource() {
    const std::string variable = "OTEL_RESOURCE_ATTRIBUTES";
    if (const auto* text = get(variable)) {
        const auto entries = key_values(*text);
        if (!entries) warn(variable, "not a list of key=value with %XX escapes; all of it is ignored");
        constexpr std::array<std::pair<std::string_view, std::string_view>, 4> own{
            {{"service.name", "service"},
             {"service.namespace", "service_namespace"},
             {"service.version", "service_version"},
             {"service.instance.id", "instance"}}};
        for (const auto& [key, value] : entries.value_or(pairs{})) {
            const auto known = std::find_if(own.begin(), own.end(), [&k = key](auto& each) { return each.first == k; });
            if (trim(value).empty()) continue;
            set(known != own.end() ? std::string{known->second} : "tracing.resource.'" + key + "'", value, variable);
        }
    }
    if (const auto* name = get("OTEL_SERVICE_NAME")) set("service", *name, "OTEL_SERVICE_NAME");
}

void otel_reader::apply_switch() {
    const auto* text = get("OTEL_SDK_DISABLED");
    if (text == nullptr) return;
    const auto value = lower(trim(*text));
    if (value != "true" && value != "false")
        warn("OTEL_SDK_DISABLED", "'" + *text + "' is neither true nor false; taken as false");
    set("tracing.disabled", value == "true" ? "true" : "false", "OTEL_SDK_DISABLED");
}

void otel_reader::apply_propagators() {
    const std::string variable = "OTEL_PROPAGATORS";
    const auto* text = get(variable);
    if (text == nullptr) return;
    constexpr std::array<std::string_view, 5> known{"tracecontext", "baggage", "b3", "b3multi", "jaeger"};
    std::vector<std::string> chosen;
    bool none = false;
    for (const auto& word : words(*text)) {
        const bool repeated = std::find(chosen.begin(), chosen.end(), word) != chosen.end();
        if (word == "none") {
            none = true;
        } else if (std::find(known.begin(), known.end(), word) == known.end()) {
            warn(variable, "propagator '" + word + "' is not supported and is ignored");
        } else if (!repeated) {
            chosen.push_back(word);
        }
    }
    if (none && !chosen.empty()) warn(variable, "'none' among others; the others are ignored");
    if (!none && chosen.empty()) return;
    std::string list;
    for (const auto& word : none ? std::vector<std::string>{} : chosen) list += (list.empty() ? "" : ",") + word;
    set("tracing.propagators", list, variable);
}

void otel_reader::apply_sampler() {
    const auto* text = get("OTEL_TRACES_SAMPLER");
    if (text == nullptr) return;
    constexpr std::array<std::string_view, 6> known{"always_on",
                                                    "always_off",
                                                    "traceidratio",
                                                    "parentbased_always_on",
                                                    "parentbased_always_off",
                                                    "parentbased_traceidratio"};
    const auto name = std::string{trim(*text)};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        return warn("OTEL_TRACES_SAMPLER", "sampler '" + name + "' is not supported and is ignored");
    }
    set("tracing.sampler", name, "OTEL_TRACES_SAMPLER");
    const auto* argument = get("OTEL_TRACES_SAMPLER_ARG");
    if (argument == nullptr || !name.ends_with("traceidratio")) return;
    const auto ratio = parse_share(trim(*argument));
    if (!ratio || *ratio > 1) {
        return warn("OTEL_TRACES_SAMPLER_ARG", "'" + *argument + "' is not a number from 0 to 1 and is ignored");
    }
    set("tracing.sampler_arg", share_text(*ratio), "OTEL_TRACES_SAMPLER_ARG");
}

void otel_reader::apply_exporter() {
    const std::string variable = "OTEL_TRACES_EXPORTER";
    const auto* text = get(variable);
    if (text == nullptr) return;
    std::string chosen;
    for (const auto& word : words(*text)) {
        if (word != "otlp" && word != "none") {
            warn(variable, "exporter '" + word + "' is not supported and is ignored; there are otlp and none");
        } else if (chosen.empty()) {
            chosen = word;
        }
    }
    if (!chosen.empty()) set("tracing.exporter", chosen, variable);
}

void otel_reader::apply_endpoint() {
    const auto insecure = otlp_variable("INSECURE");
    const bool plain = get(insecure) != nullptr && lower(trim(*get(insecure))) == "true";
    const auto with_scheme = [plain](std::string_view url) {
        const bool bare = plain && url.find("://") == std::string_view::npos;
        return (bare ? "http://" : "") + std::string{trim(url)};
    };
    const std::string general = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const std::string specific = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    if (const auto* url = get(general)) set("tracing.otlp", with_scheme(*url), general);
    if (const auto* url = get(specific)) set("tracing.otlp_traces", with_scheme(*url), specific);
}

void otel_reader::apply_transport() {
    if (const auto variable = otlp_variable("PROTOCOL"); const auto* text = get(variable)) {
        const auto name = std::string{trim(*text)};
        if (name == "grpc" || name == "http/protobuf" || name == "http/json") {
            set("tracing.protocol", name, variable);
        } else {
            warn(variable,
                 "protocol '" + name + "' is not known and is ignored; there are http/protobuf and http/json");
        }
    }
    if (const auto variable = otlp_variable("HEADERS"); const auto* text = get(variable)) {
        const auto entries = key_values(*text);
        if (!entries) warn(variable, "not a list of key=value with %XX escapes; all of it is ignored");
        set_entries("tracing.headers", entries.value_or(pairs{}), variable);
    }
    if (const auto variable = otlp_variable("COMPRESSION"); const auto* text = get(variable)) {
        const auto name = std::string{trim(*text)};
        if (name == "gzip" || name == "none") {
            set("tracing.compression", name, variable);
        } else {
            warn(variable, "compression '" + name + "' is not known and is ignored; there are gzip and none");
        }
    }
    set_number("tracing.request_timeout", otlp_variable("TIMEOUT"), "ms");
    set_file("tracing.tls.ca", "CERTIFICATE");
    set_file("tracing.tls.certificate", "CLIENT_CERTIFICATE");
    set_file("tracing.tls.key", "CLIENT_KEY");
}

void otel_reader::apply_batch() {
    set_number("tracing.batch.delay", "OTEL_BSP_SCHEDULE_DELAY", "ms");
    set_number("tracing.batch.timeout", "OTEL_BSP_EXPORT_TIMEOUT", "ms");
    set_number("tracing.batch.queue", "OTEL_BSP_MAX_QUEUE_SIZE", "");
    set_number("tracing.batch.size", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "");
}

/// A number that our own bounds refuse is as bad as one that is none: warned of and ignored.
void otel_reader::set_number(const std::string& path, const std::string& variable, std::string_view unit) {
    const auto* text = get(variable);
    if (text == nullptr) return;
    const auto value = std::string{trim(*text)};
    const auto wrong =
        parse_count(value) ? check_value(path, value + std::string{unit}) : "'" + value + "' is not a whole number";
    if (!wrong.empty()) return warn(variable, wrong + "; ignored");
    set(path, value + std::string{unit}, variable);
}

void otel_reader::set_file(const std::string& path, const std::string& suffix) {
    const auto variable = otlp_variable(suffix);
    if (const auto* name = get(variable)) set(path, std::string{trim(*name)}, variable);
}

}  // namespace

void apply_otel_environment(node& root, const environment& variables, diagnostics& warnings) {
    otel_reader{root, variables, warnings}.apply();
}

}  // namespace outrider::config
