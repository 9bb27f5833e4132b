// What is kept of messages for chains: `tracing.collector`, `tracing.echo`, `tracing.correlation`, `keys`.

#include <nlohmann/json.hpp>

#include "sidecar/config/capture_values.hpp"
#include "sidecar/config/print.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

constexpr const char* base = "service: orders\ninbound: [{listen: '127.0.0.1:8080', app: '127.0.0.1:9000'}]\n";

TEST(CaptureValues, ReadSourcesAsTheyArePrinted) {
    value_source out;
    for (const auto* text : {"path:order", "query:order", "header:x-order-id", "json:/orderId", "json:/a/0/b~1c",
                             "json:/", "kafka:key", "kafka:header:Order_Id", "path:kafka:key"}) {
        EXPECT_EQ(parse_value_source(text, out), "") << text;
        EXPECT_EQ(out.text(), text);
    }
    EXPECT_EQ(parse_value_source("header:X-Order-ID", out), "");
    EXPECT_EQ(out.name, "x-order-id") << "names of fields have no case";
}

TEST(CaptureValues, RefuseWhatIsNoSource) {
    value_source out;
    for (const auto* text : {"", "order", "path:", "path:a/b", "query:", "header:", "header:a b", "header:cookie",
                             "header:Set-Cookie", "json:", "json:a", "json:/~", "json:/~2", "kafka:", "kafka:keys",
                             "kafka:key:x", "kafka:header:", "KAFKA:key"})
        EXPECT_NE(parse_value_source(text, out), "") << text;
}

TEST(CaptureSettings, AKeyIsAListOrHasSources) {
    const auto value = must_load(std::string{base} +
                                 "tracing: {otlp: 'http://jaeger:4318'}\n"
                                 "keys: {order: ['path:order', 'kafka:key'], customer: {sources: ['query:who']}}\n")
                           .value;
    ASSERT_EQ(value.keys.at("order").sources.size(), 2U);
    EXPECT_EQ(value.keys.at("order").sources[0].where, value_source::place::path);
    EXPECT_EQ(value.keys.at("customer").sources.at(0).text(), "query:who");
}

/// So many are looked for in one pass; one more would be left out without a word.
TEST(CaptureSettings, NamesNoMorePlacesInJsonThanAreLookedFor) {
    std::string keys = "keys:\n";
    for (int key = 0; key < 5; ++key) {
        keys += "  k" + std::to_string(key) + ": [";
        for (int source = 0; source < 13; ++source)
            keys += (source == 0 ? "'json:/" : ", 'json:/") + std::to_string(key * 13 + source) + "'";
        keys += "]\n";
    }
    const auto head = std::string{base} + "tracing: {otlp: 'http://jaeger:4318'}\n";
    EXPECT_NE(must_fail(head + keys).find("'keys' and 'tracing.correlation' name 65 places in JSON; there may be 64"),
              std::string::npos);
    keys.replace(keys.find("'json:/64'"), 10, "'path:x'");
    must_load(head + keys);
}

TEST(CaptureSettings, AFlagSetsAKeyWhole) {
    auto input = with_flags({{"keys.order", "path:order,json:/id", ""}});
    const auto value =
        must_load(std::string{base} + "tracing: {otlp: 'http://jaeger:4318'}\nkeys: {order: ['kafka:key']}\n", input)
            .value;
    ASSERT_EQ(value.keys.at("order").sources.size(), 2U);
    EXPECT_EQ(value.keys.at("order").sources[1].text(), "json:/id");
}

TEST(CaptureSettings, ACollectorGetsSpansSoonUnlessADelayIsGiven) {
    auto value = must_load(std::string{base} + "tracing: {collector: 'http://collector:4318'}\n").value;
    EXPECT_EQ(value.tracing.otlp_url, "http://collector:4318/v1/traces");
    EXPECT_EQ(value.tracing.batch_delay, milliseconds{200});
    value = must_load(std::string{base} + "tracing: {collector: 'http://collector:4318', batch: {delay: 5s}}\n").value;
    EXPECT_EQ(value.tracing.batch_delay, milliseconds{5'000});
    value = must_load(std::string{base} + "tracing: {otlp: 'http://jaeger:4318'}\n").value;
    EXPECT_EQ(value.tracing.batch_delay, milliseconds{5'000});
}

TEST(CaptureSettings, ArePrintedAsTheyReadBackButForTheSecret) {
    const auto yaml = std::string{base} +
                      "tracing: {collector: 'http://collector:4318', correlation: ['header:x-c'], echo_key: 'sixteen "
                      "letters!'}\nkeys: {order: ['path:order']}\n";
    auto printed = print(must_load(yaml));
    EXPECT_EQ(printed.find("sixteen"), std::string::npos);
    const auto hidden = printed.find("\"(hidden)\"");
    ASSERT_NE(hidden, std::string::npos);
    printed.replace(hidden, 10, "0123456789abcdef");
    EXPECT_EQ(must_load(printed).value.keys.at("order").sources.at(0).text(), "path:order");
}

TEST(CaptureSettings, EchoWithoutACollectorWarns) {
    const auto said =
        lines(must_load(std::string{base} + "tracing: {otlp: 'http://jaeger:4318', echo: {values: 4}}\n").warnings);
    EXPECT_NE(said.find("'tracing.echo.values' has no effect without 'tracing.collector'"), std::string::npos) << said;
    EXPECT_EQ(
        lines(must_load(std::string{base} + "tracing: {otlp: 'http://jaeger:4318', echo: {values: 0}}\n").warnings),
        "");
}

}  // namespace
}  // namespace outrider::config::test
