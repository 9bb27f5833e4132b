// Where chains come from: a collector that knows chains, a Jaeger, files.
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/tools/chain.hpp"
#include "sidecar/tools/span_files.hpp"
#include "sidecar/tools/topology.hpp"
#include "tests/support/gzipped.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/support/test_files.hpp"
#include "tracing/chains/topology.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/otlp.hpp"

namespace outrider::tools {
namespace {

using outrider::test::gzipped;
using testing::HasSubstr;
using testing::Not;
using tracing::span_data;

const std::string folder = OUTRIDER_TEST_DATA "/chains/";

std::vector<span_data> spans_of(const std::string& name) {
    return tracing::decode_otlp_json(outrider::test::file_text(folder + name + ".json")).value().spans;
}

struct outcome {
    int code = 0;
    std::string out, err;
};

outcome run(const chain_options& options) {
    std::ostringstream out, err;
    const int code = run_chain(options, out, err);
    return {code, out.str(), err.str()};
}

outcome run(const topology_options& options) {
    std::ostringstream out, err;
    const int code = run_topology(options, out, err);
    return {code, out.str(), err.str()};
}

test::reply json(std::string body, unsigned status = 200) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

/// What a collector of ours answers, with one chain in it.
test::reply collector(const test::received_request& request) {
    if (request.target.starts_with("/api/chains?"))
        return json(request.target.find("4712") != std::string::npos ||
                            request.target.find("nobody") != std::string::npos
                        ? R"({"chains":[],"cutOff":false})"
                        : R"({"chains":[{"id":"aa","spans":2},{"id":"4b4b","spans":10}],"cutOff":false})");
    if (request.target == "/api/chains/4b4b") return json(outrider::test::file_text(folder + "events.json"));
    if (request.target.starts_with("/api/chains/")) return json(R"({"title":"no such chain"})", 404);
    if (request.target.starts_with("/api/topology?since=900000ms")) {
        tracing::topology all;
        all.add(spans_of("events"));
        return json(tracing::topology_json(all.view(900)));
    }
    if (request.target == "/api/services") return json(R"({"data":["orders","frontend"]})");
    return json(R"({"data":[]})");
}

/// A Jaeger that has the spans of one file, each service's where it is searched for.
test::http_receiver::handler jaeger(std::vector<span_data> spans) {
    return [spans](const test::received_request& request) {
        if (request.target.starts_with("/api/chains"))
            return test::reply{200, {{"Content-Type", "text/html"}}, "<html>"};
        if (request.target == "/api/services") return json(R"({"data":["frontend","orders"]})");
        const auto path = request.target.substr(0, request.target.find('?'));
        if (path == "/api/traces/4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b" ||
            (path == "/api/traces" && request.target.find("%224713%22") == std::string::npos))
            return json(tracing::encode_jaeger_json(spans));
        if (path == "/api/traces") return json(R"({"data":[]})");
        return json(R"({"data":null,"errors":[{"code":404,"msg":"trace not found"}]})", 404);
    };
}

TEST(ChainFromCollector, IsAskedForByAnyIdOfIt) {
    test::http_receiver server{collector};
    chain_options options;
    options.from = server.url("");
    options.wish.trace_id = "4b4b";
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("complete: 10 spans, 4 services"));
    options.wish.trace_id = "cc";
    const auto missed = run(options);
    EXPECT_EQ(missed.code, 1);
    EXPECT_THAT(missed.err, HasSubstr("no trace cc at " + server.url("")));
}

TEST(ChainFromCollector, IsFoundByItsKeyAndTheOthersAreNamed) {
    test::http_receiver server{collector};
    chain_options options;
    options.from = server.url("");
    options.wish.key = std::pair{"order", "47 11&x=1"};
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("order=4711"));
    EXPECT_THAT(drawn.err, HasSubstr("1 more chain like it: aa"));
    bool asked = false;
    for (const auto& request : server.requests())
        asked |= request.target.find("key=order%3d47%2011%26x%3d1") != std::string::npos;
    EXPECT_TRUE(asked);
    options.wish.key->second = "4712";
    EXPECT_THAT(run(options).err, HasSubstr("no chain with order=4712"));
    options.wish = {{}, "nobody", {}};
    EXPECT_THAT(run(options).err,
                HasSubstr("no chain of a service nobody at " + server.url("") + "; it knows orders, frontend"));
}

