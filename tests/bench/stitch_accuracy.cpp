// How much of what the stitcher says is true, by kind of traffic and load. Every row says what it is
// short of; with --check it fails where less is kept than accuracy_bounds.cpp says. Seeds from 10,000 on are not tuned
// on.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/accuracy_bounds.hpp"
#include "tests/support/chain_generator.hpp"
#include "tests/support/chain_score.hpp"

namespace outrider::test {
namespace {

struct arguments {
    std::vector<std::string> kinds;
    std::vector<double> loads{1.6, 4.3, 7.7, 14.4};
    std::uint64_t first_seed = 10'001, seeds = 1;
    std::size_t requests = 300, wrong = 0;
    bool open = true, echo = false, keys = false, check = false;
    said facts() const { return echo ? said::values : said::times; }
};

/// Says of some wrong links what they were.
void show_wrong(const generated_chains& made, const stitched& said, std::size_t most) {
    std::map<tracing::span_key, const tracing::span_data*> spans;
    for (const auto& each : made.spans) spans[{each.span.trace, each.span.span}] = &each.span;
    const auto told = [&](const tracing::span_key& key) {
        const auto found = spans.find(key);
        if (found == spans.end()) return std::string{"nobody"};
        const auto& span = *found->second;
        auto path = std::string{tracing::text_attribute(span.attributes, "url.full")};
        path += tracing::text_attribute(span.attributes, "url.path");
        return std::string{tracing::service_of(span)} + " " + span.name + " " + path + " [" +
               std::to_string(span.start_unix_ns / 1000 % 1'000'000'000) + ".." +
               std::to_string(span.end_unix_ns / 1000 % 1'000'000'000) + "]";
    };
    for (const auto& each : made.roots) {
        const auto found = said.decisions.find(each.root);
        if (most == 0) return;
        if (found == said.decisions.end()) continue;
        const auto& cause = found->second.cause;
        const auto is = [&](const auto& key) { return key == cause.cause; };
        if (std::any_of(each.causes.begin(), each.causes.end(), is) ||
            std::any_of(each.ancestors.begin(), each.ancestors.end(), is) ||
            (each.causes.empty() && !cause.cause.valid()))
            continue;
        --most;
        std::printf("%s\n  said %s (source %d, %.2f)\n  true %s\n", told(each.root).c_str(), told(cause.cause).c_str(),
                    static_cast<int>(cause.source), static_cast<double>(cause.confidence),
                    each.causes.empty() ? "nobody" : told(each.causes[0]).c_str());
    }
}

struct row {
    chain_score score;
    double busiest = 0, mean = 0, spans = 0, seconds = 0, bytes_per_span = 0;
    double decided_late_s = 0;
};

row measure(const traffic_class& kind, double load, const arguments& how) {
    row out;
    for (auto seed = how.first_seed; seed < how.first_seed + how.seeds; ++seed) {
        generator_options options;
        options.seed = seed;
        options.in_flight = load;
        options.requests = how.requests;
        options.inbound_open = how.open, options.echo = how.echo, options.keys = how.keys;
        const auto made = generate(kind, options);
        const auto said = run_stitcher(made, {});
        out.score += score(made, said);
        if (how.wrong > 0) show_wrong(made, said, how.wrong);
        out.busiest += made.busiest_in_flight / static_cast<double>(how.seeds);
        out.mean += made.mean_in_flight / static_cast<double>(how.seeds);
        out.spans += static_cast<double>(made.spans.size());
        out.seconds += said.cpu_seconds;
        out.bytes_per_span =
            std::max(out.bytes_per_span, static_cast<double>(said.most_bytes) /
                                             static_cast<double>(std::max<std::uint64_t>(1, said.most_held)));
    }
    return out;
}

void head() {
    std::printf("%-17s %6s %6s %6s | %6s %6s | %7s %7s %7s | %5s %6s %7s %6s %6s\n", "class", "busy", "mean", "edges",
                "whole%", "right%", ">=.9 %", "wrong%", "wrong", "p99 s", "undec.", "spans/s", "B/span", "fine");
}

/// Says which bounds are not kept.
std::string misses(const chain_score& score, const accuracy_bound& bound) {
    std::string out;
    if (100 * score.whole_share() < bound.whole) out += " whole<" + short_number(bound.whole);
    if (100 * score.coverage() < bound.coverage) out += " coverage<" + short_number(bound.coverage);
    if (100 * score.wrong_rate() > bound.wrong) out += " wrong>" + short_number(bound.wrong);
    if (score.latency_p99_s > 2) out += " p99>2s";
    if (score.undecided > 0) out += " undecided";
    return out;
}

/// @return whether what must be kept is
bool print(const traffic_class& kind, std::size_t load_index, const row& of, said facts) {
    const auto& score = of.score;
    const auto verdict = misses(score, asked_at(load_index));
    const auto lost = misses(score, kept_by(kind.name, load_index, facts));
    std::printf("%-17s %6.1f %6.1f %6.1f | %6.1f %6.1f | %7.1f %7.2f %7zu | %5.2f %6zu %7.0f %6.0f %s%s\n",
                kind.name.c_str(), of.busiest, of.mean,
                static_cast<double>(score.links) / static_cast<double>(std::max<std::size_t>(1, score.chains)),
                100 * score.whole_share(), 100 * score.right_share(), 100 * score.coverage(), 100 * score.wrong_rate(),
                score.sure_wrong, score.latency_p99_s, score.undecided, of.spans / of.seconds, of.bytes_per_span,
                verdict.empty() ? "yes" : "NO:", verdict.c_str());
    if (!lost.empty()) std::printf("    LOST what was kept:%s\n", lost.c_str());
    std::fflush(stdout);
    return lost.empty();
}

std::optional<arguments> parse(int count, char** given) {
    arguments out;
    for (int i = 1; i < count; ++i) {
        const std::string name = given[i];
        if (name == "--check") {
            out.check = true;
            continue;
        }
        if (i + 1 == count) return {};
        const std::string value = given[++i];
        if (name == "--class") {
            out.kinds.push_back(value);
        } else if (name == "--seed") {
            out.first_seed = std::strtoull(value.c_str(), nullptr, 10);
        } else if (name == "--seeds") {
            out.seeds = std::strtoull(value.c_str(), nullptr, 10);
        } else if (name == "--requests") {
            out.requests = std::strtoull(value.c_str(), nullptr, 10);
        } else if (name == "--wrong") {
            out.wrong = std::strtoull(value.c_str(), nullptr, 10);
        } else if (name == "--in-flight") {
            out.loads = {std::strtod(value.c_str(), nullptr)};
        } else if (name == "--facts") {
            out.open = value.find("open") != std::string::npos;
            out.echo = value.find("echo") != std::string::npos;
            out.keys = value.find("keys") != std::string::npos;
        } else {
            return {};
        }
    }
    return out;
}

/// @return how many rows lost what they kept
std::size_t table(const arguments& how) {
    std::vector<traffic_class> kinds;
    for (const auto& name : how.kinds) kinds.push_back(traffic_class_named(name));
    if (kinds.empty()) kinds = traffic_classes();
    head();
    std::size_t missed = 0;
    for (const auto& kind : kinds) {
        for (double load : how.loads) missed += !print(kind, load_index(load), measure(kind, load, how), how.facts());
        if (const auto why = reason_of(kind.name, how.facts()); !why.empty()) std::printf("    %s\n", why.c_str());
    }
    return missed;
}

int run(arguments how) {
    if (!how.check) {
        table(how);
        return 0;
    }
    std::printf("by times, and how many requests were open:\n");
    auto missed = table(how);
    how.echo = true;
    std::printf("\nby values of messages too, as sidecars hash them:\n");
    missed += table(how);
    std::printf("\n%zu rows lost what they kept\n", missed);
    return missed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace outrider::test

int main(int count, char** given) {
    const auto how = outrider::test::parse(count, given);
    if (!how) {
        std::cerr << "usage: stitch_accuracy [--check] [--class NAME]... [--seed N] [--seeds N] [--requests N] "
                     "[--in-flight X]\n"
                     "                       [--facts open,echo,keys] [--wrong N]\n";
        return 2;
    }
    return outrider::test::run(*how);
}
