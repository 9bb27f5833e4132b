#include "governance/match_specificity.hpp"

#include <algorithm>
#include <vector>

namespace outrider::governance {
namespace {

/// A template's segments, and whether it ends in one for the rest.
struct path_shape {
    std::vector<std::string_view> segments;  ///< empty: a parameter
    bool rest = false;
};

path_shape shape_of(std::string_view path) {
    path_shape out;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        if (segment.starts_with('{') && segment.ends_with("...}")) {
            out.rest = true;
            break;
        }
        // A literal segment of no characters ("/orders/") is told from a parameter by its place.
        out.segments.push_back(segment.empty() ? std::string_view{"/"} : segment.starts_with('{') ? "" : segment);
    }
    return out;
}

bool is_glob(std::string_view text) { return text.find('*') != std::string_view::npos; }

std::uint32_t literals(std::string_view glob) {
    return static_cast<std::uint32_t>(glob.size()) -
           static_cast<std::uint32_t>(std::count(glob.begin(), glob.end(), '*'));
}

/// 0: any text; 1: a glob; 2: one name.
std::uint32_t rank(std::string_view glob) { return glob.empty() || glob == "*" ? 0 : is_glob(glob) ? 1 : 2; }

/// 0: any topic, 63: one topic, between them by literal characters.
std::uint32_t topic_rank(std::string_view glob) {
    const auto kind = rank(glob);
    return kind == 2 ? 63 : kind == 1 ? 1 + std::min(literals(glob), 61U) : 0;
}

/// Appends fields to a number, each cut off at what it holds.
class packed {
  public:
    packed& add(unsigned bits, std::uint32_t value) {
        const auto most = (1U << bits) - 1;
        value_ = value_ << bits | std::min(value, most);
        return *this;
    }
    std::uint32_t value() const { return value_; }

  private:
    std::uint32_t value_ = 0;
};

bool headers_meet(const match& a, const match& b) {
    return std::all_of(a.headers.begin(), a.headers.end(), [&](const auto& mine) {
        return std::all_of(b.headers.begin(), b.headers.end(), [&](const auto& other) {
            return mine.first != other.first || globs_meet(mine.second, other.second);
        });
    });
}

}  // namespace

std::uint32_t specificity(const match& of) {
    const auto path = shape_of(of.path);
    const auto parameters =
        static_cast<std::uint32_t>(std::count(path.segments.begin(), path.segments.end(), std::string_view{}));
    const auto literal = static_cast<std::uint32_t>(path.segments.size()) - parameters;
    std::uint32_t characters = 0;
    for (const auto* glob : {&of.upstream, &of.cluster, &of.host, &of.group, &of.client})
        if (is_glob(*glob)) characters += literals(*glob);
    for (const auto& [name, value] : of.headers) characters += literals(value);
    return packed{}
        .add(6, of.path.empty() ? topic_rank(of.topic) : literal)
        .add(5, parameters)
        .add(1, !of.path.empty() && !path.rest ? 1 : 0)
        .add(1, of.method.empty() ? 0 : 1)
        .add(3, static_cast<std::uint32_t>(of.headers.size()))
        .add(2, rank(of.host))
        .add(2, std::max(rank(of.upstream), rank(of.cluster)))
        .add(2, rank(of.group))
        .add(2, rank(of.client))
        .add(1, of.kind ? 1 : 0)
        .add(7, characters)
        .value();
}

bool can_both_match(const match& a, const match& b) {
    if ((traffic_of(a) & traffic_of(b)) == 0) return false;
    if (!a.method.empty() && !b.method.empty() && a.method != b.method) return false;
    return paths_meet(a.path, b.path) && globs_meet(a.upstream, b.upstream) && globs_meet(a.cluster, b.cluster) &&
           globs_meet(a.host, b.host) && globs_meet(a.topic, b.topic) && globs_meet(a.group, b.group) &&
           globs_meet(a.client, b.client) && headers_meet(a, b);
}

bool globs_meet(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return true;
    // row[j]: whether what is left of `a` and b's part from j on have a text in common; from the ends backwards.
    std::vector<char> row(b.size() + 1), below(b.size() + 1);
    for (std::size_t i = a.size() + 1; i-- > 0;) {
        for (std::size_t j = b.size() + 1; j-- > 0;) {
            const bool a_star = i < a.size() && a[i] == '*';
            const bool b_star = j < b.size() && b[j] == '*';
            if (i == a.size() && j == b.size())
                row[j] = 1;
            else if (a_star)
                row[j] = below[j] != 0 || (j < b.size() && row[j + 1] != 0);
            else if (b_star)
                row[j] = row[j + 1] != 0 || (i < a.size() && below[j] != 0);
            else
                row[j] = i < a.size() && j < b.size() && a[i] == b[j] && below[j + 1] != 0;
        }
        std::swap(row, below);
    }
    return below[0] != 0;
}

bool paths_meet(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return true;
    const auto first = shape_of(a), second = shape_of(b);
    const auto common = std::min(first.segments.size(), second.segments.size());
    for (std::size_t i = 0; i < common; ++i) {
        const auto mine = first.segments[i], other = second.segments[i];
        if (!mine.empty() && !other.empty() && mine != other) return false;
    }
    // A rest stands for what the other template has beyond it.
    return first.segments.size() == second.segments.size() ||
           (first.segments.size() < second.segments.size() ? first.rest : second.rest);
}

traffic_set traffic_of(const match& of) {
    traffic_set out = of.kind ? only(*of.kind) : http_traffic | kafka_traffic;
    if (!of.method.empty() || !of.path.empty() || !of.host.empty() || !of.headers.empty()) out &= http_traffic;
    if (!of.upstream.empty()) out &= only(traffic::outbound);
    if (!of.cluster.empty() || !of.topic.empty() || !of.client.empty()) out &= kafka_traffic;
    if (!of.group.empty()) out &= only(traffic::consume);
    return out;
}

}  // namespace outrider::governance
