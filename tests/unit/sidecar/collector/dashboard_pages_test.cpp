#include "sidecar/collector/dashboard_pages.hpp"

#include <array>
#include <map>

#include <gmock/gmock.h>

#include "sidecar/export/gzip.hpp"
#include "sidecar/net/inflate.hpp"

namespace outrider::collector {
namespace {

using testing::HasSubstr;

std::map<std::string, std::string> fields_of(const net::server_response& answer) {
    return {answer.headers.begin(), answer.headers.end()};
}

class DashboardPages : public testing::Test {
  protected:
    static net::server_request asking(std::string path, net::header_list headers = {}) {
        net::server_request request;
        request.method = "GET";
        request.path = std::move(path);
        request.headers = std::move(headers);
        return request;
    }
    net::server_response get(std::string path, net::header_list headers = {}) {
        return pages.handle(asking(std::move(path), std::move(headers)));
    }

    const std::string page = "<!doctype html><title>x</title>", script = "console.log(1)";
    const std::string packed_page = exporting::gzip({page}), packed_script = exporting::gzip({script});
    const std::array<dashboard_file, 3> files{{{"/index.html", packed_page},
                                               {"/assets/index-3f2c81aa.js", packed_script},
                                               {"/assets/plain.css", packed_script}}};
    const dashboard_pages pages{files};
};

TEST_F(DashboardPages, AreForWhoeverAsksForHtml) {
    EXPECT_TRUE(pages.serves(asking("/", {{"accept", "text/html,*/*;q=0.8"}})));
    EXPECT_FALSE(pages.serves(asking("/", {{"accept", "*/*"}}))) << "curl gets the index";
    EXPECT_FALSE(pages.serves(asking("/")));
    EXPECT_TRUE(pages.serves(asking("/index.html")));
    for (const auto* path :
         {"/assets", "/assets/", "/assets/../index.html", "/assets/%69ndex-3f2c81aa.js", "/index.html/", "*"})
        EXPECT_FALSE(pages.serves(asking(path))) << path;
}

TEST_F(DashboardPages, ComePackedOrNotAsTheClientWants) {
    const auto packed = get("/index.html", {{"accept-encoding", "gzip, br"}});
    EXPECT_EQ(packed.body, packed_page);
    EXPECT_EQ(fields_of(packed)["Content-Encoding"], "gzip");
    const auto plain = get("/index.html");
    EXPECT_EQ(plain.body, page);
    EXPECT_FALSE(fields_of(plain).contains("Content-Encoding"));
    EXPECT_EQ(plain.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(fields_of(plain)["Vary"], HasSubstr("Accept-Encoding"));
}

TEST_F(DashboardPages, MayRunNothingOfAnybodyElse) {
    for (const auto& file : files) {
        auto fields = fields_of(get(std::string{file.path}));
        EXPECT_THAT(fields["Content-Security-Policy"], HasSubstr("default-src 'none'; script-src 'self'"));
        EXPECT_THAT(fields["Content-Security-Policy"], HasSubstr("frame-ancestors 'none'"));
        EXPECT_EQ(fields["Referrer-Policy"], "no-referrer");
    }
}

TEST_F(DashboardPages, AreKeptForGoodWhereTheNameChangesWithTheContent) {
    EXPECT_THAT(fields_of(get("/assets/index-3f2c81aa.js"))["Cache-Control"], HasSubstr("immutable"));
    EXPECT_EQ(fields_of(get("/assets/plain.css"))["Cache-Control"], "no-cache");
    EXPECT_EQ(fields_of(get("/index.html"))["Cache-Control"], "no-cache");
}

TEST_F(DashboardPages, AreNotSentAgainToWhoHasThem) {
    const auto etag = fields_of(get("/index.html"))["ETag"];
    EXPECT_THAT(etag, testing::MatchesRegex("W/\"[0-9a-f]{16}\""));
    EXPECT_NE(etag, fields_of(get("/assets/plain.css"))["ETag"]);
    const auto again = get("/index.html", {{"if-none-match", etag}});
    EXPECT_EQ(again.status, 304u);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(fields_of(again)["ETag"], etag);
}

TEST_F(DashboardPages, SayThatADamagedFileIsDamaged) {
    const std::array<dashboard_file, 1> torn{{{"/index.html", std::string_view{packed_page}.substr(0, 20)}}};
    EXPECT_EQ(dashboard_pages{torn}.handle(asking("/index.html")).status, 500u);
}

TEST(EmbeddedDashboard, HasAPageAndUnpacks) {
    EXPECT_TRUE(dashboard_pages{}.serves([] {
        net::server_request request;
        request.path = "/index.html";
        return request;
    }()));
    for (const auto& file : dashboard_files()) {
        EXPECT_TRUE(file.path.starts_with('/')) << file.path;
        EXPECT_TRUE(net::inflate(file.packed, 16 << 20)) << file.path;
    }
}

}  // namespace
}  // namespace outrider::collector
