#include "sidecar/admin/prometheus.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "tracing/utf8.hpp"

namespace outrider::admin {

namespace {

using labels = std::vector<std::pair<std::string, std::string>>;
using value = decltype(metric_sample::value);

/// HELP escapes backslash and newline; a label value the quote too.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (quoted && c == '"')
            out += "\\\"";
        else
            out += c;
    }
}

void append_number(std::string& out, std::uint64_t number) { out += std::to_string(number); }

void append_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out += "NaN";
    } else if (std::isinf(number)) {
        out += number > 0 ? "+Inf" : "-Inf";
    } else {
        std::array<char, 32> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        out.append(digits.data(), end);
    }
}

/// `le` is the bucket's upper bound, empty for any other series.
void append_labels(std::string& out, const labels& of, std::string_view le) {
    if (of.empty() && le.empty()) return;
    out += '{';
    for (const auto& [name, text] : of) {
        if (out.back() != '{') out += ',';
        out += name;
        out += "=\"";
        append_escaped(out, text, true);
        out += '"';
    }
    if (!le.empty()) {
        if (out.back() != '{') out += ',';
        out.append("le=\"").append(le).append("\"");
    }
    out += '}';
}

template <typename Number>
void append_line(std::string& out, std::string_view name, std::string_view suffix, const labels& of,
                 std::string_view le, Number number) {
    out.append(name).append(suffix);
    append_labels(out, of, le);
    out += ' ';
    append_number(out, number);
    out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const labels& of, const histogram_value& histogram) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
        below += histogram.buckets[i];
        std::string le = "+Inf";
        if (i < histogram.bounds.size()) {
            le.clear();
            append_number(le, histogram.bounds[i]);
        }
        append_line(out, name, "_bucket", of, le, below);
    }
    append_line(out, name, "_sum", of, {}, histogram.sum);
    append_line(out, name, "_count", of, {}, below);
}

void append_sample(std::string& out, std::string_view name, const labels& of, const value& measured) {
    if (const auto* histogram = std::get_if<histogram_value>(&measured))
        append_histogram(out, name, of, *histogram);
    else if (const auto* whole = std::get_if<std::uint64_t>(&measured))
        append_line(out, name, "", of, {}, *whole);
    else
        append_line(out, name, "", of, {}, std::get<double>(measured));
}

/// Adds one measurement to another of the same kind and, for histograms, the same bounds.
void add(value& sum, const value& more) {
    if (sum.index() != more.index()) return;
    if (auto* whole = std::get_if<std::uint64_t>(&sum)) {
        *whole += std::get<std::uint64_t>(more);
    } else if (auto* real = std::get_if<double>(&sum)) {
        *real += std::get<double>(more);
    } else {
        auto& into = std::get<histogram_value>(sum);
        const auto& from = std::get<histogram_value>(more);
        if (into.bounds != from.bounds || into.buckets.size() != from.buckets.size()) return;
        for (std::size_t i = 0; i < into.buckets.size(); ++i) into.buckets[i] += from.buckets[i];
        into.sum += from.sum;
    }
}

labels other(labels of) {
    for (auto& [name, text] : of) text = "other";
    return of;
}

/// Names come from peers too (a topic's), and one byte that is no UTF-8 would cost the whole scrape.
labels clean(labels of) {
    for (auto& [name, text] : of) {
        std::string valid;
        tracing::append_utf8(valid, text);
        text = std::move(valid);
    }
    return of;
}

/// Equal labels added up, at most `max_series` of them; the first ones keep their names.
std::map<labels, value> bounded(const metric_family& family) {
    std::map<labels, value> series;
    for (const auto& sample : family.samples) {
        auto own = clean(sample.labels);
        auto at = series.find(own);
        if (at == series.end() && series.size() + 1 >= max_series) {
            // One place is kept for the rest, so that the bound holds with it.
            at = series.find(other(own));
            if (at == series.end()) {
                series.emplace(other(own), sample.value);
                continue;
            }
        }
        if (at == series.end())
            series.emplace(std::move(own), sample.value);
        else
            add(at->second, sample.value);
    }
    return series;
}

std::string_view name_of(metric_type type) {
    switch (type) {
        case metric_type::counter:
            return "counter";
        case metric_type::gauge:
            return "gauge";
        case metric_type::histogram:
            return "histogram";
    }
    return "untyped";
}

}  // namespace

std::string render_prometheus(const std::vector<metric_family>& families) {
    std::string out;
    for (const auto& family : families) {
        out.append("# HELP ").append(family.name).append(" ");
        append_escaped(out, family.help, false);
        out.append("\n# TYPE ").append(family.name).append(" ").append(name_of(family.type)).append("\n");
        for (const auto& [of, measured] : bounded(family)) append_sample(out, family.name, of, measured);
    }
    return out;
}

}  // namespace outrider::admin
