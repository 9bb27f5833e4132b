#include "sidecar/admin/prometheus.hpp"

#include <limits>

#include <gmock/gmock.h>

namespace outrider::admin {
namespace {

using testing::HasSubstr;

TEST(Prometheus, WritesHelpTypeAndOneLinePerSeries) {
    EXPECT_EQ(render_prometheus({{"outrider_requests_total",
                                  "Requests by method.",
                                  metric_type::counter,
                                  {{{{"method", "GET"}, {"status", "200"}}, std::uint64_t{3}}}},
                                 {"outrider_up", "One.", metric_type::gauge, {{{}, 1.5}}}}),
              "# HELP outrider_requests_total Requests by method.\n"
              "# TYPE outrider_requests_total counter\n"
              "outrider_requests_total{method=\"GET\",status=\"200\"} 3\n"
              "# HELP outrider_up One.\n"
              "# TYPE outrider_up gauge\n"
              "outrider_up 1.5\n");
}

TEST(Prometheus, EscapesLabelValuesAndHelp) {
    const auto text =
        render_prometheus({{"m", "a\\b\nc \"d\"", metric_type::gauge, {{{{"l", "a\\b\n\"c\""}}, std::uint64_t{1}}}}});
    EXPECT_THAT(text, HasSubstr("# HELP m a\\\\b\\nc \"d\"\n"));
    EXPECT_THAT(text, HasSubstr("m{l=\"a\\\\b\\n\\\"c\\\"\"} 1\n"));
}

/// Two names that a peer made up, alike once what is no UTF-8 has gone: a scrape with either would be refused as a
/// whole.
TEST(Prometheus, ReplacesWhatIsNoUtf8InLabelsAndAddsUpWhatIsThenAlike) {
    const auto text = render_prometheus({{"m",
                                          "M.",
                                          metric_type::counter,
                                          {{{{"topic", "a\xff"}}, std::uint64_t{1}},
                                           {{{"topic", "a\xc0"}}, std::uint64_t{2}},
                                           {{{"topic", "\xe2\x82\xac"}}, std::uint64_t{4}}}}});
    EXPECT_EQ(text, "# HELP m M.\n# TYPE m counter\nm{topic=\"a\xef\xbf\xbd\"} 3\nm{topic=\"\xe2\x82\xac\"} 4\n");
}

TEST(Prometheus, SumsTheBucketsOfAHistogramUpAndEndsWithInfinity) {
    histogram_value took{{0.001, 0.5}, {2, 3, 4}, 7.25};
    EXPECT_EQ(render_prometheus({{"d", "D.", metric_type::histogram, {{{{"dir", "in"}}, took}}}}),
              "# HELP d D.\n# TYPE d histogram\n"
              "d_bucket{dir=\"in\",le=\"0.001\"} 2\n"
              "d_bucket{dir=\"in\",le=\"0.5\"} 5\n"
              "d_bucket{dir=\"in\",le=\"+Inf\"} 9\n"
              "d_sum{dir=\"in\"} 7.25\n"
              "d_count{dir=\"in\"} 9\n");
}

TEST(Prometheus, AddsSamplesOfEqualLabelsUp) {
    histogram_value one{{1}, {1, 0}, 0.5};
    const auto text = render_prometheus(
        {{"c", "", metric_type::counter, {{{{"w", "a"}}, std::uint64_t{1}}, {{{"w", "a"}}, std::uint64_t{2}}}},
         {"h", "", metric_type::histogram, {{{}, one}, {{}, one}}}});
    EXPECT_THAT(text, HasSubstr("c{w=\"a\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("h_bucket{le=\"1\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("h_sum 1\n"));
}

TEST(Prometheus, WritesTheSpecialNumbersAsPrometheusReadsThem) {
    using limits = std::numeric_limits<double>;
    const auto text = render_prometheus({{"g",
                                          "",
                                          metric_type::gauge,
                                          {{{{"k", "nan"}}, limits::quiet_NaN()},
                                           {{{"k", "inf"}}, limits::infinity()},
                                           {{{"k", "minus"}}, -limits::infinity()},
                                           {{{"k", "small"}}, 1e-9},
                                           {{{"k", "whole"}}, std::uint64_t{18446744073709551615u}}}}});
    for (const auto* line : {"{k=\"nan\"} NaN\n", "{k=\"inf\"} +Inf\n", "{k=\"minus\"} -Inf\n", "{k=\"small\"} 1e-09\n",
                             "{k=\"whole\"} 18446744073709551615\n"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST(Prometheus, ShowsAtMostAThousandSeriesAndLosesNoneOfTheSum) {
    metric_family family{"c", "", metric_type::counter, {}};
    for (int i = 0; i < 2'500; ++i) family.samples.push_back({{{"path", std::to_string(i)}}, std::uint64_t{1}});
    const auto text = render_prometheus({family});
    std::size_t lines = 0;
    for (std::size_t at = text.find("\nc{"); at != std::string::npos; at = text.find("\nc{", at + 1)) ++lines;
    EXPECT_EQ(lines, max_series);
    EXPECT_THAT(text, HasSubstr("c{path=\"other\"} 1501\n"));
    EXPECT_THAT(text, HasSubstr("c{path=\"0\"} 1\n"));
}

TEST(Prometheus, WritesHelpAndTypeOfAFamilyWithoutSeries) {
    EXPECT_EQ(render_prometheus({{"c", "C.", metric_type::counter, {}}}), "# HELP c C.\n# TYPE c counter\n");
}

}  // namespace
}  // namespace outrider::admin
