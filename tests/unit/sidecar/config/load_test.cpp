#include "sidecar/config/load.hpp"

#include <fstream>

#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

using std::chrono::milliseconds;

TEST(Load, ReadsTheWholeShapeOfTheDesign) {
    const auto value = must_load(R"(
service: orders
inbound:
  - {listen: 0.0.0.0:8080, app: 127.0.0.1:9000, trust: restart, trust_forwarded: true}
  - {listen: "[::1]:8081", app: localhost:9001}
outbound: {listen: 127.0.0.1:7901, unknown_host: refuse}
upstreams:
  stock: {endpoints: [stock-1:8080, "http://stock-2"]}
  pay: {endpoints: [https://pay.example], listen: 127.0.0.1:7921, tls: {server_name: pay.internal}}
timeouts: {first_byte: 1.5s, total: 1m, idle: 0}
limits: {head_bytes: 32KiB, replay_bytes: 0}
tracing: {sampler: traceidratio, sampler_arg: 10%, propagators: [b3, tracecontext], otlp: "http://jaeger:4318/",
          protocol: http/json, headers: {x-key: a b}, compression: gzip, batch: {delay: 1s, size: 10, queue: 20},
          spool: {size: 1GiB}, redact_query: [card], resource: {deployment.environment.name: test}}
access_log: json
via: disabled
health: {app: {every: 1s, rise: 2, fall: 4}}
probes: 0.0.0.0:7910
admin: {listen: 127.0.0.1:7900, token: secret, hosts: [admin.example]}
state: /tmp/outrider
workers: 2
drain: 3s
log_level: warning
)")
                           .value;
    EXPECT_EQ(value.service, "orders");
    EXPECT_EQ(value.instance, "test-1");
    ASSERT_EQ(value.inbound.size(), 2U);
    EXPECT_EQ(value.inbound[0].listen, (endpoint{"0.0.0.0", 8080}));
    EXPECT_EQ(value.inbound[0].trust, trust::restart);
    EXPECT_TRUE(value.inbound[0].trust_forwarded);
    EXPECT_EQ(value.inbound[1].listen.text(), "[::1]:8081");
    EXPECT_EQ(value.inbound[1].trust, trust::continue_);
    EXPECT_EQ(value.outbound.unknown_host, unknown_host::refuse);
    EXPECT_EQ(value.upstreams.at("stock").endpoints[1], (upstream_endpoint{{"stock-2", 80}, false}));
    EXPECT_EQ(value.upstreams.at("pay").endpoints[0], (upstream_endpoint{{"pay.example", 443}, true}));
    EXPECT_EQ(value.upstreams.at("pay").tls.server_name, "pay.internal");
    EXPECT_EQ(value.timeouts.first_byte, milliseconds{1500});
    EXPECT_EQ(value.timeouts.idle, milliseconds{0});
    EXPECT_EQ(value.limits.head_bytes, 32U * 1024);
    EXPECT_EQ(value.tracing.sampler, sampler::traceidratio);
    EXPECT_DOUBLE_EQ(value.tracing.sampler_arg, 0.1);
    EXPECT_EQ(value.tracing.propagators, (std::vector{propagator::b3, propagator::tracecontext}));
    EXPECT_EQ(value.tracing.otlp_url, "http://jaeger:4318/v1/traces");
    EXPECT_EQ(value.tracing.protocol, otlp_protocol::http_json);
    EXPECT_EQ(value.tracing.headers.at(0), (std::pair<std::string, std::string>{"x-key", "a b"}));
    EXPECT_TRUE(value.tracing.gzip);
    EXPECT_EQ(value.tracing.batch_size, 10U);
    EXPECT_EQ(value.tracing.spool_bytes, 1ULL << 30);
    EXPECT_EQ(value.access_log.format, log_format::json);
    EXPECT_EQ(value.via, via::disabled);
    EXPECT_EQ(value.health.fall, 4U);
    EXPECT_EQ(value.admin->text(), "127.0.0.1:7900");
    EXPECT_EQ(value.admin_token, "secret");
    EXPECT_EQ(value.drain, milliseconds{3000});
    EXPECT_EQ(value.log_level, "warning");
}

TEST(Load, NeedsNoFileWhenFlagsSayEnough) {
    const auto result = load(with_flags({{"service", "orders", "--service"},
                                         {"inbound.0.listen", "0.0.0.0:8080", "--inbound"},
                                         {"inbound.0.app", "127.0.0.1:9000", "--app"},
                                         {"outbound.listen", "127.0.0.1:7901", "--outbound"},
                                         {"upstreams.'stock.internal'.endpoints", "a:1,https://b", "--route"},
                                         {"tracing.otlp", "http://127.0.0.1:4318", "--otlp"},
                                         {"admin.listen", "127.0.0.1:7900", "--admin"},
                                         {"timeouts.first_byte", "3s", ""}}));
    ASSERT_TRUE(std::holds_alternative<loaded>(result)) << lines(std::get<diagnostics>(result));
    const auto& value = std::get<loaded>(result).value;
    EXPECT_EQ(value.service, "orders");
    EXPECT_EQ(value.inbound.at(0).app.text(), "127.0.0.1:9000");
    EXPECT_EQ(value.upstreams.at("stock.internal").endpoints.size(), 2U);
    EXPECT_EQ(value.tracing.otlp_url, "http://127.0.0.1:4318/v1/traces");
    EXPECT_EQ(value.timeouts.first_byte, milliseconds{3000});
    EXPECT_TRUE(std::get<loaded>(result).warnings.empty()) << lines(std::get<loaded>(result).warnings);
}

TEST(Load, SaysWhatIsMissingWhenThereIsNothing) {
    const auto result = load(with_flags({}));
    ASSERT_TRUE(std::holds_alternative<diagnostics>(result));
    EXPECT_EQ(lines(std::get<diagnostics>(result)),
              "'service' is required: write 'service: NAME', or give --service NAME or OTEL_SERVICE_NAME\n"
              "there is nothing to listen on: configure 'inbound', 'outbound.listen', an upstream's 'listen', 'kafka', "
              "or 'intercept'\n");
}

TEST(Load, FindsEveryErrorInOneRun) {
    EXPECT_EQ(
        must_fail("service: orders\ninbond: []\ntimeouts:\n  total: fast\n  idle: 3\nworkers: many\n"
                  "outbound: {listen: '127.0.0.1:7901'}\n"),
        "sidecar.yaml:2:1: unknown key 'inbond'; did you mean 'inbound'?\n"
        "sidecar.yaml:4:10: 'timeouts.total': 'fast' is not a duration such as 250ms, 3s, 1m or 1h, from 0s to 24h\n"
        "sidecar.yaml:5:9: 'timeouts.idle': '3' has no unit; write 3ms or 3s\n"
        "sidecar.yaml:6:10: 'workers': 'many' is not a whole number from 0 to 256\n");
}

TEST(Load, NamesAFileThatItCannotRead) {
    auto input = with_flags({});
    input.file = "/nowhere/sidecar.yaml";
    EXPECT_EQ(lines(std::get<diagnostics>(load(input))),
              "/nowhere/sidecar.yaml: can't read '/nowhere/sidecar.yaml': No such file or directory\n");
    input.file = "/tmp";
    EXPECT_EQ(lines(std::get<diagnostics>(load(input))), "/tmp: '/tmp' is a folder, not a file\n");
}

TEST(Load, TakesTheStrongestSource) {
    auto input = with_environment({{"OTEL_SERVICE_NAME", "from-otel"}, {"OUTRIDER_SERVICE", "from-outrider"}});
    EXPECT_EQ(must_load(minimal).value.service, "orders");
    EXPECT_EQ(must_load(minimal, input).value.service, "from-outrider");
    input.environment.erase("OUTRIDER_SERVICE");
    EXPECT_EQ(must_load(minimal, input).value.service, "from-otel");
    input.sets = {{"service", "from-flag", "--service"}};
    const auto result = must_load(minimal, input);
    EXPECT_EQ(result.value.service, "from-flag");
    EXPECT_EQ(to_text(result.origins.at("service")), "flag --service");
    EXPECT_EQ(to_text(result.origins.at("inbound.0.app")), "file sidecar.yaml:2");
}

}  // namespace
}  // namespace outrider::config::test
