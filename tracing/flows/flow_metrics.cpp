#include "tracing/flows/flow_metrics.hpp"

namespace outrider::flows {
namespace {

constexpr std::size_t most_series = 1'000;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

/// One name with its samples; what is over the bound becomes one sample.
class family {
  public:
    family(std::string& out, std::string name, const char* type, const char* help) : out_(out), name_(std::move(name)) {
        out_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
    }
    ~family() {
        if (series_ > most_series) sample("flow=\"other\"", other_);
    }
    family(const family&) = delete;
    family& operator=(const family&) = delete;

    void add(const std::string& labels, std::uint64_t value) {
        if (++series_ > most_series)
            other_ += value;
        else
            sample(labels, value);
    }

  private:
    void sample(const std::string& labels, std::uint64_t value) {
        out_ += name_ + "{" + labels + "} " + std::to_string(value) + "\n";
    }

    std::string& out_;
    const std::string name_;
    std::size_t series_ = 0;
    std::uint64_t other_ = 0;
};

std::string label(const char* name, std::string_view value) {
    return std::string{name} + "=\"" + escaped(value) + "\"";
}

std::string flow_label(const flow_checker& of) { return label("flow", of.what().text.name); }

void append_runs(std::string& out, const flow_set& of) {
    family runs(out, "outrider_flow_runs_total", "counter",
                "Runs of expected flows that have ended, by how; a run with any fault is faulty.");
    for (const auto* one : of.checkers())
        for (std::size_t i = 1; i < run_outcomes; ++i)
            runs.add(flow_label(*one) + "," + label("outcome", name_of(static_cast<run_outcome>(i))),
                     one->outcomes()[i]);
}

using counted_faults = std::array<std::uint64_t, fault_kinds> step_counters::*;

void append_faults(std::string& out, const flow_set& of, const char* name, const char* help, counted_faults which) {
    family faults(out, name, "counter", help);
    for (const auto* one : of.checkers())
        for (std::size_t step = 0; step < one->steps().size(); ++step)
            for (std::size_t kind = 0; kind < fault_kinds; ++kind)
                faults.add(flow_label(*one) + "," + label("step", one->what().step_at(step).text) + "," +
                               label("fault", name_of(static_cast<fault_kind>(kind))),
                           (one->steps()[step].*which)[kind]);
}

}  // namespace

void append_flow_metrics(std::string& out, const flow_set& of) {
    append_runs(out, of);
    append_faults(out, of, "outrider_flow_faults_total", "Faults of expected flows, each when it was told.",
                  &step_counters::told);
    append_faults(out, of, "outrider_flow_faults_retracted_total",
                  "Among them: what came after all, so that it was late or no fault.", &step_counters::retracted);
    {
        family running(out, "outrider_flow_running", "gauge", "Runs under way in which nothing is wrong.");
        for (const auto* one : of.checkers()) running.add(flow_label(*one), one->running());
    }
    family open(out, "outrider_flow_faulty", "gauge", "Runs under way in which something is wrong.");
    for (const auto* one : of.checkers()) open.add(flow_label(*one), one->faulty_now());
}

}  // namespace outrider::flows
