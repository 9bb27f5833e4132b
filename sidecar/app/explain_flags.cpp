#include "sidecar/app/explain_flags.hpp"

#include <CLI/CLI.hpp>

#include "sidecar/config/units.hpp"
#include "sidecar/http/lower_case.hpp"

namespace outrider::app {

using http::lower_case;

const char* const explain_footer =
    "Tells which policies match an exchange, in which order, what each rule would say to it if it came alone, which\n"
    "settings count, and why the others do not match.\n"
    "\nExamples:\n"
    "  outrider explain --policies policies.d --request 'POST /orders' --header 'x-tenant: a'\n"
    "  outrider explain --policies policies.d --upstream stock --request 'GET /stock/7'\n"
    "  outrider explain --config sidecar.yaml --produce clickstream.web --client web-1";

void add_explain_flags(CLI::App& app, explain_flags& into) {
    auto flag = [&](const char* name, std::string& value, const char* type, const char* doc) {
        app.add_option(name, value, doc)->type_name(type);
    };
    flag("--policies", into.policies, "PATH", "a file of policies, or a folder of them");
    flag("--config", into.config, "FILE", "instead: what this configuration says of policies");
    flag("--request", into.request, "'METHOD PATH'", "an HTTP request to the application; with --upstream, from it");
    flag("--upstream", into.upstream, "NAME", "the request goes out, to this upstream");
    flag("--host", into.host, "NAME", "its Host");
    app.add_option("--header", into.headers, "a field of it; repeatable")
        ->type_name("'NAME: VALUE'")
        ->allow_extra_args(false);
    flag("--address", into.address, "ADDR", "the caller's address");
    flag("--produce", into.produce, "TOPIC", "records on their way to a topic");
    flag("--consume", into.consume, "TOPIC", "records of a topic on their way to the application");
    flag("--cluster", into.cluster, "NAME", "the Kafka cluster");
    flag("--client", into.client, "ID", "the Kafka client's id");
    flag("--group", into.group, "NAME", "the consumer group");
}

namespace {

void read_request(const explain_flags& flags, tools::explained_exchange& out, std::vector<std::string>& wrong) {
    const auto space = flags.request.find(' ');
    out.method = flags.request.substr(0, space);
    out.path = space == std::string::npos ? "" : config::trim(std::string_view{flags.request}.substr(space));
    if (space == std::string::npos || out.path.empty() || out.path.front() != '/')
        wrong.push_back("--request: '" + flags.request + "' is not a method and a path such as 'POST /orders'");
    out.upstream = flags.upstream;
    out.kind = flags.upstream.empty() ? governance::traffic::inbound : governance::traffic::outbound;
}

void read_header(const std::string& text, tools::explained_exchange& out, std::vector<std::string>& wrong) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0) {
        wrong.push_back("--header: '" + text + "' is not a field such as 'x-tenant: a'");
        return;
    }
    const auto value = config::trim(std::string_view{text}.substr(colon + 1));
    out.headers.emplace_back(lower_case(text.substr(0, colon)), value);
}

}  // namespace

tools::explained_exchange to_exchange(const explain_flags& flags, std::vector<std::string>& wrong) {
    tools::explained_exchange out;
    if (flags.policies.empty() == flags.config.empty()) wrong.push_back("give either --policies PATH or --config FILE");
    const int kinds = !flags.request.empty() + !flags.produce.empty() + !flags.consume.empty();
    if (kinds != 1) wrong.push_back("give one of --request 'METHOD PATH', --produce TOPIC and --consume TOPIC");
    const bool http = !flags.request.empty();
    if (http) read_request(flags, out, wrong);
    if (!flags.produce.empty()) out.kind = governance::traffic::produce;
    if (!flags.consume.empty()) out.kind = governance::traffic::consume;
    if (!http) {
        out.topic = flags.produce.empty() ? flags.consume : flags.produce;
        out.upstream = flags.cluster;
    }
    if (!http && (!flags.upstream.empty() || !flags.host.empty() || !flags.headers.empty()))
        wrong.push_back("--upstream, --host and --header are about HTTP requests");
    if (http && (!flags.cluster.empty() || !flags.client.empty() || !flags.group.empty()))
        wrong.push_back("--cluster, --client and --group are about Kafka");
    out.host = lower_case(flags.host);
    out.address = flags.address;
    out.client = flags.client;
    out.group = flags.group;
    for (const auto& each : flags.headers) read_header(each, out, wrong);
    return out;
}

}  // namespace outrider::app
