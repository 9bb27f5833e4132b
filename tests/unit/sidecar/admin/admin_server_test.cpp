#include "sidecar/admin/admin_server.hpp"

#include <gmock/gmock.h>

#include "tests/support/raw_http_client.hpp"

namespace outrider::admin {
namespace {

using outrider::test::raw_http_client;
using testing::HasSubstr;

admin_options loopback() {
    admin_options options;
    options.listen = {"127.0.0.1", 0};
    return options;
}

admin_sources sources() {
    admin_sources all;
    all.readiness = [] { return readiness{false, {"draining"}}; };
    all.metrics = [] { return std::string{"outrider_up 1\n"}; };
    all.state = [] { return std::string{"{}"}; };
    all.set_log_level = [](std::string_view) { return true; };
    return all;
}

TEST(AdminServer, ServesItsRoutesOverASocket) {
    admin_server server{loopback(), sources()};
    raw_http_client client{server.port()};
    EXPECT_EQ(client.get("/livez").status, 200);
    EXPECT_EQ(client.get("/readyz").status, 503);
    EXPECT_EQ(client.get("/metrics").field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(client.get("/nothing").field("Content-Type"), "application/problem+json");
    EXPECT_EQ(client.post("/api/log_level", "application/json", R"({"level":"debug"})").status, 200);
    EXPECT_EQ(client.post("/api/state", "application/json", "{}").field("Allow"), "GET, HEAD");
}

TEST(AdminServer, SeesThroughAnAbsoluteTargetThatNamesAnAllowedHostFieldBeside) {
    admin_server server{loopback(), sources()};
    raw_http_client client{server.port()};
    client.send("GET http://evil.example/api/state HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.receive().status, 403);
}

TEST(AdminServer, RefusesABodyThatNoChangeNeeds) {
    admin_server server{loopback(), sources()};
    raw_http_client client{server.port()};
    EXPECT_EQ(client.post("/api/log_level", "application/json", std::string(20'000, ' ')).status, 413);
}

TEST(AdminServer, RefusesToBeOpenToTheNetworkWithoutAToken) {
    auto options = loopback();
    options.listen.host = "0.0.0.0";
    EXPECT_THROW((admin_server{options, sources()}), unguarded_admin);
    options.token = "s3cret";
    admin_server guarded{options, sources()};
    raw_http_client client{guarded.port()};
    EXPECT_EQ(client.get("/api/state").status, 401);
    options.token.clear();
    options.surface = admin_surface::probes;
    admin_server open{options, sources()};
    raw_http_client probe{open.port()};
    EXPECT_EQ(probe.get("/metrics").status, 200);
    EXPECT_EQ(probe.get("/api/state").status, 404);
}

TEST(AdminServer, NamesItsSettingWhenThePortIsInUse) {
    admin_server first{loopback(), sources()};
    auto options = loopback();
    options.listen.port = first.port();
    options.surface = admin_surface::probes;
    try {
        admin_server second{options, sources()};
        FAIL() << "bound twice";
    } catch (const net::listen_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("(probes): Address already in use"));
    }
}

}  // namespace
}  // namespace outrider::admin
