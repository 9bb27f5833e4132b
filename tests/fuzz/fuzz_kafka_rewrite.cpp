// Answers that name nodes: whatever passes must have nothing left to rewrite, and name only advertised addresses.
#include <cstdint>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "sidecar/kafka/rewrite.hpp"

using namespace outrider::kafka;

namespace {

constexpr api apis[] = {
    api::produce,          api::fetch,       api::metadata,         api::find_coordinator, api::describe_quorum,
    api::describe_cluster, api::share_fetch, api::share_acknowledge};

void require(bool holds) {
    if (!holds) std::abort();
}

void check(api key, std::int16_t version, std::string_view answer, const address_plan& plan) {
    learned facts;
    std::string out;
    auto outcome = rewrite_answer(key, version, answer, plan, facts, out);
    require(out.empty() == (outcome != rewrite_outcome::rewritten));
    if (outcome == rewrite_outcome::malformed) return require(facts.empty());
    cluster_map map{{.nodes = 8, .topics = 8}};
    map.learn(facts);
    require(!map.learn(map.everything()));
    (void)map.state().dump();
    if (!names_nodes(key, version)) return;
    learned shown;
    std::string again;
    auto second = rewrite_answer(key, version, out.empty() ? answer : out, plan, shown, again);
    require(second != rewrite_outcome::malformed);
    require(second == rewrite_outcome::unchanged || again == (out.empty() ? answer : out));
    for (const auto& node : shown.nodes) require(plan.advertise(node.key) == node.where);
}

}  // namespace

// The first byte picks the API, the second the version, the third the plan.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    auto key = apis[data[0] % std::size(apis)];
    auto version = static_cast<std::int16_t>(data[1] % 20 - 1);
    auto plan = data[2] % 2 == 0 ? address_plan::loopback(19092) : address_plan::ports({"sidecar", 20000});
    check(key, version, {reinterpret_cast<const char*>(data) + 3, size - 3}, plan);
    return 0;
}
