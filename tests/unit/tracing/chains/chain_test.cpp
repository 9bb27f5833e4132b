#include "tracing/chains/chain.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/tracing/sample_spans.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tracing {
namespace {

constexpr std::uint64_t ms = 1'000'000, epoch = 1'700'000'000'000 * ms;

span_data make(std::uint8_t id, std::uint8_t parent, std::string service, std::string name, span_kind kind,
               std::uint64_t at_us, std::uint64_t took_us, std::int64_t status = 0) {
    span_data span;
    span.trace = sample_trace(0x4b);
    span.span = sample_span_id(id);
    if (parent != 0) span.parent = sample_span_id(parent);
    span.name = std::move(name);
    span.kind = kind;
    span.start_unix_ns = epoch + at_us * 1000;
    span.end_unix_ns = span.start_unix_ns + took_us * 1000;
    if (status != 0) span.attributes.push_back({"http.response.status_code", attribute_value{status}});
    if (status >= 500) span.status = status_code::error;
    span.origin = sample_origin(std::move(service));
    return span;
}

std::vector<span_data> shop() {
    return {
        make(5, 4, "stock", "GET /stock/{id}", span_kind::server, 4000, 5200, 503),
        make(1, 0, "frontend", "GET /checkout", span_kind::server, 0, 12400, 502),
        make(2, 1, "frontend", "POST", span_kind::client, 700, 10900, 201),
        make(3, 2, "orders", "POST /orders", span_kind::server, 1100, 9800, 201),
        make(4, 3, "orders", "GET", span_kind::client, 3500, 6100, 503),
        make(6, 1, "frontend", "render", span_kind::internal, 11700, 500),
    };
}

std::string drawn(const std::vector<span_data>& spans, chain_style style = {}) {
    return "\n" + chain_text(build_chains(spans), style);
}

TEST(ChainText, DrawsATraceThroughThreeServices) {
    EXPECT_EQ(drawn(shop()), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 12.4 ms, 3 errors
frontend  GET /checkout  502 error               12.4 ms      +0 µs  │█▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒██│
├─ frontend → orders  POST  201                  10.9 ms    +700 µs  │ █▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█  │
│  └─ orders  POST /orders  201                  9.80 ms   +1.10 ms  │  █████▒▒▒▒▒▒▒▒▒▒▒███   │
│     └─ orders → stock  GET  503 error          6.10 ms   +3.50 ms  │      ██▒▒▒▒▒▒▒▒▒█      │
│        └─ stock  GET /stock/{id}  503 error    5.20 ms   +4.00 ms  │       ██████████       │
└─ frontend  render                               500 µs   +11.7 ms  │                      █ │
critical path  stock 5.20 ms, orders 4.60 ms, frontend 2.60 ms
errors         stock GET /stock/{id}: 503 error
failed: stock GET /stock/{id}: 503 error; 6 spans, 3 services, 12.4 ms
)");
}

TEST(ChainText, DrawsInAscii) {
    EXPECT_EQ(drawn(shop(), {80, true}), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 12.4 ms, 3 errors
frontend  GET /checkout  502 error               12.4 ms      +0 us  |#======#|
|- frontend -> orders  POST  201                 10.9 ms    +700 us  |#=====# |
|  `- orders  POST /orders  201                  9.80 ms   +1.10 ms  |##===#  |
|     `- orders -> stock  GET  503 error         6.10 ms   +3.50 ms  |  #==#  |
|        `- stock  GET /stock/{id}  503 error    5.20 ms   +4.00 ms  |  ###   |
`- frontend  render                               500 us   +11.7 ms  |       #|
critical path  stock 5.20 ms, orders 4.60 ms, frontend 2.60 ms
errors         stock GET /stock/{id}: 503 error
failed: stock GET /stock/{id}: 503 error; 6 spans, 3 services, 12.4 ms
)");
}

TEST(ChainText, GivesUpTheBarWhereItIsNarrow) {
    EXPECT_EQ(drawn(shop(), {50, false}), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 12.4 ms, 3 errors
frontend  GET /checkout  5…    12.4 ms      +0 µs
├─ frontend → orders  POST…    10.9 ms    +700 µs
│  └─ orders  POST /orders…    9.80 ms   +1.10 ms
│     └─ orders → stock  G…    6.10 ms   +3.50 ms
│        └─ stock  GET /st…    5.20 ms   +4.00 ms
└─ frontend  render             500 µs   +11.7 ms
critical path  stock 5.20 ms, orders 4.60 ms,
               frontend 2.60 ms
errors         stock GET /stock/{id}: 503 error
failed: stock GET /stock/{id}: 503 error; 6 spans,
  3 services, 12.4 ms
)");
}

TEST(ChainText, DoesNotDependOnTheOrderOfTheSpans) {
    auto spans = shop();
    auto want = drawn(spans);
    std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.span < b.span; });
    do {
        ASSERT_EQ(drawn(spans), want);
    } while (std::next_permutation(spans.begin(), spans.end(),
                                   [](const auto& a, const auto& b) { return a.span < b.span; }));
}

