#include "sidecar/collector/text_dictionary.hpp"

#include <algorithm>

namespace outrider::collector {

namespace {

constexpr std::size_t most_texts = 1 << 16;
constexpr std::size_t longest_text = 2'048;  // longer ones are not looked for
constexpr std::size_t remembered = 1 << 13;  // of texts that were seen once

}  // namespace

text_dictionary::text_dictionary(std::size_t most_bytes, const governance::hash_secret& secret)
    : most_bytes_(most_bytes), secret_(secret), slots_(256), seen_(remembered) {}

std::uint32_t text_dictionary::hash_of(std::string_view text) const {
    return static_cast<std::uint32_t>(governance::keyed_hash(text, secret_).low);
}

std::optional<std::uint32_t> text_dictionary::number_of(std::string_view text) {
    if (text.size() > longest_text) return std::nullopt;
    const auto hash = hash_of(text);
    auto at = hash & (slots_.size() - 1);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
        const auto& one = entries_[slots_[at] - 1];
        if (one.hash == hash && text_at(one) == text) return slots_[at] - 1;
    }
    if (full_ || !seen_before(hash)) return std::nullopt;
    full_ = texts_.size() + text.size() > most_bytes_ || entries_.size() >= most_texts;
    if (full_) return std::nullopt;
    entries_.push_back({static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(text.size()), hash});
    texts_.append(text);
    slots_[at] = static_cast<std::uint32_t>(entries_.size());
    if (entries_.size() * 2 > slots_.size()) grow();
    return static_cast<std::uint32_t>(entries_.size() - 1);
}

std::optional<std::string_view> text_dictionary::text_of(std::uint64_t number) const {
    if (number >= entries_.size()) return std::nullopt;
    return text_at(entries_[number]);
}

bool text_dictionary::seen_before(std::uint32_t hash) {
    if (seen_.empty()) return false;
    auto& place = seen_[(hash >> 8) & (remembered - 1)];
    const bool known = place == hash;
    place = hash;
    return known;
}

void text_dictionary::grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        auto at = entries_[i].hash & (slots_.size() - 1);
        while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
}

void text_dictionary::freeze() {
    full_ = true;
    seen_ = {};
    texts_.shrink_to_fit();
    entries_.shrink_to_fit();
    slots_ = std::vector<std::uint32_t>(1);  // nothing is looked for any more, only numbers are
}

std::size_t text_dictionary::memory() const {
    return texts_.capacity() + entries_.capacity() * sizeof(entry) + (slots_.capacity() + seen_.capacity()) * 4;
}

}  // namespace outrider::collector
