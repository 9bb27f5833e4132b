#include "tests/support/hotel_spans.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include <zlib.h>

#include "tracing/stitch/timing_model.hpp"

namespace outrider::test_support {
namespace {

using tracing::timing_guess;

std::string unpacked(const std::string& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    if (!file) throw std::runtime_error("cannot read " + path);
    std::string text;
    char buffer[65536];
    for (int got = 0; (got = gzread(file, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    gzclose(file);
    return text;
}

hotel_span parsed(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
    hotel_span span;
    span.entered = fields.at(0) == "I";
    span.service = fields.at(1), span.operation = fields.at(2), span.trace = fields.at(3), span.span = fields.at(4);
    if (!span.entered) span.child = fields.at(5);
    const std::size_t start = span.entered ? 5 : 6;
    span.start_ns = std::stoll(fields.at(start)) * 1000;
    span.end_ns = std::stoll(fields.at(start + 1)) * 1000;
    return span;
}

void squeeze_traces(std::vector<hotel_span>& spans, int squeeze) {
    std::map<std::string, std::int64_t> starts;
    for (const auto& s : spans)
        if (s.entered && s.service == "frontend") starts[s.trace] = s.start_ns;
    std::int64_t first = starts.begin()->second;
    for (const auto& [trace, start] : starts) first = std::min(first, start);
    for (auto& s : spans) {
        const std::int64_t start = starts.at(s.trace), shift = first + (start - first) / squeeze - start;
        s.start_ns += shift;
        s.end_ns += shift;
    }
}

struct side {
    std::vector<const hotel_span*> entered, left;
};

/// Counts links and the traces that have a wrong one.
struct count {
    double links = 0, sure = 0, sure_and_wrong = 0;
    std::set<std::string> wrong_traces;

    void add(const side& spans, const std::vector<timing_guess>& guesses, bool within) {
        for (std::size_t l = 0; l < spans.left.size(); ++l) {
            const auto& left = *spans.left[l];
            const auto& guess = guesses[l];
            const bool right = guess.entered < spans.entered.size() &&
                               spans.entered[guess.entered]->span == (within ? left.span : left.child);
            ++links;
            sure += guess.confidence >= 0.9;
            sure_and_wrong += guess.confidence >= 0.9 && !right;
            if (!right) wrong_traces.insert(left.trace);
        }
    }
    hotel_score::part part(double traces) const {
        return {100 - 100 * static_cast<double>(wrong_traces.size()) / traces, 100 * sure / links,
                100 * sure_and_wrong / sure};
    }
    count operator+(const count& other) const {
        count both = other;
        both.links += links, both.sure += sure, both.sure_and_wrong += sure_and_wrong;
        both.wrong_traces.insert(wrong_traces.begin(), wrong_traces.end());
        return both;
    }
};

std::vector<timing_guess> causes(const side& spans) {
    std::map<std::string, std::uint32_t> operations;
    const auto number = [&](const std::string& name) {
        return operations.emplace(name, static_cast<std::uint32_t>(operations.size())).first->second;
    };
    std::vector<tracing::entered_span> entered;
    std::vector<tracing::left_span> left;
    for (const auto* s : spans.entered) entered.push_back({number(s->operation), s->start_ns, s->end_ns});
    for (const auto* s : spans.left)
        left.push_back({.operation = number(s->operation), .start_ns = s->start_ns, .end_ns = s->end_ns});
    return tracing::timing_model().match(entered, left);
}

std::vector<timing_guess> hops(const side& spans) {
    std::vector<tracing::entered_span> entered;
    std::vector<tracing::left_span> left;
    for (const auto* s : spans.entered) entered.push_back({0, s->start_ns, s->end_ns});
    for (const auto* s : spans.left) left.push_back({.operation = 1, .start_ns = s->start_ns, .end_ns = s->end_ns});
    return tracing::match_hops(left, entered);
}

}  // namespace

const std::array<hotel_threshold, 4> hotel_thresholds{{
    {1, {98.5, 98, 0.5}, {95, 97.5, 0.5}},
    {4, {98, 98, 0.5}, {91, 96, 0.5}},
    {8, {85, 80, 0.5}, {85, 80, 0.5}},
    {16, {68, 65, 0.5}, {68, 65, 0.5}},
}};

std::vector<hotel_span> hotel_spans(int load, int squeeze) {
    std::istringstream lines(
        unpacked(std::string(OUTRIDER_TEST_DATA) + "/event-chains/hotel_load" + std::to_string(load) + ".csv.gz"));
    std::vector<hotel_span> spans;
    for (std::string line; std::getline(lines, line);) spans.push_back(parsed(line));
    squeeze_traces(spans, squeeze);
    std::stable_sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
    return spans;
}

hotel_score score_hotel(const std::vector<hotel_span>& spans) {
    std::map<std::string, side> services, endpoints;
    double busy = 0, begin = 0, end = 0, traces = 0;
    for (const auto& s : spans) {
        auto& service = services[s.service];
        auto& endpoint = endpoints[s.entered ? s.service + ":" + s.operation : s.operation];
        (s.entered ? service.entered : service.left).push_back(&s);
        (s.entered ? endpoint.entered : endpoint.left).push_back(&s);
        if (!s.entered || s.service != "frontend") continue;
        if (!traces++) begin = static_cast<double>(s.start_ns);
        busy += static_cast<double>(s.end_ns - s.start_ns);
        end = std::max(end, static_cast<double>(s.end_ns));
    }
    count within, between;
    for (const auto& [name, service] : services)
        if (!service.left.empty()) within.add(service, causes(service), true);
    for (const auto& [name, endpoint] : endpoints)
        if (!endpoint.left.empty()) between.add(endpoint, hops(endpoint), false);
    return {busy / (end - begin), (within + between).part(traces), within.part(traces), between.part(traces)};
}

std::string hotel_line(int load, int squeeze, const hotel_score& score) {
    char line[256];
    const auto& [in_flight, all, within, between] = score;
    std::snprintf(
        line, sizeof line,
        "load %d x%-2d  in flight %5.2f | within: whole %5.1f covered %5.1f wrong %.2f | between: whole %5.1f covered "
        "%5.1f wrong %.2f | all: whole %5.1f covered %5.1f wrong %.2f",
        load, squeeze, in_flight, within.whole, within.covered, within.wrong, between.whole, between.covered,
        between.wrong, all.whole, all.covered, all.wrong);
    return line;
}

std::string hotel_shortfall(const hotel_threshold& asked, const hotel_score& score) {
    std::string text;
    const auto check = [&](const char* name, const hotel_score::part& least, const hotel_score::part& is) {
        if (is.whole < least.whole)
            text += std::string(name) + ": whole traces below " + std::to_string(least.whole) + "\n";
        if (is.covered < least.covered)
            text += std::string(name) + ": coverage below " + std::to_string(least.covered) + "\n";
        if (is.wrong > least.wrong)
            text += std::string(name) + ": wrong links above " + std::to_string(least.wrong) + "\n";
    };
    check("within", asked.within, score.within);
    check("all", asked.all, score.all);
    return text;
}

}  // namespace outrider::test_support