TEST(Chain, NamesTheGapAboveOrphans) {
    auto spans = shop();
    spans.erase(spans.begin() + 3);  // orders' server span
    auto more = make(7, 3, "orders", "work", span_kind::internal, 1200, 100);
    spans.push_back(more);
    auto chain = build_chains(spans).at(0);
    EXPECT_EQ(chain.gaps, 1U);
    EXPECT_EQ(chain.spans, 6U);
    EXPECT_EQ(drawn(spans), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 12.4 ms, 3 errors, 1 gap
frontend  GET /checkout  502 error          12.4 ms      +0 µs  │█▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒██│
├─ frontend  POST  201                      10.9 ms    +700 µs  │ █████████████████████  │
└─ frontend  render                          500 µs   +11.7 ms  │                      █ │
(span 0000000000000003 was not received)
├─ orders  work                              100 µs   +1.20 ms  │  ▒                     │
└─ orders → stock  GET  503 error           6.10 ms   +3.50 ms  │      ▒▒▒▒▒▒▒▒▒▒▒▒      │
   └─ stock  GET /stock/{id}  503 error     5.20 ms   +4.00 ms  │       ▒▒▒▒▒▒▒▒▒▒       │
errors         frontend GET /checkout: 502 error; stock GET /stock/{id}: 503 error
gaps           parent 0000000000000003 was never received
failed: frontend GET /checkout: 502 error; 6 spans, 3 services, 12.4 ms
)");
}

TEST(Chain, NestsARootUnderTheFirstSpanItLinksToThatIsHere) {
    auto consumer = make(3, 0, "mailer", "POST", span_kind::server, 2000, 100);
    consumer.links.push_back({sample_trace(0x99), sample_span_id(1), {}, {}, 0, 0});
    consumer.links.push_back({sample_trace(0x4b), sample_span_id(1), {}, {}, 0, 0});
    auto producer = make(1, 0, "orders", "send orders", span_kind::producer, 0, 1000);
    producer.attributes.push_back(text("messaging.destination.name", "orders"));
    std::vector spans{producer, consumer};
    auto chain = build_chains(spans).at(0);
    ASSERT_EQ(chain.rows.size(), 2U);
    EXPECT_EQ(chain.rows[1].join, chain_join::link);
    EXPECT_EQ(chain.rows[1].depth, 1U);
    EXPECT_EQ(chain.rows[0].peer, "mailer");
}

TEST(Chain, CutsCirclesAtTheirEarliestSpan) {
    std::vector<span_data> spans{
        make(1, 1, "a", "itself", span_kind::internal, 0, 1), make(2, 4, "b", "two", span_kind::internal, 30, 1),
        make(3, 2, "b", "three", span_kind::internal, 10, 1), make(4, 3, "b", "four", span_kind::internal, 20, 1),
        make(5, 4, "b", "below", span_kind::internal, 5, 1),  make(6, 0, "a", "root", span_kind::internal, 0, 1),
    };
    auto chain = build_chains(spans).at(0);
    ASSERT_EQ(chain.rows.size(), 6U);
    std::vector<std::string> names;
    for (const auto& row : chain.rows) names.push_back(std::to_string(row.depth) + row.span->name);
    EXPECT_EQ(names, (std::vector<std::string>{"0itself", "0root", "0three", "1four", "2below", "2two"}));
    EXPECT_EQ(chain.rows[0].join, chain_join::cycle);
    EXPECT_EQ(chain.rows[2].join, chain_join::cycle);
    EXPECT_NE(drawn(spans).find("circle"), std::string::npos);
}

