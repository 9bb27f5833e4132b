#include "sidecar/kafka/batch_capture.hpp"

#include <algorithm>

namespace outrider::kafka {
namespace {

/// A value is worth a look when it is an object or an array of JSON; anything else is not ours to understand.
bool may_be_json(std::string_view value) {
    const auto first = value.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && (value[first] == '{' || value[first] == '[');
}

}  // namespace

void capture_value(std::string_view value, bool whole, tracing::message_capture& into, std::size_t& budget) {
    const auto most = into.plan().body_bytes;
    const auto beginning = value.substr(0, most);
    if (!into.plan().wants_body() || beginning.size() > budget || !may_be_json(beginning)) return;
    budget -= beginning.size();
    into.json(beginning, whole && value.size() <= most);
}

void batch_capture::on_record(const record_view& record, std::size_t context) {
    one_.clear();
    for_each_header(record, [&](std::string_view name, std::string_view value) { one_.record_header(name, value); });
    if (!record.key.empty()) one_.record_key(record.key);
    capture_value(record.value, true, one_, budget_);
    auto found = std::find_if(groups_.begin(), groups_.end(), [&](const auto& each) { return each.first == context; });
    if (found == groups_.end()) found = groups_.insert(found, {context, {}});
    found->second.add(one_);
}

const tracing::group_capture* batch_capture::of(std::size_t context) const {
    for (const auto& [number, group] : groups_)
        if (number == context) return group.empty() ? nullptr : &group;
    return nullptr;
}

tracing::group_capture batch_capture::together() const {
    tracing::group_capture out;
    for (const auto& [number, group] : groups_) out.add(group);
    return out;
}

}  // namespace outrider::kafka
