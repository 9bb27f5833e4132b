#include "sidecar/tools/chain.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/collector/collector_routes.hpp"
#include "sidecar/net/http_server.hpp"
#include "sidecar/tools/trace_source.hpp"
#include "tests/support/test_files.hpp"

namespace outrider::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* recorded_trace = "0af7651916cd43dd8448eb211c80319c";

std::string read_file(const std::string& name) {
    return outrider::test::file_text(OUTRIDER_TEST_DATA "/jaeger/" + name);
}

/// What a run of the command printed, and how it ended.
struct outcome {
    int code = 0;
    std::string out, err;
};

outcome run(const chain_options& options) {
    std::ostringstream out, err;
    const int code = run_chain(options, out, err);
    return {code, out.str(), err.str()};
}

net::http_server_options loopback() {
    net::http_server_options options;
    options.listen = {"127.0.0.1", 0};
    return options;
}

/// A collector on a socket that has taken the recorded request.
class Chain : public testing::Test {
  protected:
    Chain() {
        net::server_request request;
        request.method = "POST";
        request.path = "/v1/traces";
        request.headers = {{"content-type", "application/json"}};
        request.body = read_file("otlp_request.json");
        EXPECT_EQ(routes.handle(request).status, 200u);
        options.from = "http://" + server.address();
    }

    collector::trace_store store{{}};
    collector::chain_pipeline pipeline{
        store, {}, nullptr, nullptr, {[] { return std::int64_t{1}; }, [] { return std::int64_t{1}; }}};
    collector::collector_routes routes{store, pipeline, {}, [] { return std::uint64_t{0}; }};
    net::http_server server{loopback(), [this](const net::server_request& request) { return routes.handle(request); }};
    chain_options options;
};

/// The rows of the one chain that is drawn as JSON, without their times.
std::vector<std::string> outline(const std::string& json) {
    std::vector<std::string> lines;
    const auto document = nlohmann::json::parse(json);
    for (const auto& row : document["chains"][0]["rows"])
        lines.push_back(row["depth"].dump() + " " + row.value("service", "") + " " + row.value("name", "") + " " +
                        row.value("status", ""));
    return lines;
}

/// A server that answers everything alike.
class stub_answer {
  public:
    explicit stub_answer(net::server_response answer)
        : server_{loopback(), [answer](const net::server_request&) { return answer; }} {}
    std::string url() const { return "http://" + server_.address(); }

  private:
    net::http_server server_;
};

TEST_F(Chain, DrawsATraceOfOurCollector) {
    options.wish.trace_id = recorded_trace;
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    for (const auto* text : {recorded_trace, "frontend", "orders", "GET /cart", "GET /orders", "process T", "└"})
        EXPECT_THAT(drawn.out, HasSubstr(text));
    EXPECT_EQ(drawn.err, "");
}

TEST_F(Chain, DrawsTheSameFromTheAnswerOfARealJaeger) {
    stub_answer jaeger{{200, "application/json", read_file("trace_1_48.json"), {}}};
    options.wish.trace_id = recorded_trace;
    options.view = chain_view::json;
    const auto ours = run(options);
    options.from = jaeger.url();
    const auto theirs = run(options);
    EXPECT_EQ(theirs.code, 0) << theirs.err;
    EXPECT_EQ(outline(theirs.out), outline(ours.out))
        << "but for what a Jaeger does not keep: nanoseconds, links' tags";
}

TEST_F(Chain, AcceptsShortIdsAndATrailingSlash) {
    options.wish.trace_id = "1234567890ABCDEF";
    options.from += "/";
    EXPECT_EQ(run(options).code, 0);
}

TEST_F(Chain, WritesJson) {
    options.wish.trace_id = recorded_trace;
    options.view = chain_view::json;
    const auto written = run(options);
    EXPECT_EQ(written.code, 0);
    EXPECT_EQ(nlohmann::json::parse(written.out)["chains"][0]["traceId"], recorded_trace);
}

