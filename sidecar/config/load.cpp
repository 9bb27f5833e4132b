#include "sidecar/config/load.hpp"

#include <algorithm>
#include <tuple>

#include "sidecar/config/otel_environment.hpp"
#include "sidecar/config/overrides.hpp"
#include "sidecar/config/validate.hpp"
#include "sidecar/config/variables.hpp"
#include "sidecar/config/yaml.hpp"

namespace outrider::config {
namespace {

/// Named here, not in the type: the advice needs the host of another setting.
void refuse_grpc(node& root, diagnostics& errors) {
    auto* tracing = root.find("tracing");
    auto* protocol = tracing != nullptr ? tracing->find("protocol") : nullptr;
    if (protocol == nullptr || (protocol->text != "grpc" && protocol->text != "otlp/grpc")) return;
    std::string host = "HOST";
    for (const auto* key : {"otlp_traces", "otlp"}) {
        const auto* url = tracing->find(key);
        upstream_endpoint where;
        const auto path = url != nullptr ? url->text.find('/', url->text.find("://") + 3) : std::string::npos;
        if (url != nullptr && parse_upstream_endpoint(url->text.substr(0, path), where).empty())
            host = where.address.host;
    }
    errors.push_back(
        at(protocol->where, "'tracing.protocol': OTLP over gRPC is not spoken; use the HTTP endpoint http://" + host +
                                ":4318 with protocol http/protobuf"));
    protocol->text = "http/protobuf";
}

void apply_sets(node& root, const std::vector<override_setting>& sets, diagnostics& errors) {
    for (const auto& [path, value, flag] : sets) {
        const origin where{source::flag, flag.empty() ? "--set " + path : flag};
        if (auto wrong = assign(root, path, value, where); !wrong.empty())
            errors.push_back(at(where, std::move(wrong)));
    }
}

/// In the order of the file, then what has no position; once each, although an alias may repeat a mistake.
void arrange(diagnostics& errors) {
    const auto place = [](const diagnostic& d) { return std::tuple{d.line == 0, d.line, d.column}; };
    std::stable_sort(errors.begin(), errors.end(), [&](auto& a, auto& b) { return place(a) < place(b); });
    errors.erase(std::unique(errors.begin(), errors.end()), errors.end());
}

load_result read_tree(node root, const load_input& input, diagnostics errors) {
    loaded result;
    apply_otel_environment(root, input.environment, result.warnings);
    apply_environment(root, input.environment, errors, result.warnings);
    apply_sets(root, input.sets, errors);
    refuse_grpc(root, errors);
    reader read{input.environment, errors};
    read.read(declared(), root, &result.value, "");
    result.origins = read.where();
    finish(result, input, read.failed(), errors);
    arrange(errors);
    if (!errors.empty()) return errors;
    return result;
}

}  // namespace

load_result load_text(std::string_view yaml, const load_input& input) {
    diagnostics errors;
    auto tree = parse_yaml(yaml, input.file.value_or("sidecar.yaml"), errors);
    if (!tree.whole) return errors;
    return read_tree(std::move(tree.root), input, std::move(errors));
}

load_result load(const load_input& input) {
    if (!input.file) return read_tree(node{}, input, {});
    std::string yaml;
    if (auto wrong = read_file(*input.file, yaml_bounds{}.bytes, yaml); !wrong.empty()) {
        return diagnostics{{*input.file, 0, 0, std::move(wrong)}};
    }
    return load_text(yaml, input);
}

}  // namespace outrider::config