TEST(Chain, LeavesDuplicatesOutAndKeepsSharedSpans) {
    std::vector<span_data> spans{
        make(1, 0, "a", "GET", span_kind::client, 0, 10),
        make(1, 0, "b", "GET /x", span_kind::server, 2, 5),
        make(1, 0, "b", "GET /x", span_kind::server, 2, 5),
        make(2, 1, "b", "work", span_kind::internal, 3, 1),
    };
    auto chain = build_chains(spans).at(0);
    EXPECT_EQ(chain.duplicates, 1U);
    ASSERT_EQ(chain.rows.size(), 3U);
    EXPECT_EQ(chain.rows[1].span->name, "GET /x");
    EXPECT_EQ(chain.rows[1].depth, 1U);
    EXPECT_EQ(chain.rows[2].depth, 2U) << "children belong to the server's side";
    EXPECT_EQ(chain.rows[0].peer, "b");
}

TEST(Chain, MarksClocksThatDiffer) {
    std::vector<span_data> spans{make(1, 0, "a", "GET", span_kind::client, 1000, 10),
                                 make(2, 1, "b", "GET /x", span_kind::server, 0, 5)};
    auto text = drawn(spans);
    EXPECT_NE(text.find("+0 µs*"), std::string::npos) << text;
    EXPECT_NE(text.find("clocks"), std::string::npos);
    spans[1].origin = spans[0].origin;
    EXPECT_EQ(drawn(spans).find("clocks"), std::string::npos) << "one service has one clock";
}

TEST(Chain, BearsTimesThatMakeNoSense) {
    auto backwards = make(1, 0, "a", "GET", span_kind::client, 1000, 0);
    backwards.end_unix_ns = 5;
    auto none = make(2, 1, "a", "none", span_kind::internal, 0, 0);
    none.start_unix_ns = none.end_unix_ns = 0;
    auto last = make(3, 1, "a", "last", span_kind::internal, 0, 0);
    last.start_unix_ns = 0;
    last.end_unix_ns = UINT64_MAX;
    std::vector spans{backwards, none, last};
    EXPECT_EQ(build_chains(spans).at(0).rows.size(), 3U);
    EXPECT_NE(drawn(spans).find("213503 d"), std::string::npos);
}

TEST(Chain, SeparatesTraces) {
    auto other = shop()[1];
    other.trace = sample_trace(0x11);
    auto spans = shop();
    spans.push_back(other);
    auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 2U);
    EXPECT_EQ(chains[1].trace, sample_trace(0x11));
    EXPECT_EQ(chains[1].rows.size(), 1U);
    EXPECT_EQ(chain_text({}), "");
}

