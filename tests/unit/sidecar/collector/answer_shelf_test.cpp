#include "sidecar/collector/answer_shelf.hpp"

#include <map>

#include <gmock/gmock.h>

#include "sidecar/net/inflate.hpp"

namespace outrider::collector {
namespace {

using namespace std::chrono_literals;

class AnswerShelf : public testing::Test {
  protected:
    net::server_response get(std::string query = {}, net::header_list headers = {}) {
        net::server_request request;
        request.method = "GET";
        request.path = "/api/chains";
        request.query = std::move(query);
        request.headers = std::move(headers);
        return shelf.answer(request, version, [&] {
            ++made;
            return net::server_response{status, "application/json", body, {}};
        });
    }
    static std::string field(const net::server_response& answer, const std::string& name) {
        for (const auto& [key, value] : answer.headers)
            if (key == name) return value;
        return {};
    }

    std::chrono::steady_clock::time_point now{100s};
    answer_shelf shelf{[this] { return now; }};
    std::uint64_t version = 1;
    unsigned status = 200;
    int made = 0;
    std::string body = R"({"chains":[]})";
};

TEST_F(AnswerShelf, MakesAnAnswerOncePerVersionAndTarget) {
    EXPECT_EQ(get().body, body);
    EXPECT_EQ(get().body, body);
    EXPECT_EQ(made, 1);
    get("limit=2");
    EXPECT_EQ(made, 2);
    version = 2;
    body = "{}";
    EXPECT_EQ(get().body, "{}");
    EXPECT_EQ(made, 3);
    now += 6s;
    get();
    EXPECT_EQ(made, 4) << "what depends on the time is made anew now and then";
}

TEST_F(AnswerShelf, GivesThoseWhoPollOneOfHalfASecondAgo) {
    const auto etag = field(get(), "ETag");
    version = 2;
    body = "{}";
    now += 400ms;
    EXPECT_EQ(get({}, {{"if-none-match", etag}}).status, 304u);
    EXPECT_EQ(made, 1);
    now += 200ms;
    EXPECT_EQ(get({}, {{"if-none-match", etag}}).body, "{}");
    EXPECT_EQ(made, 2);
}

TEST_F(AnswerShelf, SaysWhenNothingHasChanged) {
    const auto first = get();
    EXPECT_EQ(field(first, "Cache-Control"), "no-cache");
    const auto again = get({}, {{"if-none-match", field(first, "ETag")}});
    EXPECT_EQ(again.status, 304u);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.content_type, "");
    EXPECT_EQ(get({}, {{"if-none-match", "W/\"other\""}}).status, 200u);
    version = 2;
    now += 1s;
    EXPECT_EQ(get({}, {{"if-none-match", field(first, "ETag")}}).status, 304u) << "made again, and still the same";
    EXPECT_EQ(made, 2);
}

TEST_F(AnswerShelf, PacksWhatIsWorthIt) {
    EXPECT_EQ(field(get({}, {{"accept-encoding", "gzip"}}), "Content-Encoding"), "") << "short";
    body = std::string(100'000, 'x');
    version = 2;
    const auto packed = get({}, {{"accept-encoding", "gzip"}});
    EXPECT_EQ(field(packed, "Content-Encoding"), "gzip");
    const auto plain = net::inflate(packed.body, 1 << 20);
    ASSERT_TRUE(plain);
    EXPECT_EQ(*plain, body);
    EXPECT_EQ(get().body, body);
}

TEST_F(AnswerShelf, KeepsNoFaults) {
    status = 404;
    EXPECT_EQ(get().status, 404u);
    EXPECT_EQ(field(get(), "ETag"), "");
    EXPECT_EQ(made, 2);
}

TEST_F(AnswerShelf, HasABound) {
    for (int i = 0; i < 1'000; ++i) get("q=" + std::to_string(i));
    made = 0;
    get("q=999");
    EXPECT_EQ(made, 0);
    get("q=0");
    EXPECT_EQ(made, 1) << "made room";
    body = std::string(5 << 20, 'x');
    get("large"), get("large");
    EXPECT_EQ(made, 3) << "too large to be kept";
    body = std::string(3 << 20, 'x');
    for (int i = 0; i < 20; ++i) get("b=" + std::to_string(i));
    made = 0;
    get("b=0");
    EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace outrider::collector
