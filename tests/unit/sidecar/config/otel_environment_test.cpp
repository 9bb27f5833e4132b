#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

using std::chrono::milliseconds;
using pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view bare = "inbound: [{listen: '127.0.0.1:0', app: '127.0.0.1:9000'}]\n";

/// The tracing settings that these variables lead to, beside a service name and nothing else.
loaded with(environment variables, std::string_view yaml = bare) {
    variables.emplace("OTEL_SERVICE_NAME", "orders");
    return must_load(yaml, with_environment(std::move(variables)));
}

/// The one warning that these variables lead to; a collector is configured, so that there is no other.
std::string warning(environment variables) {
    variables.emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318");
    const auto result = with(std::move(variables));
    EXPECT_EQ(result.warnings.size(), 1U) << lines(result.warnings);
    return lines(result.warnings);
}

TEST(OtelEnvironment, NamesTheServiceBeforeResourceAttributesDo) {
    const auto value =
        with({{"OTEL_SERVICE_NAME", "frontend"},
              {"OTEL_RESOURCE_ATTRIBUTES",
               "service.name=ignored,service.namespace=shop,service.version=1.2,service.instance.id=a%20b,"
               "deployment.environment.name=test,team=a%2Cb"}})
            .value;
    EXPECT_EQ(value.service, "frontend");
    EXPECT_EQ(value.service_namespace, "shop");
    EXPECT_EQ(value.service_version, "1.2");
    EXPECT_EQ(value.instance, "a b");
    EXPECT_EQ(value.tracing.resource, (pairs{{"deployment.environment.name", "test"}, {"team", "a,b"}}));
}

TEST(OtelEnvironment, TakesTheServiceNameFromResourceAttributesOtherwise) {
    EXPECT_EQ(with({{"OTEL_SERVICE_NAME", ""}, {"OTEL_RESOURCE_ATTRIBUTES", "service.name=stock"}}).value.service,
              "stock");
}

TEST(OtelEnvironment, IgnoresMalformedResourceAttributesAsAWhole) {
    for (const auto* bad : {"a=1,b", "a=1,b=%zz", "=1", "a=%2"}) {
        EXPECT_TRUE(with({{"OTEL_RESOURCE_ATTRIBUTES", bad}}).value.tracing.resource.empty()) << bad;
        EXPECT_EQ(warning({{"OTEL_RESOURCE_ATTRIBUTES", bad}}),
                  "OTEL_RESOURCE_ATTRIBUTES: not a list of key=value with %XX escapes; all of it is ignored\n");
    }
}

TEST(OtelEnvironment, AddsResourceAttributesToThoseOfTheFile) {
    const auto yaml = std::string{bare} + "tracing: {resource: {team: shop, zone: a}}\n";
    EXPECT_EQ(with({{"OTEL_RESOURCE_ATTRIBUTES", "zone=b"}}, yaml).value.tracing.resource,
              (pairs{{"team", "shop"}, {"zone", "b"}}));
}

TEST(OtelEnvironment, EmptyMeansUnset) {
    const auto value = with({{"OTEL_TRACES_SAMPLER", ""},
                             {"OTEL_PROPAGATORS", " "},
                             {"OTEL_BSP_SCHEDULE_DELAY", ""},
                             {"OTEL_EXPORTER_OTLP_ENDPOINT", ""},
                             {"OTEL_SDK_DISABLED", ""}})
                           .value.tracing;
    EXPECT_EQ(value.sampler, sampler::parentbased_always_on);
    EXPECT_EQ(value.propagators.size(), 2U);
    EXPECT_EQ(value.batch_delay, milliseconds{5000});
    EXPECT_EQ(value.otlp_url, "");
    EXPECT_FALSE(value.disabled);
}

TEST(OtelEnvironment, OnlyTrueIsTrue) {
    EXPECT_TRUE(with({{"OTEL_SDK_DISABLED", "true"}}).value.tracing.disabled);
    EXPECT_TRUE(with({{"OTEL_SDK_DISABLED", "TRUE"}}).value.tracing.disabled);
    EXPECT_FALSE(with({{"OTEL_SDK_DISABLED", "false"}}).value.tracing.disabled);
    EXPECT_FALSE(with({{"OTEL_SDK_DISABLED", "1"}}).value.tracing.disabled);
    EXPECT_EQ(warning({{"OTEL_SDK_DISABLED", "yes"}}),
              "OTEL_SDK_DISABLED: 'yes' is neither true nor false; taken as false\n");
}

