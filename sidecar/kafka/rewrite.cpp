#include "sidecar/kafka/rewrite.hpp"

#include <utility>

#include "sidecar/kafka/rewrite_edit.hpp"

namespace outrider::kafka {
namespace {

/// How the answers of one API are rewritten, from the first version on that names nodes.
struct rewrite_rule {
    api key;
    std::int16_t first_version;
    void (*rewrite)(rewriting&);
};

constexpr rewrite_rule rules[] = {
    {api::produce, 10, rewrite_produce},
    {api::fetch, 16, rewrite_fetch},
    {api::metadata, 0, rewrite_metadata},
    {api::find_coordinator, 0, rewrite_find_coordinator},
    {api::describe_quorum, 2, rewrite_describe_quorum},
    {api::describe_cluster, 0, rewrite_describe_cluster},
    {api::share_fetch, 0, rewrite_share_fetch},
    {api::share_acknowledge, 0, rewrite_share_acknowledge},
};

const rewrite_rule* rule_of(api key, std::int16_t version) {
    for (const auto& rule : rules)
        if (rule.key == key) return version >= rule.first_version ? &rule : nullptr;
    return nullptr;
}

}  // namespace

bool names_nodes(api key, std::int16_t version) { return rule_of(key, version) != nullptr; }

rewrite_outcome rewrite_answer(api key, std::int16_t version, std::string_view answer, const address_plan& plan,
                               learned& facts, std::string& out) {
    out.clear();
    if (version < 0) return rewrite_outcome::malformed;
    const auto* rule = rule_of(key, version);
    if (!rule) return rewrite_outcome::unchanged;
    if (version > find_api(static_cast<std::int16_t>(key))->highest) return rewrite_outcome::malformed;
    learned said;
    rewriting at{wire_reader{answer}, byte_edit{answer, out}, version, encoding_of(key, version), plan, said};
    (void)read_response_header(at.in, key, version);
    rule->rewrite(at);
    // Bytes behind the end belong to a shape that is not known here.
    if (at.in.failed() || at.in.left() > 0) {
        out.clear();
        return rewrite_outcome::malformed;
    }
    auto changed = at.edit.finish();
    if (!said.cluster_id.empty()) facts.cluster_id = std::move(said.cluster_id);
    facts.nodes.insert(facts.nodes.end(), said.nodes.begin(), said.nodes.end());
    facts.topics.insert(facts.topics.end(), said.topics.begin(), said.topics.end());
    return changed ? rewrite_outcome::rewritten : rewrite_outcome::unchanged;
}

}  // namespace outrider::kafka
