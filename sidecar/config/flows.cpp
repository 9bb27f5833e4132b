#include "sidecar/config/flows.hpp"

#include <map>

#include "sidecar/config/diagnostic_order.hpp"
#include "sidecar/config/flow_declared.hpp"
#include "sidecar/config/nearest.hpp"
#include "sidecar/config/reader.hpp"
#include "sidecar/config/value_access.hpp"
#include "sidecar/config/yaml.hpp"
#include "sidecar/config/yaml_files.hpp"
#include "tracing/flows/compile.hpp"
#include "tracing/flows/expression.hpp"

namespace outrider::config {
namespace {

using flows::event_kind;
using flows::event_match;
using flows::flow;
using flows::flow_error;
using flows::flow_text;
using status_kind = flows::wanted_status::kind;

constexpr std::size_t most_flows = 500, most_events = 200;

/// A flow as read, with what its file knows about it.
class read_flow {
  public:
    read_flow(flow_text& text, std::string path, const reader& from, diagnostics& errors, diagnostics& warnings)
        : text_(text), path_(std::move(path)), from_(from), errors_(errors), warnings_(warnings) {}
    /// Judges it, and compiles it when nothing is wrong.
    void into(std::vector<flow>& out);
    origin where(std::string key) const;

  private:
    bool has_failed() const;
    void check_event(const std::string& name, const event_match& of);
    void check_same();
    void tell(const flow_error& error);
    void fail(const std::string& key, const std::string& text) { errors_.push_back(at(where(key), text)); }
    void warn(const std::string& key, const std::string& text) { warnings_.push_back(at(where(key), text)); }
    std::string name_of(const std::string& key) const { return "'" + path_ + "." + key + "'"; }

    flow_text& text_;
    const std::string path_;
    const reader& from_;
    diagnostics& errors_;
    diagnostics& warnings_;
};

/// Where a key was written, or the nearest thing above it that was.
origin read_flow::where(std::string key) const {
    const auto& known = from_.where();
    for (auto path = join(path_, key);; path.resize(path.rfind('.'))) {
        if (const auto found = known.find(path); found != known.end()) return found->second;
        if (path.find('.') == std::string::npos) return {};
    }
}

bool read_flow::has_failed() const {
    const auto& failed = from_.failed();
    const auto next = failed.lower_bound(path_);
    return next != failed.end() && (*next == path_ || next->starts_with(path_ + "."));
}

void read_flow::check_event(const std::string& name, const event_match& of) {
    const auto key = "events." + name;
    if (!flows::is_event_name(name))
        return fail(key, name_of(key) + ": '" + name + "' has a meaning in expressions; give the event another name");
    if (!of.kind) return fail(key, name_of(key) + " lacks what it is seen by: produce, consume, inbound or outbound");
    if (!of.upstream.empty() && of.kind != event_kind::outbound)
        fail(key + ".upstream", name_of(key + ".upstream") + ": only outbound requests have an upstream");
    const bool of_topic = of.kind == event_kind::produce || of.kind == event_kind::consume;
    if (of_topic && (of.status.is == status_kind::code || of.status.is == status_kind::one_class))
        fail(key + ".status", name_of(key + ".status") + ": records have no status of HTTP; write ok, error or any");
}

/// Two names for the same spans: each span would be both.
void read_flow::check_same() {
    for (auto one = text_.events.begin(); one != text_.events.end(); ++one)
        for (auto other = std::next(one); other != text_.events.end(); ++other)
            if (one->second == other->second)
                warn("events." + other->first, name_of("events." + other->first) + " is seen by the same spans as '" +
                                                   one->first + "': each of them means both");
}

void read_flow::tell(const flow_error& error) {
    auto text = name_of(error.key);
    if (error.column > 0) text += ", character " + std::to_string(error.column);
    text += ": " + error.text;
    if (!error.unknown.empty()) {
        std::vector<std::string> names;
        for (const auto& [name, match] : text_.events) names.push_back(name);
        text += did_you_mean(error.unknown, names);
    }
    fail(error.key, text);
}

void read_flow::into(std::vector<flow>& out) {
    if (has_failed()) return;
    const auto before = errors_.size();
    if (text_.events.size() > most_events)
        return fail("events", name_of("events") + ": more than " + std::to_string(most_events) + " events");
    for (const auto& [name, match] : text_.events) check_event(name, match);
    auto compiled = flows::compile(text_);
    if (const auto* errors = std::get_if<std::vector<flow_error>>(&compiled))
        for (const auto& each : *errors) tell(each);
    if (errors_.size() != before) return;
    check_same();
    auto& good = std::get<flow>(compiled);
    for (const auto& name : flows::unused_events(good))
        warn("events." + name, name_of("events." + name) + " is named in no expression");
    out.push_back(std::move(good));
}

/// One run: gathers flows from everywhere.
class flow_loading {
  public:
    explicit flow_loading(const environment& variables) : variables_(variables) {}
    void add_path(const std::string& path);
    void add_text(std::string_view yaml, const std::string& file);
    flows_result finish();

