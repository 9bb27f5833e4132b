#include "tracing/flows/fault_text.hpp"

#include "tracing/flows/expression.hpp"

namespace outrider::flows {
namespace {

/// Events are told as numbers from 1, 0 being none.
std::string event_name(std::uint32_t number, const flow& of) {
    return number == 0 || number > of.events.size() ? std::string{"what follows"} : of.events[number - 1].name;
}

/// What comes before a step: the one before it in its row, or what a compensation is for.
std::string before(std::size_t number, const flow& of) {
    if (number < of.steps.size()) return number == 0 ? std::string{} : of.steps[number - 1].text;
    auto offset = of.steps.size();
    for (const auto& one : of.compensations) {
        if (number == offset) return of.events[one.trigger].name;
        if (number < offset + one.steps.size()) return one.steps[number - offset - 1].text;
        offset += one.steps.size();
    }
    return {};
}

std::string within(std::size_t number, const flow& of) {
    const auto& limit = of.step_at(number).within;
    return limit ? " within " + time_text(*limit) : std::string{};
}

std::string after(std::size_t number, const flow& of) {
    const auto former = before(number, of);
    return former.empty() ? former : " after " + former;
}

}  // namespace

std::string text_of(const fault& what, const flow& of) {
    const auto& step = of.step_at(what.step).text;
    const auto event = what.event == 0 ? step : event_name(what.event, of);
    switch (what.kind) {
        case fault_kind::stuck:
            return step + " did not come" + within(what.step, of) + after(what.step, of);
        case fault_kind::late:
            return event + " came " + time_text(std::chrono::nanoseconds{what.at - what.deadline}) +
                   " too late:" + within(what.step, of) + after(what.step, of) + " was the time";
        case fault_kind::missing:
            return step + " did not come, although " + event_name(what.other, of) + " did";
        case fault_kind::duplicate:
            return what.other != 0 ? event + " came, although " + event_name(what.other, of) + " had"
                                   : event + " came once more than it should";
        case fault_kind::out_of_order:
            if (what.ordinal == 0) return event + " came before " + event_name(what.other, of);
            return event + " came after " + event_name(what.other, of);
        case fault_kind::lost_compensation:
            break;
    }
    return step + " did not follow" + (before(what.step, of).empty() ? "" : " " + before(what.step, of)) +
           within(what.step, of);
}

}  // namespace outrider::flows