TEST_F(Chain, KeepsToAsciiAndToTheWidthWhenAsked) {
    options.wish.trace_id = recorded_trace;
    options.output.ascii = true;
    options.output.width = 60;
    std::istringstream lines{run(options).out};
    std::string line;
    std::getline(lines, line);  // the head, with the whole trace id
    while (std::getline(lines, line)) {
        EXPECT_LE(line.size(), 60u) << line;
        for (const char c : line) EXPECT_EQ(c & 0x80, 0) << line;
    }
}

TEST_F(Chain, DrawsTheLatestTraceOfAService) {
    options.wish.service = "orders";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("1234567890abcdef"));
    EXPECT_THAT(drawn.out, Not(HasSubstr(recorded_trace)));
}

TEST_F(Chain, NamesTheServicesThereAreWhenOneIsUnknown) {
    options.wish.service = "odrers & more";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 1);
    EXPECT_THAT(drawn.err,
                HasSubstr("no chain of a service odrers & more at " + options.from + "; it knows frontend, orders"));
}

TEST_F(Chain, SaysThatATraceIsNotThereAndOffersToWait) {
    options.wish.trace_id = "abc";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 1);
    EXPECT_EQ(drawn.out, "");
    EXPECT_THAT(drawn.err, HasSubstr("no trace abc at " + options.from));
    EXPECT_THAT(drawn.err, HasSubstr("--wait"));
}

TEST_F(Chain, RefusesOptionsThatMakeNoSense) {
    EXPECT_EQ(run(options).code, 2) << "neither id nor service";
    options.wish.trace_id = options.wish.service = "a";
    EXPECT_EQ(run(options).code, 2) << "both";
    options.wish.service.clear();
    for (const auto* bad : {"xyz", "0", "0af7651916cd43dd8448eb211c80319c0", "a b", "../services"}) {
        options.wish.trace_id = bad;
        EXPECT_EQ(run(options).code, 2) << bad;
    }
    options.wish.trace_id = "abc";
    for (const auto* bad : {"", "localhost:4318", "ftp://x", "http://", "http://user:pw@host", "http://host?x=y"}) {
        options.from = bad;
        const auto refused = run(options);
        EXPECT_EQ(refused.code, 2) << bad;
        EXPECT_THAT(refused.err, HasSubstr("--from")) << bad;
    }
}

TEST_F(Chain, SaysThatNobodyListens) {
    server.stop(std::chrono::milliseconds{0});
    options.wish.trace_id = "abc";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 1);
    EXPECT_THAT(drawn.err, HasSubstr("Connection refused"));
}

TEST_F(Chain, SaysThatWhatAnswersIsNoJaeger) {
    options.wish.trace_id = "abc";
    for (const net::server_response& other : {net::server_response{200, "text/html", "<html>a page</html>", {}},
                                              net::server_response{404, "text/plain", "404", {}},
                                              net::server_response{200, "application/json", "{\"status\":\"ok\"}", {}},
                                              net::server_response{200, "application/json", "[[[[", {}},
                                              net::server_response{200, "application/json", "", {}}}) {
        stub_answer stub{other};
        options.from = stub.url();
        const auto drawn = run(options);
        EXPECT_EQ(drawn.code, 1) << other.body;
        EXPECT_THAT(drawn.err, HasSubstr("not as a collector of ours or a Jaeger")) << other.body;
    }
}

TEST_F(Chain, ShowsNoControlCharactersOfAStranger) {
    stub_answer stub{{400, "application/json", R"({"data":null,"errors":[{"code":400,"msg":"a\u001b[2Jb"}]})", {}}};
    options.from = stub.url();
    options.wish.trace_id = "abc";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 1);
    EXPECT_THAT(drawn.err, HasSubstr("refused trace abc: a"));
    EXPECT_THAT(drawn.err, Not(HasSubstr("\x1b")));
}

TEST_F(Chain, ReportsThatTheServerIsBroken) {
    stub_answer stub{{503, "text/plain", "later", {}}};
    options.from = stub.url();
    options.wish.trace_id = "abc";
    EXPECT_THAT(run(options).err, HasSubstr("answered HTTP 503"));
}

}  // namespace
}  // namespace outrider::tools
