// Configurations that are right: tests/data/config/valid.

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "sidecar/config/print.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

std::string content(const std::string& name) {
    return outrider::test::file_text(std::filesystem::path{OUTRIDER_TEST_DATA} / "config" / "valid" / (name + ".yaml"));
}

TEST(ValidConfiguration, GivesNoWarning) {
    for (const auto* name : {"design", "anchors", "outbound_only", "templated"}) {
        EXPECT_EQ(lines(must_load(content(name)).warnings), "") << name;
    }
}

TEST(ValidConfiguration, CanSetEveryKey) {
    const auto given = nlohmann::json::parse(print_json(must_load(content("design"))));
    for (const auto& [path, value] : given.items()) {
        // These exclude others, or name files.
        const bool apart = path == "tracing.otlp" || path == "tracing.otlp_traces" || path == "tracing.exporter" ||
                           path == "tracing.file" || path == "intercept.mark";
        const bool kind_of_probe =
            path.find("health") != std::string::npos && (path.ends_with(".tcp") || path.ends_with(".http") ||
                                                         path.ends_with(".grpc") || path.ends_with(".command"));
        if (path.starts_with("upstreams.pay.health.") || path.starts_with("upstreams.cache.")) continue;
        if (apart || kind_of_probe || path.find(".tls.") != std::string::npos || path.starts_with("inbound.1.") ||
            path.starts_with("upstreams.billing.") || path == "upstreams.stock.listen")
            continue;
        EXPECT_NE(value["source"], "default") << path;
    }
}

TEST(ValidConfiguration, ReplacesAliases) {
    const auto value = must_load(content("anchors")).value;
    EXPECT_EQ(value.inbound.at(1).app, value.inbound.at(0).app);
    EXPECT_EQ(value.upstreams.at("b").endpoints, value.upstreams.at("a").endpoints);
    EXPECT_EQ(value.timeouts.body, std::chrono::seconds{30});
    EXPECT_EQ(value.tracing.otlp_url, "http://jaeger:4318/v1/traces");
    EXPECT_EQ(value.tracing.headers.at(0).second, "one line");
}

TEST(ValidConfiguration, MayBeJson) {
    const auto value = must_load(content("templated")).value;
    EXPECT_EQ(value.via, via::disabled);
    EXPECT_DOUBLE_EQ(value.tracing.sampler_arg, 0.5);
}

TEST(ValidConfiguration, CutOffAnywhereEndsInErrorsOrSettings) {
    for (const auto* name : {"design", "anchors", "templated"}) {
        const auto whole = content(name);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const auto result = load_text(whole.substr(0, size), with_flags({}));
            if (const auto* errors = std::get_if<diagnostics>(&result)) {
                EXPECT_FALSE(errors->empty()) << name << " cut at " << size;
            }
        }
    }
}

TEST(ValidConfiguration, SurvivesEachByteBeingAnother) {
    const auto whole = content("anchors");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char other : {'\t', '\n', ':', '-', '{', ']', '*', '&', '"', '\'', '#', '\x80'}) {
            auto changed = whole;
            changed[at] = other;
            const auto result = load_text(changed, with_flags({}));
            const auto* errors = std::get_if<diagnostics>(&result);
            EXPECT_TRUE(errors == nullptr || !errors->empty());
        }
    }
}

TEST(Warnings, AreGivenForWhatWorksButWasHardlyMeant) {
    const auto warnings = [](const char* yaml) {
        return lines(
            must_load(std::string{"service: a\ninbound: [{listen: '127.0.0.1:0', app: '127.0.0.1:9000'}]\n"} + yaml)
                .warnings);
    };
    EXPECT_EQ(warnings(""),
              "no collector is configured, so spans go nowhere; set 'tracing.otlp' (--otlp) or 'tracing.collector' "
              "(--collector), or 'tracing.exporter: none'\n");
    EXPECT_EQ(warnings("tracing: {otlp: 'http://jaeger:4317'}\n"),
              "sidecar.yaml:3:17: 'tracing.otlp': 4317 is gRPC's port; use 4318\n");
    EXPECT_EQ(
        warnings("tracing: {otlp: 'http://jaeger:4318/v1/traces'}\n"),
        "sidecar.yaml:3:17: 'tracing.otlp' is a base URL, to which v1/traces is added; this one has it already and is "
        "used as it is\n");
    EXPECT_EQ(warnings("tracing: {otlp: 'http://jaeger:4318', file: spans.json}\n"),
              "sidecar.yaml:3:45: 'tracing.file' has no effect without 'tracing.exporter: file'\n");
    EXPECT_EQ(warnings("tracing: {otlp: 'http://jaeger:4318', tls: {server_name: a}}\n"),
              "sidecar.yaml:3:17: 'tracing.tls' has no effect: http://jaeger:4318 is not https://\n");
    EXPECT_EQ(warnings("tracing: {exporter: none}\naccess_log: {path: a.log}\n"),
              "sidecar.yaml:4:20: 'access_log.path' has no effect without 'access_log.format'\n");
}

TEST(EndpointText, PutsIpv6InBrackets) {
    EXPECT_EQ((endpoint{"::1", 80}).text(), "[::1]:80");
    EXPECT_EQ((endpoint{"localhost", 80}).text(), "localhost:80");
}

}  // namespace
}  // namespace outrider::config::test