TEST(ChainFromJaeger, IsStitchedHereAndFoundByItsKey) {
    test::http_receiver server{jaeger(spans_of("events"))};
    chain_options options;
    options.from = server.url("");
    options.wish.trace_id = "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b";
    const auto by_id = run(options);
    EXPECT_EQ(by_id.code, 0) << by_id.err;
    EXPECT_THAT(by_id.out, HasSubstr("complete: 10 spans"));
    options.wish = {{}, {}, std::pair{"order", "4711"}};
    const auto by_key = run(options);
    EXPECT_EQ(by_key.code, 0) << by_key.err;
    EXPECT_EQ(by_key.out, by_id.out);
    options.wish.key->second = "4713";
    EXPECT_THAT(run(options).err, HasSubstr("no chain with order=4713"));
}

class Files : public testing::Test {
  protected:
    std::string write(const std::string& name, const std::string& content) { return place.write(name, content); }

    outcome draw(std::vector<std::string> files, chain_wish wish = {}) {
        chain_options options;
        options.files = std::move(files);
        options.wish = std::move(wish);
        return run(options);
    }

    outrider::test::temporary_folder place;
};

TEST_F(Files, AreReadInEveryFormThatSpansComeIn) {
    const auto spans = spans_of("http");
    const std::vector<span_data> half(spans.begin(), spans.begin() + 4), rest(spans.begin() + 4, spans.end());
    const auto lines = tracing::encode_otlp_json(half) + "\n" + tracing::encode_otlp_json(rest) + "\n";
    const auto want = draw({folder + "http.json"});
    ASSERT_EQ(want.code, 0) << want.err;
    EXPECT_EQ(draw({write("a.pb", tracing::encode_otlp(spans))}).out, want.out);
    EXPECT_EQ(draw({write("a.pb.gz", gzipped(tracing::encode_otlp(spans)))}).out, want.out);
    EXPECT_EQ(draw({write("a.jsonl", lines)}).out, want.out);
    EXPECT_EQ(draw({write("a.jsonl.gz", gzipped(lines))}).out, want.out);
    EXPECT_EQ(draw({write("bom.json", "\xef\xbb\xbf\n " + tracing::encode_otlp_json(spans))}).out, want.out);
    EXPECT_EQ(draw({write("cut.jsonl", lines + "{\"resourceSpans\":[{\"res")}).out, want.out)
        << "its writer was killed";
    EXPECT_EQ(draw({write("jaeger.json", tracing::encode_jaeger_json(spans))}).code, 0);
    EXPECT_EQ(draw({write("1.json", tracing::encode_otlp_json(half)), write("2.pb", tracing::encode_otlp(rest))}).out,
              want.out);
}

TEST_F(Files, SayWhatIsWrongWithWhich) {
    const auto wrong = [&](const std::string& content) { return draw({write("x.json", content)}).err; };
    EXPECT_THAT(wrong(""), HasSubstr("x.json: empty"));
    EXPECT_THAT(wrong("{\"a\":"), HasSubstr("x.json: no OTLP as JSON: "));
    EXPECT_THAT(wrong("hello"), HasSubstr("x.json: no OTLP as protobuf or JSON"));
    EXPECT_THAT(wrong("\x1f\x8b hello"), HasSubstr("x.json: damaged gzip"));
    const auto line = tracing::encode_otlp_json(spans_of("http"));
    EXPECT_THAT(wrong(line + "\nhello\n" + line + "\n"), HasSubstr("x.json: line 2: "));
    EXPECT_THAT(draw({place / "none\x1b[2J"}).err, HasSubstr("none\\x1b[2J: cannot be opened: No such file"));
    EXPECT_THAT(draw({place.path()}).err, HasSubstr("outrider chain: "));
    EXPECT_EQ(draw({place.path()}).code, 1);
    EXPECT_EQ(draw({folder + "http.json"}, {"ff", {}, {}}).err,
              "outrider chain: no trace ff among the 9 spans of the file\n");
}

