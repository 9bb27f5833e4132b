#include "sidecar/config/policy_files.hpp"

#include "sidecar/config/yaml_files.hpp"

namespace outrider::config {

std::string fingerprint(const policy_files& of) {
    std::string out;
    if (!of.path.empty()) out += fingerprint_of_path(of.path);
    for (const auto& file : of.others) out += file_stamp(file);
    return out;
}

}  // namespace outrider::config
