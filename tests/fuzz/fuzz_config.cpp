// A configuration file and, after each zero byte, one thing beside it: "@PATH=VALUE" as --set, "NAME=VALUE" as a
// variable. Whatever comes in ends in errors with a text or in settings; settings that are printed read back as the
// same.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "sidecar/config/load.hpp"
#include "sidecar/config/print.hpp"

namespace {

using namespace outrider::config;

void require(bool holds) {
    if (!holds) std::abort();
}

void add(load_input& input, std::string_view text) {
    const bool set = text.starts_with('@');
    if (set) text.remove_prefix(1);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return;
    const std::string key{text.substr(0, equals)};
    const std::string value{text.substr(equals + 1)};
    if (set) {
        input.sets.push_back({key, value, ""});
    } else {
        input.environment[key] = value;
    }
}

nlohmann::json values(const loaded& configuration) {
    auto all = nlohmann::json::parse(print_json(configuration));
    for (auto& each : all) each.erase("source");
    return all;
}

void check_reading_back(const loaded& configuration) {
    const auto text = print(configuration);
    // What is not ASCII was perhaps not UTF-8 and has been replaced.
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return;
    }
    load_input plain;
    plain.default_instance = "fuzz-1";
    const auto again = load_text(text, plain);
    require(std::holds_alternative<loaded>(again));
    require(values(std::get<loaded>(again)) == values(configuration));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    load_input input;
    input.default_instance = "fuzz-1";
    const auto yaml = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(yaml.size());
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const auto part = rest.substr(0, rest.find('\0'));
        add(input, part);
        rest.remove_prefix(part.size());
    }
    const auto result = load_text(yaml, input);
    if (const auto* errors = std::get_if<diagnostics>(&result)) {
        require(!errors->empty());
        for (const auto& each : *errors) require(!each.text.empty());
    } else {
        check_reading_back(std::get<loaded>(result));
    }
    return 0;
}