TEST_F(Files, HaveABound) {
    span_file_limits limits;
    limits.file_bytes = 100'000;
    EXPECT_THAT(read_spans(gzipped(std::string(1'000'000, ' ')), limits).error(), HasSubstr("once unpacked"));
    EXPECT_FALSE(read_span_files({write("big", std::string(200'000, ' '))}, limits));
    limits.memory = 10'000;
    EXPECT_FALSE(read_spans(tracing::encode_otlp(spans_of("events")), limits));
    const auto line = tracing::encode_otlp_json(spans_of("stuck"));
    std::string lines;
    for (int i = 0; i < 3; ++i) lines += line + "\n";
    limits.memory = 60'000;
    EXPECT_TRUE(read_spans(line, limits)) << "one alone would do";
    limits.file_bytes = 10'000'000;
    for (int i = 0; i < 200; ++i) lines += line + "\n";
    EXPECT_FALSE(read_spans(lines, limits));
}

TEST_F(Files, AreSearchedByIdServiceAndKey) {
    auto later = spans_of("http");
    for (auto& span : later) {
        span.trace.bytes.fill(0x77);
        span.start_unix_ns += 1'000'000'000;
        span.end_unix_ns += 1'000'000'000;
    }
    const std::vector<std::string> files{folder + "events.json", write("later.pb", tracing::encode_otlp(later))};
    const auto head = [](const outcome& drawn) { return drawn.out.substr(0, drawn.out.find(' ', 6)); };
    EXPECT_EQ(head(draw(files, {{}, "frontend", {}})), "trace 77777777777777777777777777777777") << "the latest";
    EXPECT_EQ(head(draw(files, {{}, {}, std::pair{"order", "4711"}})), "trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b")
        << "the largest";
    EXPECT_EQ(head(draw(files, {std::string(32, '7'), {}, {}})), "trace 77777777777777777777777777777777");
    EXPECT_THAT(draw(files).err, HasSubstr("1 more chain like it: 7777"));
}

TEST_F(Files, BecomeWhatIsAskedForWhereItIsAskedFor) {
    chain_options options;
    options.files = {folder + "events.json"};
    options.view = chain_view::flow;
    EXPECT_THAT(run(options).out, testing::StartsWith("flowchart LR\n"));
    options.view = chain_view::sequence;
    EXPECT_THAT(run(options).out, testing::StartsWith("sequenceDiagram\n"));
    options.draw = drawing_form::svg;
    options.output.file = place / "out.svg";
    const auto written = run(options);
    EXPECT_EQ(written.code, 0) << written.err;
    EXPECT_EQ(written.out, "");
    EXPECT_THAT(outrider::test::file_text(options.output.file), testing::StartsWith("<svg "));
    options.output.file = place / "none/out.svg";
    EXPECT_EQ(run(options).code, 1);
    options.output.file.clear();
    options.view = chain_view::json;
    EXPECT_EQ(nlohmann::json::parse(run(options).out)["chains"][0]["state"], "complete");
}

TEST_F(Files, AreSummedUpAsATopology) {
    topology_options options;
    options.files = {folder + "events.json", folder + "troubled.json"};
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("orders → (order-placed)"));
    options.form = topology_form::json;
    EXPECT_TRUE(tracing::read_topology_json(run(options).out));
    options.form = topology_form::svg;
    EXPECT_THAT(run(options).out, testing::StartsWith("<svg "));
}

TEST(TopologyFromCollector, IsWhatItSays) {
    test::http_receiver server{collector};
    topology_options options;
    options.from = server.url("");
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("1 chain in 15m 0s"));
    options.since = std::chrono::minutes{1};
    EXPECT_EQ(run(options).code, 1) << "no topology in the answer";
    options.from = "nonsense";
    EXPECT_EQ(run(options).code, 2);
}

TEST(TopologyFromJaeger, IsSummedUpHere) {
    test::http_receiver server{jaeger(spans_of("events"))};
    topology_options options;
    options.from = server.url("");
    const auto drawn = run(options);
    EXPECT_EQ(drawn.code, 0) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr("frontend → orders"));
}

}  // namespace
}  // namespace outrider::tools