TEST(OtelEnvironment, ChoosesPropagators) {
    const auto chosen = [](const char* text) { return with({{"OTEL_PROPAGATORS", text}}).value.tracing.propagators; };
    using list = std::vector<propagator>;
    EXPECT_EQ(chosen("b3"), list{propagator::b3});
    EXPECT_EQ(chosen("tracecontext, b3multi ,jaeger,b3multi"),
              (list{propagator::tracecontext, propagator::b3multi, propagator::jaeger}));
    EXPECT_EQ(chosen("none"), list{});
    EXPECT_EQ(chosen("xray"), (list{propagator::tracecontext, propagator::baggage}));
    EXPECT_EQ(chosen("xray,b3"), list{propagator::b3});
    EXPECT_EQ(warning({{"OTEL_PROPAGATORS", "b3,xray"}}),
              "OTEL_PROPAGATORS: propagator 'xray' is not supported and is ignored\n");
    EXPECT_EQ(warning({{"OTEL_PROPAGATORS", "none,b3"}}),
              "OTEL_PROPAGATORS: 'none' among others; the others are ignored\n");
}

TEST(OtelEnvironment, KnowsTheSixSamplersOfTheSpecification) {
    const auto chosen = [](const char* text) { return with({{"OTEL_TRACES_SAMPLER", text}}).value.tracing.sampler; };
    EXPECT_EQ(chosen("always_on"), sampler::always_on);
    EXPECT_EQ(chosen("always_off"), sampler::always_off);
    EXPECT_EQ(chosen("traceidratio"), sampler::traceidratio);
    EXPECT_EQ(chosen("parentbased_always_on"), sampler::parentbased_always_on);
    EXPECT_EQ(chosen("parentbased_always_off"), sampler::parentbased_always_off);
    EXPECT_EQ(chosen("parentbased_traceidratio"), sampler::parentbased_traceidratio);
    EXPECT_EQ(chosen("jaeger_remote"), sampler::parentbased_always_on);
    EXPECT_EQ(warning({{"OTEL_TRACES_SAMPLER", "jaeger_remote"}}),
              "OTEL_TRACES_SAMPLER: sampler 'jaeger_remote' is not supported and is ignored\n");
}

