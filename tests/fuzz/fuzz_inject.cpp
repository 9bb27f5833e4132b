// Manifests, with the sidecar put in and taken out. The first byte says with which options. Whatever comes in ends in
// errors with a text, or in manifests that stay as they are when injected again and lose nothing when the sidecar goes.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sidecar/tools/inject.hpp"

namespace {

using namespace outrider;

void require(bool holds) {
    if (!holds) std::abort();
}

tools::inject_request request_of(std::uint8_t bits) {
    tools::inject_request out;
    if ((bits & 1) != 0) out.config_map = "orders";
    if ((bits & 2) != 0) out.kafka = {{"main", "kafka:9092"}};
    if ((bits & 4) != 0) out.rewrite_services = true;
    if ((bits & 8) != 0) {
        out.config_map.clear();
        out.config = "sidecar.yaml";
        out.config_text = "inbound: [{listen: '0.0.0.0:8081', app: '127.0.0.1:8080'}]\n";
    }
    return out;
}

/// The text after injecting, or nothing when it was refused.
std::string injected(std::string_view text, const tools::inject_request& request) {
    auto result = tools::inject(text, "f", request);
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        require(!errors->empty());
        for (const auto& each : *errors) require(!each.text.empty());
        return {};
    }
    return std::get<tools::injection>(std::move(result)).text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto request = request_of(data[0]);
    const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
    const auto once = injected(text, request);
    if (once.empty()) return 0;
    require(injected(once, request) == once);
    tools::inject_request remove;
    remove.remove = true;
    require(injected(once, remove) == injected(text, remove));
    return 0;
}
