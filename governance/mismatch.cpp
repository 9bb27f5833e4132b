#include "governance/mismatch.hpp"

#include "governance/glob.hpp"
#include "governance/path_template.hpp"

namespace outrider::governance {
namespace {

std::string or_nothing(std::string_view text) { return text.empty() ? "not there" : std::string{text}; }

/// One name that must fit a glob.
std::string differs(const char* what, const std::string& glob, std::string_view value) {
    if (glob.empty() || fits(glob, value)) return {};
    return std::string{what} + " is " + or_nothing(value) + ", not " + glob;
}

void add(std::string& out, const std::string& text) {
    if (!out.empty()) out += ", ";
    out += text;
}

void add_name(std::string& out, const char* key, const std::string& value) {
    if (!value.empty()) add(out, std::string{key} + ": " + value);
}

/// `inbound: "POST /orders/{id}"`
void add_http(std::string& out, const match& by) {
    if (!by.kind || *by.kind == traffic::produce || *by.kind == traffic::consume) return;
    auto what = by.method + (by.method.empty() || by.path.empty() ? "" : " ") + by.path;
    if (what.empty() && !by.upstream.empty()) return;
    add(out, std::string{name_of(*by.kind)} + ": \"" + (what.empty() ? "*" : what) + "\"");
}

}  // namespace

std::string mismatch(const match& by, const facts& of) {
    if (by.kind && *by.kind != of.kind)
        return "it is about " + std::string{name_of(*by.kind)} + ", this is " + std::string{name_of(of.kind)};
    if (!by.method.empty() && by.method != of.method)
        return "method is " + or_nothing(of.method) + ", not " + by.method;
    for (const auto& text : {differs("upstream", by.upstream, of.upstream), differs("cluster", by.cluster, of.upstream),
                             differs("host", by.host, of.host), differs("topic", by.topic, of.topic),
                             differs("group", by.group, of.group), differs("client", by.client, of.client)})
        if (!text.empty()) return text;
    for (const auto& [name, glob] : by.headers) {
        auto value = of.header(name);
        if (value.empty() || !fits(glob, value)) return "header " + name + " is " + or_nothing(value) + ", not " + glob;
    }
    std::string scratch;
    auto path = of.path.empty() ? of.path : normal_path(of.path, scratch);
    if (by.path.empty() || path_template::parse(by.path).read(path, [](auto, auto) {})) return {};
    return "path is " + or_nothing(path) + ", not " + by.path;
}

std::string text_of(const match& by) {
    std::string out;
    add_http(out, by);
    if (by.kind && (*by.kind == traffic::produce || *by.kind == traffic::consume))
        add(out, std::string{name_of(*by.kind)} + ": \"" + (by.topic.empty() ? "*" : by.topic) + "\"");
    add_name(out, "upstream", by.upstream);
    add_name(out, "cluster", by.cluster);
    add_name(out, "host", by.host);
    add_name(out, "group", by.group);
    add_name(out, "client", by.client);
    for (const auto& [name, value] : by.headers) add(out, "header " + name + ": " + value);
    return out.empty() ? "everything" : out;
}

}  // namespace outrider::governance
