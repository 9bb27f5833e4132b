// A file of policies. Whatever comes in ends in errors with a text or in policies; policies that are printed read back
// as the same, and what is decided about pairs of them does not depend on who comes first.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "governance/match_specificity.hpp"
#include "sidecar/config/policies.hpp"
#include "sidecar/config/policy_diff.hpp"
#include "sidecar/config/print.hpp"

namespace {

using namespace outrider;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_pairs(const std::vector<governance::policy>& all) {
    for (const auto& a : all) {
        require(governance::can_both_match(a.match, a.match));
        require(governance::traffic_of(a.match) != 0);
        for (const auto& b : all)
            require(governance::can_both_match(a.match, b.match) == governance::can_both_match(b.match, a.match));
    }
}

void check_reading_back(const std::vector<governance::policy>& all) {
    const auto text = config::print_policies(all);
    // What is not ASCII was perhaps not UTF-8 and has been replaced.
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return;
    const auto again = config::load_policy_text(text, "policies.yaml");
    require(std::holds_alternative<config::loaded_policies>(again));
    require(config::policy_diff(all, std::get<config::loaded_policies>(again).value).empty());
}

}  // namespace

/// libfyaml 0.7.12 keeps 4 KiB when a comma is missing behind a quoted scalar of many pieces: once per such document.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml"; }  // NOLINT: the sanitizer's name

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Every pair is looked at twice below.
    if (size > 4'096) return 0;
    const auto result = config::load_policy_text({reinterpret_cast<const char*>(data), size}, "policies.yaml");
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        require(!errors->empty());
        for (const auto& each : *errors) require(!each.text.empty());
        return 0;
    }
    const auto& all = std::get<config::loaded_policies>(result).value;
    require(config::policy_diff(all, all).empty());
    check_pairs(all);
    check_reading_back(all);
    return 0;
}
