#include "tracing/capture/group_capture.hpp"

#include <algorithm>
#include <array>

#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {

void group_capture::add(const message_capture& one) {
    most_hashes_ = one.plan().echo_values;
    for (std::size_t slot = 0; slot < one.values(); ++slot)
        if (const auto value = one.value(slot); !value.empty()) add(slot, value);
    for (const auto hash : one.echo()) add(hash, most_hashes_);
}

void group_capture::add(const group_capture& other) {
    most_hashes_ = std::max(most_hashes_, other.most_hashes_);
    for (const auto& each : other.texts_) add(each.slot, each.value);
    for (const auto hash : other.echo_) add(hash, most_hashes_);
    left_out_ += other.left_out_;
}

void group_capture::add(std::size_t slot, std::string_view value) {
    std::size_t held = 0;
    auto at = texts_.begin();
    for (; at != texts_.end() && at->slot <= slot; ++at) {
        if (at->slot != slot) continue;
        if (at->value == value) return;
        ++held;
    }
    if (held == most_texts) {
        ++left_out_;
        return;
    }
    texts_.insert(at, {slot, std::string{value}});
}

void group_capture::add(std::uint64_t hash, std::size_t most) {
    if (echo_.size() < most && std::find(echo_.begin(), echo_.end(), hash) == echo_.end()) echo_.push_back(hash);
}

void group_capture::write(span_encoder& out, const capture_plan& plan, bool with_echo) const {
    for (std::size_t at = 0; at < texts_.size();) {
        const auto slot = texts_[at].slot;
        std::array<std::string_view, most_texts> values;
        std::size_t count = 0;
        for (; at < texts_.size() && texts_[at].slot == slot; ++at) values[count++] = texts_[at].value;
        if (count == 1)
            out.attribute(plan.attributes[slot], values[0]);
        else
            out.attribute(plan.attributes[slot], std::span<const std::string_view>{values.data(), count});
    }
    if (left_out_ > 0) out.attribute(chain_attributes::left_out, static_cast<std::int64_t>(left_out_));
    if (with_echo) write_echo(out, echo_);
}

}  // namespace outrider::tracing
