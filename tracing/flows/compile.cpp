#include "tracing/flows/compile.hpp"

#include <algorithm>

#include "tracing/flows/expression.hpp"

namespace outrider::flows {
namespace {

/// One compilation: names become indexes, and what makes no sense is told.
class compilation {
  public:
    explicit compilation(const flow_text& text);
    std::variant<flow, std::vector<flow_error>> run();

  private:
    std::optional<std::size_t> index_of(const std::string& name) const;
    bool read(const std::string& key, const std::string& text, std::vector<step>& into);
    void check_expected();
    void read_compensation(const std::string& trigger, const std::string& text);
    void fail(const std::string& key, std::size_t column, std::string text, std::string unknown = {});

    flow out_;
    std::vector<flow_error> errors_;
    std::vector<std::string> used_in_;  ///< by event: the key that names it as a step
};

compilation::compilation(const flow_text& text) : out_{text, {}, {}, {}} {
    for (const auto& [name, match] : text.events) out_.events.push_back({name, match});
    used_in_.resize(out_.events.size());
}

std::optional<std::size_t> compilation::index_of(const std::string& name) const {
    const auto found =
        std::lower_bound(out_.events.begin(), out_.events.end(), name,
                         [](const named_event& one, const std::string& wanted) { return one.name < wanted; });
    if (found == out_.events.end() || found->name != name) return std::nullopt;
    return static_cast<std::size_t>(found - out_.events.begin());
}

void compilation::fail(const std::string& key, std::size_t column, std::string text, std::string unknown) {
    errors_.push_back({key, column, std::move(text), std::move(unknown)});
}

/// @return whether `into` holds the steps; one error is told else
bool compilation::read(const std::string& key, const std::string& text, std::vector<step>& into) {
    auto parsed = parse_expression(text);
    if (auto* error = std::get_if<expression_error>(&parsed))
        return fail(key, error->column, std::move(error->text), std::move(error->unknown)), false;
    auto& expression = std::get<parsed_expression>(parsed);
    std::vector<std::size_t> events;
    for (const auto& name : expression.names) {
        const auto event = index_of(name.name);
        if (!event) return fail(key, name.column, "unknown event '" + name.name + "'", name.name), false;
        if (!used_in_[*event].empty())
            return fail(key, name.column, "'" + name.name + "' is a step of '" + used_in_[*event] + "' already"), false;
        events.push_back(*event);
    }
    for (const auto event : events) used_in_[event] = key;
    for (auto& one : expression.steps)
        for (auto& each : one.alternatives)
            for (auto& member : each.members) member.event = events[member.event];
    into = std::move(expression.steps);
    return true;
}

void compilation::check_expected() {
    const auto& steps = out_.steps;
    if (steps.front().within)
        fail("expect", 1, "the first step starts a run: there is nothing that 'within' counts from");
    if (steps.front().optional()) fail("expect", 1, "the first step starts a run, so it has to come");
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        const auto& of = steps[i].alternatives;
        if (std::all_of(of.begin(), of.end(), [](const alternative& one) { return one.end; }))
            return fail("expect", 1,
                        "every run ends with '" + steps[i].text + "', so that nothing can follow; remove an 'end'");
    }
}

void compilation::read_compensation(const std::string& trigger, const std::string& text) {
    const auto key = "compensate." + trigger;
    const auto event = index_of(trigger);
    if (!event) return fail(key, 0, "unknown event '" + trigger + "'", trigger);
    compensation one{*event, {}};
    if (!read(key, text, one.steps)) return;
    for (const auto& each : one.steps)
        for (const auto& way : each.alternatives)
            if (way.end) return fail(key, 1, "a compensation is done with its last step; 'end' says nothing here");
    out_.compensations.push_back(std::move(one));
}

std::variant<flow, std::vector<flow_error>> compilation::run() {
    if (read("expect", out_.text.expect, out_.steps)) check_expected();
    for (const auto& [trigger, text] : out_.text.compensate) read_compensation(trigger, text);
    if (errors_.empty() && out_.step_count() > most_steps_of_a_flow)
        fail("expect", 0, "more than " + std::to_string(most_steps_of_a_flow) + " steps, with the compensations");
    if (!errors_.empty()) return std::move(errors_);
    return std::move(out_);
}

std::chrono::nanoseconds length_of(const std::vector<step>& steps) {
    std::chrono::nanoseconds sum{0};
    for (const auto& one : steps) sum += one.within.value_or(std::chrono::nanoseconds{0});
    return sum;
}

}  // namespace

bool step::optional() const {
    return std::any_of(alternatives.begin(), alternatives.end(), [](const alternative& way) {
        return std::all_of(way.members.begin(), way.members.end(),
                           [](const step_member& one) { return one.least == 0; });
    });
}

std::chrono::nanoseconds flow::longest() const {
    std::chrono::nanoseconds undoing{0};
    for (const auto& one : compensations) undoing = std::max(undoing, length_of(one.steps));
    return length_of(steps) + undoing;
}

std::size_t flow::step_count() const {
    auto count = steps.size();
    for (const auto& one : compensations) count += one.steps.size();
    return count;
}

const step& flow::step_at(std::size_t number) const {
    if (number < steps.size()) return steps[number];
    number -= steps.size();
    for (const auto& one : compensations) {
        if (number < one.steps.size()) return one.steps[number];
        number -= one.steps.size();
    }
    return steps.back();
}

std::variant<flow, std::vector<flow_error>> compile(const flow_text& text) { return compilation{text}.run(); }

std::vector<std::string> unused_events(const flow& of) {
    std::vector<bool> used(of.events.size());
    for (std::size_t i = 0; i < of.step_count(); ++i)
        for (const auto& way : of.step_at(i).alternatives)
            for (const auto& member : way.members) used[member.event] = true;
    for (const auto& one : of.compensations) used[one.trigger] = true;
    std::vector<std::string> out;
    for (std::size_t i = 0; i < used.size(); ++i)
        if (!used[i]) out.push_back(of.events[i].name);
    return out;
}

}  // namespace outrider::flows
