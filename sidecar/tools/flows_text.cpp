#include "sidecar/tools/flows_text.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <nlohmann/json.hpp>

#include "tracing/flows/expression.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {
namespace {

using nlohmann::json;

constexpr std::size_t longest_text = 400, most_shown = 1'000;
constexpr std::int64_t second = 1'000'000'000;

const json& member(const json& of, const char* name) {
    static const json nothing;
    if (!of.is_object()) return nothing;
    const auto found = of.find(name);
    return found == of.end() ? nothing : *found;
}

std::string text_in(const json& of, const char* name, bool ascii) {
    const auto& value = member(of, name);
    if (!value.is_string()) return {};
    return tracing::printable(std::string_view{value.get_ref<const std::string&>()}.substr(0, longest_text), ascii);
}

bool truth_in(const json& of, const char* name) {
    const auto& value = member(of, name);
    return value.is_boolean() && value.get<bool>();
}

std::uint64_t count_in(const json& of, const char* name) {
    const auto& value = member(of, name);
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

/// A number in quotes, as OTLP writes nanoseconds; less than nothing: there is none.
std::int64_t nanoseconds_in(const json& of, const char* name) {
    const auto& value = member(of, name);
    if (!value.is_string()) return -1;
    const auto& text = value.get_ref<const std::string&>();
    std::int64_t out = -1;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc{} && end == text.data() + text.size() ? out : -1;
}

/// "1.24s", "310ms"; empty where there is none.
std::string took_text(std::int64_t ns) {
    if (ns < 0) return {};
    char text[32];
    if (ns < second)
        std::snprintf(text, sizeof text, "%.3gms", static_cast<double>(ns) / 1e6);
    else
        std::snprintf(text, sizeof text, "%.3gs", static_cast<double>(ns) / 1e9);
    return text;
}

/// "12:41:02.123", in UTC.
std::string clock_text(std::int64_t unix_ns) {
    if (unix_ns < 0) return "-";
    const auto seconds = static_cast<std::time_t>(unix_ns / second);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(unix_ns / 1'000'000 % 1'000));
    return text;
}

const json& list_in(const json& of, const char* name) {
    static const json none = json::array();
    const auto& value = member(of, name);
    return value.is_array() ? value : none;
}

std::string faults_text(const json& step) {
    std::string out;
    const auto& faults = member(step, "faults");
    if (!faults.is_object()) return out;
    for (const auto& [kind, count] : faults.items()) {
        if (!count.is_number_unsigned() || count.get<std::uint64_t>() == 0) continue;
        out += (out.empty() ? "" : ", ") + std::to_string(count.get<std::uint64_t>()) + " " +
               tracing::printable(std::string_view{kind}.substr(0, 40), true);
    }
    return out;
}

std::string padded(const std::string& text, std::size_t width, bool ascii) { return tracing::fit(text, width, ascii); }

std::string right(const std::string& text, std::size_t width) {
    return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string without_trailing_blanks(std::string line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line + "\n";
}

std::string count_text(const json& of, const char* name) { return std::to_string(count_in(of, name)); }

std::string step_line(const json& step, std::size_t width, bool ascii) {
    const auto within = nanoseconds_in(step, "withinNano");
    const auto name = (truth_in(step, "compensates") ? "undone by " : "") + text_in(step, "name", ascii);
    return without_trailing_blanks("  " + padded(name, width, ascii) +
                                   right(within < 0 ? "" : flows::time_text(std::chrono::nanoseconds{within}), 8) +
                                   right(count_text(step, "reached"), 10) + right(count_text(step, "waiting"), 10) +
                                   right(took_text(nanoseconds_in(step, "p50Nano")), 10) +
                                   right(took_text(nanoseconds_in(step, "p95Nano")), 10) + "  " + faults_text(step));
}

std::string fault_line(const json& fault, const flows_style& style) {
    const auto told = nanoseconds_in(fault, "toldUnixNano");
    const auto run = text_in(fault, "run", style.ascii);
    auto line = "  " + clock_text(told) + "  " + padded(text_in(fault, "kind", style.ascii), 18, style.ascii) +
                (run.empty() ? "" : run + ": ") + text_in(fault, "text", style.ascii);
    if (truth_in(fault, "retracted"))
        line += " (came after all)";
    else if (truth_in(fault, "open"))
        line += " (still open)";
    return without_trailing_blanks(std::move(line));
}

std::string flow_text(const json& flow, const flows_style& style) {
    const auto description = text_in(flow, "description", style.ascii), by = text_in(flow, "by", style.ascii);
    auto out = text_in(flow, "name", style.ascii) + (description.empty() ? "" : ": " + description) + "\n";
    out += "  a run is " + (by.empty() ? "a chain" : "one value of " + by) + "; running " +
           count_text(flow, "running") + ", completed " + count_text(flow, "completed") + ", compensated " +
           count_text(flow, "compensated") + ", faulty " + count_text(flow, "faulty") + "\n";
    const auto width = std::clamp<std::size_t>(style.width > 72 ? style.width - 72 : 0, 24, 60);
    out += "  " + padded("step", width, true) + "  within   reached   waiting       p50       p95  faults\n";
    std::size_t shown = 0;
    for (const auto& step : list_in(flow, "steps"))
        if (++shown <= most_shown) out += step_line(step, width, style.ascii);
    for (const auto& fault : list_in(flow, "recent"))
        if (++shown <= most_shown) out += fault_line(fault, style);
    return out;
}

bool is_wanted(const json& flow, const std::string& name) {
    const auto& is = member(flow, "name");
    return name.empty() || (is.is_string() && is.get_ref<const std::string&>() == name);
}

bool any_fault(const json& faults) {
    return std::any_of(faults.begin(), faults.end(), [](const json& one) { return !truth_in(one, "retracted"); });
}

}  // namespace

std::string flows_text(const json& answer, const std::string& flow, const flows_style& style) {
    std::string out;
    std::size_t shown = 0;
    for (const auto& one : list_in(answer, "flows"))
        if (is_wanted(one, flow) && ++shown <= most_shown) out += (out.empty() ? "" : "\n") + flow_text(one, style);
    return out.empty() ? "no flows are expected\n" : out;
}

std::string run_text(const json& answer, const flows_style& style) {
    const bool ascii = style.ascii;
    auto out = text_in(answer, "flow", ascii) + ", run " + text_in(answer, "run", ascii) + ": " +
               text_in(answer, "state", ascii);
    const auto waits = text_in(answer, "waitsFor", ascii), chain = text_in(answer, "chain", ascii);
    out += (waits.empty() ? "" : ", waiting for " + waits) + (chain.empty() ? "" : "; chain " + chain) + "\n";
    std::size_t shown = 0;
    for (const auto& step : list_in(answer, "steps")) {
        const bool reached = truth_in(step, "reached");
        if ((!reached && truth_in(step, "compensates")) || ++shown > most_shown) continue;
        const auto within = nanoseconds_in(step, "withinNano");
        out += without_trailing_blanks(
            "  " + padded(text_in(step, "name", ascii), 44, ascii) +
            right(reached ? clock_text(nanoseconds_in(step, "atUnixNano")) : "-", 14) +
            right(took_text(nanoseconds_in(step, "tookNano")), 10) +
            (within < 0 ? "" : "  within " + flows::time_text(std::chrono::nanoseconds{within})));
    }
    for (const auto& event : list_in(answer, "events"))
        if (++shown <= most_shown)
            out += "  " + clock_text(nanoseconds_in(event, "endUnixNano")) + "  " +
                   padded(text_in(event, "name", ascii), 30, ascii) + " " + text_in(event, "service", ascii) + "\n";
    for (const auto& fault : list_in(answer, "faults"))
        if (++shown <= most_shown) out += fault_line(fault, style);
    return out;
}

bool has_faults(const json& answer, const std::string& flow) {
    if (any_fault(list_in(answer, "faults"))) return true;
    for (const auto& one : list_in(answer, "flows"))
        if (is_wanted(one, flow) && (count_in(one, "faulty") > 0 || any_fault(list_in(one, "recent")))) return true;
    return false;
}

}  // namespace outrider::tools
