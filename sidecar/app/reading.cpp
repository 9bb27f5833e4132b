#include "sidecar/app/reading.hpp"

#include "sidecar/config/yaml_files.hpp"

namespace outrider::app {

reading read_all(const config::load_input& input) {
    reading out;
    if (input.file) out.stamp = config::file_stamp(*input.file);
    auto wanted = config::load(input);
    if (auto* errors = std::get_if<config::diagnostics>(&wanted)) {
        out.errors = std::move(*errors);
        return out;
    }
    out.configuration = std::move(std::get<config::loaded>(wanted));
    auto read = config::load_policies(config::policies_of(*out.configuration, input.environment), &out.files);
    if (auto* errors = std::get_if<config::diagnostics>(&read))
        out.errors = std::move(*errors);
    else
        out.policies = std::move(std::get<config::loaded_policies>(read));
    return out;
}

}  // namespace outrider::app
