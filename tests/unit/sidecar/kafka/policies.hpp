#pragma once

#include <string>
#include <utility>
#include <vector>

#include "governance/policy_set.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {

/// A limit of bytes for what is produced to (or fetched from) a topic; the burst is one byte.
inline governance::policy bytes_limit(governance::traffic kind, std::string topic, double per_second) {
    governance::policy out;
    out.name = "smooth";
    out.match.kind = kind;
    out.match.topic = std::move(topic);
    governance::limit_rule rule;
    rule.rate = {per_second, "some"};
    rule.of = governance::measure::bytes;
    rule.burst = 1;
    out.limits.push_back(rule);
    return out;
}

/// From now on the session's worker goes by these.
inline void enforce(kafka_session& s, std::vector<governance::policy> policies) {
    governance::policy_set::options with;
    with.now = net::steady_clock::now();
    const auto former = s.governor.policies();
    s.governor.use(governance::policy_set::compile(std::move(policies), former->set.get(), with));
}

/// Turns the session's loop for so long, whatever comes.
inline void turn_for(kafka_session& s, std::chrono::milliseconds time) {
    s.worker.get_executor().context().run_for(time);
}

/// How often a rule of that policy has decided so.
inline std::uint64_t decided(kafka_session& s, const std::string& policy, governance::rule_outcome how) {
    std::uint64_t sum = 0;
    s.governor.counts.each([&](const exchange::decision_counts::row& row) {
        if (row.policy == policy) sum += row.outcomes[static_cast<std::size_t>(how)].value();
    });
    return sum;
}

/// A breaker for what is produced to, or consumed from, the cluster.
inline governance::policy breaker(governance::traffic kind,
                                  governance::breaker_force forced = governance::breaker_force::none) {
    governance::policy out;
    out.name = "guard";
    out.match.kind = kind;
    governance::breaker_rule rule;
    rule.consecutive = 2;
    rule.open = governance::milliseconds{60};
    rule.probes = 1;
    rule.ramp = governance::milliseconds{0};
    rule.forced = forced;
    out.breakers.push_back(rule);
    return out;
}

inline governance::policy paused(governance::traffic kind) { return breaker(kind, governance::breaker_force::open); }

/// Of an idempotent producer when it has a sequence.
inline std::string batch_of_producer(std::int32_t sequence, std::string value = "one") {
    plain_record record;
    record.value = std::move(value);
    auto out = batch_of({record});
    if (sequence < 0) return out;
    std::string fields;
    wire_writer to{fields};
    to.int64(7'000);
    to.int16(0);
    to.int32(sequence);
    out.replace(43, fields.size(), fields);
    return sealed(std::move(out));
}

/// Sends one request and gives the answer to it.
inline std::string ask(kafka_session& s, const client_ptr& client, const std::string& bytes) {
    const auto before = client->answers().size();
    auto got = s.converse(client, bytes, before + 1);
    return got.size() > before ? got.back() : std::string{};
}

}  // namespace outrider::kafka::testing
