#include "sidecar/app/collect_flags.hpp"

#include <charconv>
#include <optional>

#include <CLI/CLI.hpp>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/net/url.hpp"

namespace outrider::app {

const char* const collect_footer =
    "Receives OTLP over HTTP (protobuf and JSON) on /v1/traces, makes chains of what it gets, and answers\n"
    "/api/chains?key=order=4711, /api/chains/ID and /api/topology; and /api/traces/ID, /api/traces?service=NAME and\n"
    "/api/services in Jaeger's JSON. A browser at its address gets the dashboard: topology, chains, and how every\n"
    "sidecar stands that has this collector (/api/sidecars). Without --store nothing is written to disk.\n"
    "\nExamples:\n"
    "  outrider collect --listen 127.0.0.1:4318 --memory 512MiB\n"
    "  outrider collect --listen 0.0.0.0:4318 --store /var/lib/outrider/spans.db --forward http://jaeger:4318 "
    "--sample 10%";

namespace {

constexpr const char* holding = "What is held";
constexpr const char* forwarding = "Forwarding";

void add_forward_flags(CLI::App& app, collect_flags& into) {
    auto& forward = into.options.forward;
    app.add_option("--forward", into.forward, "send decided chains there, each as one trace: base URL of OTLP/HTTP")
        ->type_name("URL")
        ->group(forwarding);
    app.add_option("--sample", into.sample,
                   "forward this share of the chains, and all that failed, were slow or are stuck (default 100%)")
        ->type_name("SHARE")
        ->group(forwarding);
    app.add_option("--slow", into.slow, "a chain that took so long is forwarded whatever the share")
        ->type_name("DURATION")
        ->group(forwarding);
    app.add_option("--forward-header", into.forward_headers, "a header of those requests: NAME=VALUE; repeatable")
        ->type_name("HEADER")
        ->allow_extra_args(false)
        ->group(forwarding);
    app.add_option("--forward-ca", forward.tls.ca, "trusted roots (PEM) instead of the system's")
        ->type_name("FILE")
        ->group(forwarding);
    app.add_option("--forward-cert", forward.tls.certificate, "certificate (PEM) that identifies the collector")
        ->type_name("FILE")
        ->group(forwarding);
    app.add_option("--forward-key", forward.tls.key, "its private key (PEM)")->type_name("FILE")->group(forwarding);
    app.add_flag("--forward-plain", into.forward_plain, "do not compress those requests")->group(forwarding);
}

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "10%" or "0.1".
std::optional<double> share_of(std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const auto value = number_of(text);
    if (!value) return std::nullopt;
    const double share = percent ? *value / 100 : *value;
    return share >= 0 && share <= 1 ? std::optional{share} : std::nullopt;
}

/// Reads what the flags were given, and takes down what is wrong.
class judge {
  public:
    explicit judge(std::vector<std::string>& wrong) : wrong_(wrong) {}

    void size(const char* flag, const std::string& text, std::uint64_t& out) {
        if (text.empty()) return;
        const auto value = config::parse_size(text);
        if (!value || *value == 0) return complain(flag, text, "is not a size such as 64MiB");
        out = *value;
    }
    void duration(const char* flag, const std::string& text, std::chrono::nanoseconds& out) {
        if (text.empty()) return;
        const auto value = config::parse_duration(text);
        if (!value || value->count() == 0) return complain(flag, text, "is not a duration such as 1h");
        out = *value;
    }
    void share(const char* flag, const std::string& text, double& out) {
        if (text.empty()) return;
        const auto value = share_of(text);
        if (!value) return complain(flag, text, "is not a share such as 10% or 0.1");
        out = *value;
    }
    void confidence(const std::string& text, float& out) {
        if (text.empty()) return;
        const auto value = number_of(text);
        if (!value || *value < 0 || *value > 1) return complain("--confidence", text, "is not between 0 and 1");
        out = static_cast<float>(*value);
    }
    void url(const std::string& text, std::string& out) {
        if (text.empty()) return;
        const auto url = net::parse_url(text);
        if (!url) return complain("--forward", text, std::string{"is no URL: "} + net::describe(url.error()));
        out = text;
    }
    void header(const std::string& text, std::vector<std::pair<std::string, std::string>>& out) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            return complain("--forward-header", text, "is not NAME=VALUE such as authorization=secret");
        out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }

  private:
    void complain(const std::string& flag, const std::string& text, const std::string& what) {
        wrong_.push_back(flag + ": '" + text + "' " + what);
    }
    std::vector<std::string>& wrong_;
};

}  // namespace

void add_collect_flags(CLI::App& app, collect_flags& into) {
    app.add_option("--listen", into.listen, "OTLP/HTTP and the query API (default 127.0.0.1:4318)")->type_name("ADDR");
    app.add_option("--host", into.options.hosts,
                   "a further Host that a loopback listener answers queries for; repeatable")
        ->type_name("NAME")
        ->allow_extra_args(false);
    app.add_option("--max-request", into.max_request, "the largest request body, also once inflated (default 64MiB)")
        ->type_name("SIZE");
    app.add_option("--confidence", into.confidence,
                   "an inferred cause that is less sure stays a candidate (default 0.5)")
        ->type_name("NUMBER");
    app.add_option(
           "--flows", into.options.flows.paths,
           "what should follow what: a file of expected flows, or a folder of them, read again when it changes; "
           "repeatable")
        ->type_name("PATH")
        ->allow_extra_args(false);
    app.add_option("--memory", into.memory, "what spans may take; the oldest chains go first (default 256MiB)")
        ->type_name("SIZE")
        ->group(holding);
    app.add_option("--keep", into.keep, "how long a chain is held after its last span (default 1h)")
        ->type_name("DURATION")
        ->group(holding);
    app.add_option("--max-traces", into.options.max_traces, "how many traces are held at most (default 1000000)")
        ->type_name("N")
        ->group(holding);
    app.add_option("--store", into.options.store, "keep spans in this file too (SQLite), and load them at the start")
        ->type_name("FILE")
        ->group(holding);
    app.add_option("--store-size", into.store_size, "what the file may take; the oldest go first (default 1GiB)")
        ->type_name("SIZE")
        ->group(holding);
    add_forward_flags(app, into);
}

collector::collect_options to_options(collect_flags flags, std::vector<std::string>& wrong) {
    auto& options = flags.options;
    if (!flags.listen.empty()) {
        if (auto bad = config::parse_listen(flags.listen, options.listen); !bad.empty())
            wrong.push_back("--listen: " + bad);
    }
    judge read{wrong};
    read.size("--memory", flags.memory, options.memory_bytes);
    read.size("--max-request", flags.max_request, options.request_bytes);
    read.size("--store-size", flags.store_size, options.store_bytes);
    read.duration("--keep", flags.keep, options.keep);
    read.confidence(flags.confidence, options.confidence);
    read.url(flags.forward, options.forward.url);
    read.share("--sample", flags.sample, options.forward.share);
    read.duration("--slow", flags.slow, options.forward.slow);
    for (const auto& one : flags.forward_headers) read.header(one, options.forward.headers);
    options.forward.gzip = !flags.forward_plain;
    if (options.max_traces == 0) wrong.emplace_back("--max-traces: 0 would keep nothing");
    if (!flags.store_size.empty() && options.store.empty()) wrong.emplace_back("--store-size: there is no --store");
    const bool alone = !flags.sample.empty() || !flags.slow.empty() || !flags.forward_headers.empty() ||
                       flags.forward_plain || options.forward.tls != config::tls_client{};
    if (alone && flags.forward.empty())
        wrong.emplace_back("--sample, --slow and --forward-*: they need --forward, which says where chains go");
    if (options.forward.tls.certificate.empty() != options.forward.tls.key.empty())
        wrong.emplace_back("--forward-cert and --forward-key: one needs the other");
    return options;
}

}  // namespace outrider::app
