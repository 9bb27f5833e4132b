#include "sidecar/net/http_server_message.hpp"

#include <gmock/gmock.h>

namespace outrider::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::Pair;

TEST(ServerRequest, FindsTheFirstFieldOfANameAndCountsThemAll) {
    server_request request;
    request.headers = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    EXPECT_THAT(request.header("a"), Optional(std::string_view{"1"}));
    EXPECT_EQ(request.count("a"), 2u);
    EXPECT_EQ(request.header("c"), std::nullopt);
}

TEST(QueryParameters, KeepsOrderDecodesAndToleratesOddities) {
    EXPECT_THAT(query_parameters("service=a%26b&limit=3&&flag&x=%zz"),
                ElementsAre(Pair("service", "a&b"), Pair("limit", "3"), Pair("flag", ""), Pair("x", "%zz")));
    EXPECT_THAT(query_parameters(""), ElementsAre());
}

TEST(PathSegments, SplitBeforeDecodingSoThatAnEncodedSlashStaysInItsSegment) {
    EXPECT_THAT(path_segments("/api/services/a%2Fb/operations"),
                Optional(ElementsAre("api", "services", "a/b", "operations")));
    EXPECT_THAT(path_segments("/"), Optional(ElementsAre("")));
    EXPECT_THAT(path_segments("/a/"), Optional(ElementsAre("a", "")));
    EXPECT_EQ(path_segments("/%"), std::nullopt);
}

TEST(MediaType, IgnoresCaseSpacesAndParameters) {
    EXPECT_EQ(media_type("Application/JSON ; charset=utf-8"), "application/json");
    EXPECT_EQ(media_type(""), "");
}

TEST(Problem, CarriesStatusTitleAndDetailEvenWhenTheDetailIsNotUtf8) {
    const auto answer = problem(404, "no \xff thing");
    EXPECT_EQ(answer.status, 404u);
    EXPECT_EQ(answer.content_type, "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr(R"("title":"Not Found","status":404,"detail":"no )"));
}

TEST(MethodNotAllowed, NamesTheAllowedMethods) {
    EXPECT_THAT(method_not_allowed("GET, HEAD").headers, ElementsAre(Pair("Allow", "GET, HEAD")));
}

}  // namespace
}  // namespace outrider::net
