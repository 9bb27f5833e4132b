#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/tools/inject.hpp"
#include "tests/support/test_files.hpp"

namespace outrider::tools::test {

// tests/data/inject: in/NAME.yaml with in/NAME.options ("KEY VALUE" a line; `config` adds a line to the file) becomes
// out/NAME.yaml, and out/NAME.notes is what is said; errors/NAME.yaml likewise is refused as errors/NAME.expected says.

namespace fs = std::filesystem;

inline const fs::path inject_data = fs::path{OUTRIDER_TEST_DATA} / "inject";

inline std::vector<std::string> inject_cases(const char* folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{inject_data / folder}) {
        const auto kind = entry.path().extension();
        if (kind == ".yaml" || kind == ".json") names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

inline std::string lines(const config::diagnostics& findings) {
    std::string out;
    for (const auto& each : findings) out += to_text(each) + "\n";
    return out;
}

inline void add_option(inject_request& to, const std::string& key, const std::string& value) {
    const auto equals = value.find('=');
    if (key == "image") to.image = value;
    if (key == "service") to.service = value;
    if (key == "app-port") to.app_port = static_cast<std::uint16_t>(std::stoi(value));
    if (key == "inbound-port") to.inbound_port = static_cast<std::uint16_t>(std::stoi(value));
    if (key == "config-map") to.config_map = value;
    if (key == "kafka") to.kafka.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    if (key == "set") to.sets.push_back({value.substr(0, equals), value.substr(equals + 1), ""});
    if (key == "rewrite-services") to.rewrite_services = true;
    if (key == "config") {
        to.config = "sidecar.yaml";
        to.config_text += value + "\n";
    }
}

inline inject_request request_of(const char* folder, const std::string& name) {
    inject_request out;
    out.image = "outrider:0.1.0";
    std::ifstream in{(inject_data / folder / name).replace_extension(".options")};
    for (std::string line; std::getline(in, line);) {
        const auto blank = std::min(line.find(' '), line.size());
        add_option(out, line.substr(0, blank), blank < line.size() ? line.substr(blank + 1) : "");
    }
    return out;
}

}  // namespace outrider::tools::test