  private:
    void add_file(const std::string& file);
    void check_name(const std::string& name, const origin& where);

    const environment& variables_;
    std::vector<flow> all_;
    std::map<std::string, origin> names_;
    std::size_t read_ = 0;
    std::vector<std::string> files_;  ///< in the order read: errors are told in it
    diagnostics errors_, warnings_;
};

void flow_loading::check_name(const std::string& name, const origin& where) {
    if (name.empty()) return;
    const auto [first, is_new] = names_.emplace(name, where);
    if (is_new) return;
    errors_.push_back(at(where, "a second flow named '" + name + "'; the first is at " + first->second.name + ":" +
                                    std::to_string(first->second.line)));
}

void flow_loading::add_text(std::string_view yaml, const std::string& file) {
    files_.push_back(file);
    auto tree = parse_yaml(yaml, file, errors_);
    if (!tree.whole) return;
    flow_file content;
    reader read{variables_, errors_, declared_flows()};
    read.read(declared_flows(), tree.root, &content, "");
    if (content.flows.empty() && read.failed().empty()) warnings_.push_back({file, 0, 0, "holds no flows"});
    for (std::size_t i = 0; i < content.flows.size(); ++i) {
        read_flow one{content.flows[i], "flows." + std::to_string(i), read, errors_, warnings_};
        if (++read_ > most_flows) {
            errors_.push_back(at(one.where("name"), "more than " + std::to_string(most_flows) + " flows"));
            return;
        }
        check_name(content.flows[i].name, one.where("name"));
        one.into(all_);
    }
}

void flow_loading::add_file(const std::string& file) {
    std::string yaml;
    if (auto wrong = read_file(file, yaml_bounds{}.bytes, yaml); !wrong.empty()) {
        files_.push_back(file);
        errors_.push_back({file, 0, 0, std::move(wrong)});
        return;
    }
    add_text(yaml, file);
}

void flow_loading::add_path(const std::string& path) {
    std::vector<std::string> files;
    if (auto wrong = list_yaml_files(path, files); !wrong.empty())
        errors_.push_back({path, 0, 0, std::move(wrong)});
    else if (files.empty())
        warnings_.push_back({path, 0, 0, "holds no *.yaml and no *.yml"});
    for (const auto& file : files) add_file(file);
}

flows_result flow_loading::finish() {
    put_in_order(errors_, files_);
    put_in_order(warnings_, files_);
    if (!errors_.empty()) return std::move(errors_);
    return loaded_flows{std::move(all_), std::move(warnings_)};
}

}  // namespace

flows_result load_flows(const flow_input& input) {
    flow_loading loading{input.environment};
    for (const auto& path : input.paths) loading.add_path(path);
    return loading.finish();
}

flows_result load_flow_text(std::string_view yaml, const std::string& file) {
    const environment none;
    flow_loading loading{none};
    loading.add_text(yaml, file);
    return loading.finish();
}

std::string fingerprint(const flow_input& of) {
    std::string out;
    for (const auto& path : of.paths) out += fingerprint_of_path(path);
    return out;
}

}  // namespace outrider::config
