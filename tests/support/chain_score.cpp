#include "tests/support/chain_score.hpp"

#include <algorithm>
#include <ctime>
#include <set>

namespace outrider::test {
namespace {

using tracing::span_key;

double cpu_now() {
    timespec out{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &out);
    return static_cast<double>(out.tv_sec) + 1e-9 * static_cast<double>(out.tv_nsec);
}

bool one_of(const std::vector<span_key>& keys, const span_key& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Judges root by root.
class judge {
  public:
    judge(const generated_chains& truth, const stitched& said) : truth_(truth), said_(said) {}

    chain_score verdict() {
        for (const auto& each : truth_.roots) root(each);
        explained();
        out_.chains = truth_.chains;
        out_.whole = truth_.chains - broken_.size();
        latency();
        return out_;
    }

  private:
    std::size_t chain_of(const span_key& key) const {
        auto at = std::lower_bound(truth_.chain_of.begin(), truth_.chain_of.end(), std::pair{key, std::size_t{0}});
        return at != truth_.chain_of.end() && at->first == key ? at->second : nothing;
    }

    void breaks(std::size_t chain) {
        if (chain != nothing) broken_.insert(chain);
    }

    void root(const true_root& of) {
        roots_.insert(of.root);
        const auto found = said_.decisions.find(of.root);
        out_.undecided += found == said_.decisions.end();
        const bool linked = found != said_.decisions.end() && found->second.cause.cause.valid();
        out_.links += !of.causes.empty();
        if (!linked) {
            if (!of.causes.empty()) breaks(of.chain);
            return;
        }
        const auto& cause = found->second.cause;
        const bool right = one_of(of.causes, cause.cause) || one_of(of.ancestors, cause.cause);
        const bool sure = cause.confidence >= 0.9F;
        out_.right += right && !of.causes.empty();
        out_.wrong += !right;
        out_.sure += sure;
        out_.sure_right += sure && right && !of.causes.empty();
        out_.sure_wrong += sure && !right;
        if (right) return;
        breaks(of.chain);
        breaks(chain_of(cause.cause));
    }

    /// What had its parent needed no decision: another one is wrong.
    void explained() {
        for (const auto& [key, decision] : said_.decisions) {
            if (roots_.contains(key) || !decision.cause.cause.valid()) continue;
            ++out_.wrong;
            ++out_.sure;
            ++out_.sure_wrong;
            breaks(chain_of(key));
        }
    }

    void latency() {
        std::map<std::size_t, std::int64_t> last_span, last_decision;
        for (const auto& each : truth_.spans) {
            const auto chain = chain_of({each.span.trace, each.span.span});
            if (chain != nothing) last_span[chain] = each.at_ns;
        }
        for (const auto& each : truth_.roots) {
            const auto when = said_.decided_ns.find(each.root);
            if (each.chain == nothing || when == said_.decided_ns.end()) continue;
            auto& last = last_decision[each.chain];
            last = std::max(last, when->second);
        }
        std::vector<double> waits;
        for (const auto& [chain, when] : last_decision)
            waits.push_back(1e-9 * static_cast<double>(std::max<std::int64_t>(0, when - last_span[chain])));
        std::sort(waits.begin(), waits.end());
        if (waits.empty()) return;
        out_.latency_p50_s = waits[waits.size() / 2];
        out_.latency_p99_s = waits[waits.size() * 99 / 100];
    }

    const generated_chains& truth_;
    const stitched& said_;
    chain_score out_;
    std::set<span_key> roots_;
    std::set<std::size_t> broken_;
};

}  // namespace

stitched run_stitcher(const generated_chains& input, const tracing::stitch_options& options,
                      std::chrono::nanoseconds every) {
    stitched out;
    tracing::stitcher stitcher{options};
    const auto started = cpu_now();
    std::int64_t now = input.spans.empty() ? 0 : input.spans.front().at_ns;
    auto hear = [&](std::vector<tracing::decision> decisions) {
        for (auto& each : decisions) {
            out.decided_ns[each.root] = now;
            out.decisions.insert_or_assign(each.root, std::move(each));
        }
        const auto counters = stitcher.counters();
        out.most_bytes = std::max(out.most_bytes, counters.bytes);
        out.most_held = std::max(out.most_held, counters.held);
    };
    for (const auto& each : input.spans) {
        for (; now + every.count() <= each.at_ns; now += every.count()) hear(stitcher.advance(now));
        stitcher.add(each.span, each.at_ns);
    }
    for (const auto end = now + 10'000'000'000; now < end; now += every.count()) hear(stitcher.advance(now));
    hear(stitcher.finish());
    out.cpu_seconds = cpu_now() - started;
    out.counters = stitcher.counters();
    return out;
}

chain_score& chain_score::operator+=(const chain_score& other) {
    chains += other.chains, whole += other.whole;
    links += other.links, right += other.right, wrong += other.wrong;
    sure += other.sure, sure_right += other.sure_right, sure_wrong += other.sure_wrong;
    undecided += other.undecided;
    latency_p50_s = std::max(latency_p50_s, other.latency_p50_s);
    latency_p99_s = std::max(latency_p99_s, other.latency_p99_s);
    return *this;
}

chain_score score(const generated_chains& truth, const stitched& said) { return judge{truth, said}.verdict(); }

}  // namespace outrider::test
