#include "sidecar/collector/key_index.hpp"

#include <algorithm>
#include <string>

namespace outrider::collector {

namespace {

constexpr std::size_t least_recent = 1'024, most_entries = 8'000'000;

}  // namespace

std::uint32_t key_index::hash_of(std::string_view key, std::string_view value) const {
    std::string both{key};
    both += '\0';
    both += value;
    return static_cast<std::uint32_t>(governance::keyed_hash(both, secret_).low);
}

void key_index::add(std::string_view key, std::string_view value, std::uint32_t trace, std::uint32_t birth,
                    const is_alive& alive) {
    const entry one{hash_of(key, value), trace, birth};
    // Spans of one trace follow each other, and mostly say the same.
    if (!recent_.empty() && recent_.back() == one) return;
    if (recent_.size() >= std::max(least_recent, ordered_.size() / 8)) put_in_order(alive);
    if (ordered_.size() + recent_.size() < most_entries) recent_.push_back(one);
}

void key_index::put_in_order(const is_alive& alive) {
    std::sort(recent_.begin(), recent_.end());
    std::vector<entry> all;
    all.reserve(ordered_.size() + recent_.size());
    std::set_union(ordered_.begin(), ordered_.end(), recent_.begin(), recent_.end(), std::back_inserter(all));
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::erase_if(all, [&](const entry& one) { return !alive(one); });
    all.shrink_to_fit();
    ordered_ = std::move(all);
    recent_.clear();
}

std::vector<key_index::entry> key_index::find(std::string_view key, std::string_view value) const {
    const auto hash = hash_of(key, value);
    std::vector<entry> found;
    for (auto at = std::lower_bound(ordered_.begin(), ordered_.end(), entry{hash, 0, 0});
         at != ordered_.end() && at->hash == hash; ++at)
        found.push_back(*at);
    for (const auto& one : recent_)
        if (one.hash == hash) found.push_back(one);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace outrider::collector