TEST(OtelEnvironment, TakesTheSamplersArgument) {
    const auto argument = [](const char* text, const char* name = "traceidratio") {
        return with({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", text}}).value.tracing.sampler_arg;
    };
    EXPECT_DOUBLE_EQ(argument("0.25"), 0.25);
    EXPECT_DOUBLE_EQ(argument("0"), 0);
    EXPECT_DOUBLE_EQ(argument("1.5"), 1);
    EXPECT_DOUBLE_EQ(argument("most"), 1);
    EXPECT_DOUBLE_EQ(argument("0.25", "always_on"), 1);
    EXPECT_EQ(warning({{"OTEL_TRACES_SAMPLER", "traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "-1"}}),
              "OTEL_TRACES_SAMPLER_ARG: '-1' is not a number from 0 to 1 and is ignored\n");
}

TEST(OtelEnvironment, AddsThePathToTheGeneralEndpointOnly) {
    const auto url = [](environment variables) { return with(std::move(variables)).value.tracing.otlp_url; };
    EXPECT_EQ(url({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}}), "http://c:4318/v1/traces");
    EXPECT_EQ(url({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/otlp/"}}), "https://c/otlp/v1/traces");
    EXPECT_EQ(url({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/mine"}}), "http://c:4318/mine");
    EXPECT_EQ(
        url({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/mine"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}),
        "http://t/mine");
    EXPECT_EQ(url({{"OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318"}, {"OTEL_EXPORTER_OTLP_INSECURE", "true"}}),
              "http://c:4318/v1/traces");
}

TEST(OtelEnvironment, LosesAgainstAFlagEvenWithTheFullUrl) {
    auto input =
        with_environment({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/mine"}, {"OTEL_SERVICE_NAME", "a"}});
    input.sets = {{"tracing.otlp", "http://flag:4318", "--otlp"}};
    EXPECT_EQ(must_load(bare, input).value.tracing.otlp_url, "http://flag:4318/v1/traces");
}

TEST(OtelEnvironment, PrefersTheVariablesOfTheSignal) {
    const auto value = with({{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"},
                             {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"},
                             {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                             {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=x%20y, c=2"},
                             {"OTEL_EXPORTER_OTLP_COMPRESSION", "none"},
                             {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"},
                             {"OTEL_EXPORTER_OTLP_TIMEOUT", "1"},
                             {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2500"}})
                           .value.tracing;
    EXPECT_EQ(value.protocol, otlp_protocol::http_json);
    EXPECT_EQ(value.headers, (pairs{{"b", "x y"}, {"c", "2"}}));
    EXPECT_TRUE(value.gzip);
    EXPECT_EQ(value.request_timeout, milliseconds{2500});
}

TEST(OtelEnvironment, ReadsTheFilesOfTls) {
    const auto value = with({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c"},
                             {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/dev/null"},
                             {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/dev/null"},
                             {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/dev/null"}})
                           .value.tracing.tls;
    EXPECT_EQ(value.ca, "/dev/null");
    EXPECT_EQ(value.certificate, "/dev/null");
    EXPECT_EQ(value.key, "/dev/null");
}

TEST(OtelEnvironment, IgnoresAWordThatIsNoneOfTheKnown) {
    EXPECT_EQ(warning({{"OTEL_EXPORTER_OTLP_PROTOCOL", "thrift"}}),
              "OTEL_EXPORTER_OTLP_PROTOCOL: protocol 'thrift' is not known and is ignored; there are http/protobuf and "
              "http/json\n");
    EXPECT_EQ(
        warning({{"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "zstd"}}),
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: compression 'zstd' is not known and is ignored; there are gzip and "
        "none\n");
    EXPECT_EQ(warning({{"OTEL_EXPORTER_OTLP_HEADERS", "token"}}),
              "OTEL_EXPORTER_OTLP_HEADERS: not a list of key=value with %XX escapes; all of it is ignored\n");
}

TEST(OtelEnvironment, ChoosesTheExporter) {
    const auto chosen = [](const char* text) { return with({{"OTEL_TRACES_EXPORTER", text}}).value.tracing.exporter; };
    EXPECT_EQ(chosen("none"), exporter::none);
    EXPECT_EQ(chosen("otlp"), exporter::otlp);
    EXPECT_EQ(chosen("console,none"), exporter::none);
    EXPECT_EQ(chosen("zipkin"), exporter::otlp);
    EXPECT_EQ(warning({{"OTEL_TRACES_EXPORTER", "console,otlp"}}),
              "OTEL_TRACES_EXPORTER: exporter 'console' is not supported and is ignored; there are otlp and none\n");
}

TEST(OtelEnvironment, SetsTheBatch) {
    const auto value = with({{"OTEL_BSP_SCHEDULE_DELAY", "1000"},
                             {"OTEL_BSP_EXPORT_TIMEOUT", "2000"},
                             {"OTEL_BSP_MAX_QUEUE_SIZE", "4096"},
                             {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1024"}})
                           .value.tracing;
    EXPECT_EQ(value.batch_delay, milliseconds{1000});
    EXPECT_EQ(value.export_timeout, milliseconds{2000});
    EXPECT_EQ(value.queue_size, 4096U);
    EXPECT_EQ(value.batch_size, 1024U);
}

TEST(OtelEnvironment, IgnoresABadNumberWithAWarning) {
    const auto value = with({{"OTEL_BSP_SCHEDULE_DELAY", "5s"}, {"OTEL_BSP_MAX_QUEUE_SIZE", "-1"}}).value.tracing;
    EXPECT_EQ(value.batch_delay, milliseconds{5000});
    EXPECT_EQ(value.queue_size, 2048U);
    EXPECT_EQ(warning({{"OTEL_BSP_SCHEDULE_DELAY", "5s"}}),
              "OTEL_BSP_SCHEDULE_DELAY: '5s' is not a whole number; ignored\n");
    EXPECT_EQ(warning({{"OTEL_BSP_MAX_QUEUE_SIZE", "0"}}),
              "OTEL_BSP_MAX_QUEUE_SIZE: '0' is too small; the least is 1; ignored\n");
}

TEST(OtelEnvironment, CutsABatchThatIsLargerThanItsQueue) {
    const auto result = with({{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
    EXPECT_EQ(result.value.tracing.batch_size, 2048U);
    EXPECT_EQ(lines(result.warnings),
              "OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'tracing.batch.size' 4096 is more than 'tracing.batch.queue' 2048; the "
              "queue's size is taken\n");
}

TEST(OtelEnvironment, ReplacesNoReferences) {
    EXPECT_EQ(with({{"OTEL_SERVICE_NAME", "${env:HOME}"}, {"HOME", "/root"}}).value.service, "${env:HOME}");
}

TEST(OtelEnvironment, BeatsTheFileAndLosesAgainstOurOwn) {
    const auto yaml = std::string{bare} + "tracing: {sampler: always_off}\n";
    EXPECT_EQ(with({{"OTEL_TRACES_SAMPLER", "always_on"}}, yaml).value.tracing.sampler, sampler::always_on);
    EXPECT_EQ(with({{"OTEL_TRACES_SAMPLER", "always_on"}, {"OUTRIDER_TRACING_SAMPLER", "traceidratio"}}, yaml)
                  .value.tracing.sampler,
              sampler::traceidratio);
}

}  // namespace
}  // namespace outrider::config::test
