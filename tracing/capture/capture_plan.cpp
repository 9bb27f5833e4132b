#include "tracing/capture/capture_plan.hpp"

#include <algorithm>

#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {
namespace {

using place = capture_source::place;
constexpr std::uint8_t no_rank = 255;
constexpr std::size_t shortest_id = 3, surely_id = 8, longest_id = 128;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same(std::string_view text, std::string_view small) {
    return text.size() == small.size() &&
           std::equal(text.begin(), text.end(), small.begin(), [](char a, char b) { return lower(a) == b; });
}

/// @param small  begins with a letter
bool contains(std::string_view text, std::string_view small) {
    for (std::size_t at = 0; at + small.size() <= text.size(); ++at)
        if ((text[at] | 0x20) == small.front() && same(text.substr(at, small.size()), small)) return true;
    return false;
}

}  // namespace

capture_plan::capture_plan(const capture_settings& from)
    : echo_values(std::min(from.echo_values, most_values)),
      body_bytes(from.body_bytes),
      key(from.key),
      hidden_query(from.hidden_query) {
    const bool wanted = from.identities || !from.correlation.empty() || !from.keys.empty();
    if (wanted) {
        add(slot(std::string{chain_attributes::correlation_id}), from.correlation);
        add_identities();
    }
    for (const auto& [name, sources] : from.keys) add(slot(std::string{chain_attributes::key_prefix} + name), sources);
    for (const auto& each : fields) field_sizes_ |= std::uint64_t{1} << std::min<std::size_t>(each.name.size(), 63);
}

std::uint8_t capture_plan::slot(std::string name) {
    attributes.push_back(std::move(name));
    json_rank_.push_back(no_rank);
    return static_cast<std::uint8_t>(attributes.size() - 1);
}

/// CloudEvents over HTTP (binary mode) and over Kafka. What was configured comes first.
void capture_plan::add_identities() {
    constexpr std::uint8_t last = no_rank - 1;
    const auto message = slot(std::string{chain_attributes::message_id});
    const auto cause = slot(std::string{chain_attributes::causation_id});
    const std::uint8_t group = 0;
    fields.push_back({"ce-id", message, last});
    fields.push_back({"ce-causationid", cause, last});
    fields.push_back({"ce-correlationid", group, last});
    for (const auto* prefix : {"ce_", "ce-"}) {
        record_headers.push_back({std::string{prefix} + "id", message, last});
        record_headers.push_back({std::string{prefix} + "causationid", cause, last});
        record_headers.push_back({std::string{prefix} + "correlationid", group, last});
    }
}

void capture_plan::add(std::uint8_t slot, const std::vector<capture_source>& sources) {
    std::uint8_t rank = 0;
    for (const auto& each : sources) {
        const auto pointer = each.where == place::json ? pointers.add(each.name) : 0;
        lookup one{each.name, slot, rank};
        rank = static_cast<std::uint8_t>(std::min(rank + 1, no_rank - 2));
        switch (each.where) {
            case place::path:
                paths.push_back(std::move(one));
                break;
            case place::query:
                queries.push_back(std::move(one));
                break;
            case place::field:
                fields.push_back(std::move(one));
                break;
            case place::json:
                if (pointer == json_pointers::most) break;
                at_pointer.resize(pointers.size());
                json_rank_[slot] = std::min(json_rank_[slot], one.rank);
                at_pointer[pointer].push_back(std::move(one));
                of_records = true;
                break;
            case place::record_key:
                record_keys.push_back(std::move(one));
                of_records = true;
                break;
            case place::record_header:
                record_headers.push_back(std::move(one));
                of_records = true;
                break;
        }
    }
}

bool looks_like_id(std::string_view text) {
    if (text.size() < shortest_id || text.size() > longest_id) return false;
    return text.size() >= surely_id ||
           std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool names_an_id(std::string_view field) {
    if (field.size() < 5) return false;
    const auto last = field.substr(field.size() - 2);
    const char before = field[field.size() - 3];
    if ((before == '-' || before == '_') && same(last, "id")) return true;
    return same(field, "idempotency-key") || contains(field, "correlation");
}

}  // namespace outrider::tracing
