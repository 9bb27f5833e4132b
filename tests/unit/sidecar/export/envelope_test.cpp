#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sidecar/export/log_limiter.hpp"
#include "sidecar/export/otlp_envelope.hpp"
#include "sidecar/export/resource.hpp"
#include "tests/unit/sidecar/export/exporter_fixture.hpp"
#include "tracing/otlp.hpp"

namespace outrider::exporting {
namespace {

std::string some_entries(int count) {
    tracing::span_buffer buffer;
    for (int i = 0; i < count; ++i) put_span(buffer, "span" + std::to_string(i));
    buffer.flush();
    return buffer.take()->bytes;
}

TEST(OtlpPrefix, MakesTheSameRequestAsTheEncoderOfWholeRequests) {
    tracing::resource resource;
    resource.attributes.push_back({"service.name", tracing::attribute_value{std::string("orders")}});
    for (const int count : {1, 2, 100}) {  // lengths of one, two and three bytes
        const auto entries = some_entries(count);
        EXPECT_EQ(otlp_prefix(tracing::encode_resource(resource), entries.size()) + entries,
                  tracing::otlp_request(resource, entries));
    }
}

TEST(OtlpJson, IsOneLineOfTheWholeRequest) {
    const auto entries = some_entries(2);
    const auto half = entries.size() / 2;
    const auto text =
        otlp_json({}, {std::string_view(entries).substr(0, half), std::string_view(entries).substr(half)});
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto spans = nlohmann::json::parse(text).at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans");
    EXPECT_EQ(spans.size(), 2u);
}

std::string value_of(const config::settings& settings, const std::string& key) {
    const auto attributes = resource_attributes(settings);
    EXPECT_LE(std::count_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.first == key; }), 1)
        << key;
    const auto at = std::find_if(attributes.begin(), attributes.end(), [&](const auto& a) { return a.first == key; });
    return at == attributes.end() ? "" : at->second;
}

TEST(Resource, SettingsBeatTheEnvironment) {
    config::settings settings;
    settings.service = "orders";
    settings.service_version = "7";
    settings.tracing.resource = {{"service.name", "other"}, {"team", "blue"}, {"service.namespace", "shop"}};
    EXPECT_EQ(value_of(settings, "service.name"), "orders");
    EXPECT_EQ(value_of(settings, "service.version"), "7");
    EXPECT_EQ(value_of(settings, "service.namespace"), "shop");
    EXPECT_EQ(value_of(settings, "team"), "blue");
}

TEST(Resource, AlwaysNamesHostAndInstance) {
    config::settings settings;
    settings.service = "orders";
    EXPECT_NE(value_of(settings, "host.name"), "");
    EXPECT_NE(value_of(settings, "service.instance.id"), "");
    EXPECT_EQ(value_of(settings, "telemetry.distro.name"), "outrider");
    settings.tracing.resource = {{"host.name", "set by hand"}};
    EXPECT_EQ(value_of(settings, "host.name"), "set by hand");
}

TEST(LogLimiter, LetsOneThroughPerIntervalAndSaysHowManyItHeldBack) {
    const std::chrono::steady_clock::time_point start{};
    log_limiter limiter(10s);
    EXPECT_TRUE(limiter.allow(start));
    EXPECT_FALSE(limiter.allow(start + 1s));
    EXPECT_FALSE(limiter.allow(start + 9s));
    EXPECT_TRUE(limiter.allow(start + 10s));
    EXPECT_EQ(limiter.held_back(), 2u);
    EXPECT_FALSE(limiter.allow(start + 11s));
    limiter.reset();
    EXPECT_TRUE(limiter.allow(start + 12s));
}

}  // namespace
}  // namespace outrider::exporting