TEST(Chain, IsBoundedForThousandsOfSpansInAnyShape) {
    std::vector<span_data> deep, wide;
    for (std::uint32_t i = 1; i <= 20'000; ++i) {
        auto span = make(1, 0, "a", "x", span_kind::internal, i, 1);
        span.span.bytes = {0,
                           0,
                           0,
                           0,
                           0,
                           static_cast<std::uint8_t>(i >> 16),
                           static_cast<std::uint8_t>(i >> 8),
                           static_cast<std::uint8_t>(i)};
        auto above = i - 1;
        span.parent.bytes = {0,
                             0,
                             0,
                             0,
                             0,
                             static_cast<std::uint8_t>(above >> 16),
                             static_cast<std::uint8_t>(above >> 8),
                             static_cast<std::uint8_t>(above)};
        deep.push_back(span);
        if (i > 1) span.parent = deep[0].span;
        wide.push_back(span);
    }
    auto chains = build_chains(deep);
    EXPECT_EQ(chains.at(0).rows.back().depth, 19'999U);
    EXPECT_LT(chain_text(chains).size(), 20'000U * 200);
    EXPECT_EQ(build_chains(wide).at(0).rows.size(), 20'000U);
    EXPECT_NE(chain_text(chains, {100, false, 10}).find("19990 more lines"), std::string::npos);
}

TEST(ChainText, ShowsHostileNamesEscaped) {
    auto span = make(1, 0, "ev\x1b]0;il\x07",
                     "a\nb\r\t\x7f\xc2\x9b"
                     "31m \xe2\x80\xae"
                     "dcba\xff",
                     span_kind::client, 0, 5);
    span.attributes.push_back(text("server.address", "\x1b[2J"));
    span.status = status_code::error;
    span.status_message = "line\nbreak";
    auto out = drawn({span}, {200, false});
    EXPECT_NE(
        out.find("ev\\x1b]0;il\\x07 → \\x1b[2J  a\\nb\\r\\t\\x7f\\x9b31m \\u202edcba\xEF\xBF\xBD  error: line\\nbreak"),
        std::string::npos)
        << out;
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 5)
        << "no line but those of the tree, the error and the verdict";
    out = drawn({span}, {200, true});
    for (unsigned char c : out) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << int{c};
}

TEST(ChainText, KeepsEveryLineWithinTheWidth) {
    auto spans = shop();
    spans[0].name = std::string(500, 'n');
    spans[1].name = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e";
    for (std::size_t width : {60U, 80U, 100U, 200U}) {
        for (bool ascii : {false, true}) {
            std::istringstream lines{chain_text(build_chains(spans), {width, ascii})};
            std::string line;
            std::getline(lines, line);  // the head is as long as it is
            while (std::getline(lines, line)) EXPECT_LE(columns(line), width) << line;
        }
    }
    EXPECT_FALSE(drawn(spans, {0, false}).empty());
}

TEST(ChainJson, SaysTheSame) {
    auto spans = shop();
    auto document = nlohmann::json::parse(chain_json(build_chains(spans)));
    const auto& chain = document.at("chains").at(0);
    EXPECT_EQ(chain.at("spans"), 6);
    EXPECT_EQ(chain.at("durationNano"), "12400000");
    const auto& row = chain.at("rows").at(1);
    EXPECT_EQ(row.at("depth"), 1);
    EXPECT_EQ(row.at("join"), "parent");
    EXPECT_EQ(row.at("spanId"), "0000000000000002");
    EXPECT_EQ(row.at("parentSpanId"), "0000000000000001");
    EXPECT_EQ(row.at("service"), "frontend");
    EXPECT_EQ(row.at("peer"), "orders");
    EXPECT_EQ(row.at("kind"), "client");
    EXPECT_EQ(row.at("offsetNano"), "700000");
    EXPECT_EQ(row.at("durationNano"), "10900000");
    EXPECT_EQ(row.at("status"), "201");
    EXPECT_EQ(row.at("error"), false);
    spans.resize(1);
    auto orphan = nlohmann::json::parse(chain_json(build_chains(spans)));
    EXPECT_EQ(orphan.at("chains").at(0).at("rows").at(0).at("join"), "gap");
    EXPECT_EQ(chain_json({}), R"({"chains":[]})");
}

TEST(StatusText, SaysTheCodeAndWhy) {
    auto span = make(1, 0, "a", "GET", span_kind::client, 0, 1, 404);
    EXPECT_EQ(status_text(span), "404");
    span.status = status_code::error;
    EXPECT_EQ(status_text(span), "404 error");
    span.attributes.push_back(text("error.type", "404"));
    EXPECT_EQ(status_text(span), "404 error") << "not twice";
    span.attributes.erase(span.attributes.begin());
    span.attributes.back() = text("error.type", "timeout");
    EXPECT_EQ(status_text(span), "error: timeout");
    span.status_message = "first byte late";
    EXPECT_EQ(status_text(span), "error: first byte late");
    EXPECT_EQ(status_text(make(1, 0, "a", "GET", span_kind::client, 0, 1)), "");
}

TEST(TerminalText, CountsColumns) {
    EXPECT_EQ(columns("abc"), 3U);
    EXPECT_EQ(columns("\xc3\xa9"), 1U);
    EXPECT_EQ(columns("e\xcc\x81"), 1U);
    EXPECT_EQ(columns("\xe6\x97\xa5"), 2U);
    EXPECT_EQ(columns("\xf0\x9f\x98\x80"), 2U);
}

TEST(TerminalText, FitsExactly) {
    EXPECT_EQ(fit("abc", 5, false), "abc  ");
    EXPECT_EQ(fit("abc", 3, false), "abc");
    EXPECT_EQ(fit("abcdef", 4, false), "abc…");
    EXPECT_EQ(fit("abcdef", 4, true), "a...");
    EXPECT_EQ(fit("\xe6\x97\xa5\xe6\x9c\xac", 3, false), "\xe6\x97\xa5…");
    EXPECT_EQ(fit("\xe6\x97\xa5\xe6\x9c\xac\xe6\x9c\xac", 4, false), "\xe6\x97\xa5… ");
    EXPECT_EQ(fit("abc", 0, false), "");
    EXPECT_EQ(columns(fit("abcdef", 2, true)), 2U);
}

}  // namespace
}  // namespace outrider::tracing
