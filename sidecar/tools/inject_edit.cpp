#include "sidecar/tools/inject_edit.hpp"

#include <algorithm>

namespace outrider::tools {
namespace {

using config::marked_member;
using config::marked_node;
using form = marked_node::form;

constexpr std::string_view kept_empty = "# empty without outrider";
constexpr std::string_view white = " \t\r\n";

bool is_wanted(const list_entry& each) { return each.wanted != nullptr; }
bool is_present(const list_entry& each) { return each.present != nullptr; }
bool is_new(const list_entry& each) { return is_wanted(each) && !is_present(each); }

std::string flow_entries(const std::vector<list_entry>& entries) {
    std::string out;
    for (const auto& each : entries) {
        if (!is_new(each)) continue;
        if (!out.empty()) out += ", ";
        out += flow_value(*each.wanted);
    }
    return out;
}

std::string_view trimmed(std::string_view line) {
    const auto first = line.find_first_not_of(white);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(white) - first + 1);
}

std::size_t column_of(std::string_view text, std::size_t offset) { return before_in_line(text, offset).size(); }

}  // namespace

std::string list_editor::refuse(std::size_t where, std::string why) {
    where_ = where;
    return why;
}

std::string list_editor::edit(const std::string& key, const std::vector<list_entry>& entries) {
    const auto* member = in_.find(key);
    const bool any_new = std::any_of(entries.begin(), entries.end(), is_new);
    if (member == nullptr) return any_new ? add_key(key, entries) : std::string{};
    const auto& list = member->value;
    if (list.is == form::null) return any_new ? fill_empty(*member, entries) : std::string{};

    const auto present = static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), is_present));
    const bool none_wanted = std::none_of(entries.begin(), entries.end(), is_wanted);
    if (none_wanted && present > 0 && present == list.items.size()) return cut_all(*member);
    if (any_new && list.flow) add_to_flow(list, entries);
    if (any_new && !list.flow)
        if (auto why = add_to_block(*member, entries); !why.empty()) return why;
    for (const auto& each : entries) {
        if (!is_present(each)) continue;
        if (auto why = is_wanted(each) ? change(list, each) : cut(list, each); !why.empty()) return why;
    }
    return {};
}

std::string list_editor::add_key(const std::string& key, const std::vector<list_entry>& entries) {
    const auto begin = anchor_.key.begin;
    const auto before = before_in_line(text_, begin);
    if (!anchor_.key.anchor.empty() || anchor_.key.tagged)
        return refuse(begin, "the key '" + anchor_.key.text + "' has an anchor or a tag; remove it");
    if (in_.flow) {
        const bool own_line = before.find_first_not_of(" \t") == std::string_view::npos;
        const auto gap = own_line ? std::string{line_break(text_, begin)} + std::string{before} : std::string{" "};
        edits_.push_back({begin, begin, '"' + key + "\": [" + flow_entries(entries) + "]," + gap});
        return {};
    }
    if (!only_spaces(before)) {
        return refuse(begin, "'" + anchor_.key.text + "' does not begin its line; put it on a line of its own");
    }
    std::vector<std::string> lines{std::string{before} + key + ":"};
    for (const auto& each : entries) {
        if (!is_new(each)) continue;
        const auto more = block_item(*each.wanted, before.size() + style_.list_offset, style_);
        lines.insert(lines.end(), more.begin(), more.end());
    }
    const auto index = static_cast<std::size_t>(&anchor_ - in_.members.data());
    const auto bound = index == 0 ? 0 : key_line_end(in_.members[index - 1]);
    edits_.push_back(add_lines(text_, above(begin, bound, false), lines));
    return {};
}

/// Where the line begins that is next to a member.
std::size_t list_editor::key_line_end(const marked_member& member) const {
    const auto last = std::max({member.key.end, member.value.end, std::size_t{1}});
    return line_end(text_, last - 1);
}

/// The beginning of the line of `begin`, or of the comments right above it that stand in its column.
std::size_t list_editor::above(std::size_t begin, std::size_t bound, bool any_column) const {
    const auto column = column_of(text_, begin);
    auto at = line_begin(text_, begin);
    while (at > bound && at > 0) {
        const auto line = line_begin(text_, at - 1);
        const auto indent = text_.find_first_not_of(' ', line);
        if (line < bound || text_[indent] != '#' || (!any_column && indent - line != column)) break;
        at = line;
    }
    return at;
}

std::string list_editor::fill_empty(const marked_member& member, const std::vector<list_entry>& entries) {
    const auto begin = member.key.begin;
    const auto before = before_in_line(text_, begin);
    if (in_.flow) return refuse(begin, "'" + member.key.text + "' has no value; remove the key, or write []");
    if (!only_spaces(before)) {
        return refuse(begin, "'" + member.key.text + "' does not begin its line; put it on a line of its own");
    }
    const auto dash = before.size() + style_.list_offset;
    std::vector<std::string> lines{std::string(dash, ' ') + std::string{kept_empty}};
    for (const auto& each : entries) {
        if (!is_new(each)) continue;
        const auto more = block_item(*each.wanted, dash, style_);
        lines.insert(lines.end(), more.begin(), more.end());
    }
    edits_.push_back(add_lines(text_, line_end(text_, member.key.end - 1), lines));
    return {};
}

std::string list_editor::add_to_block(const marked_member& member, const std::vector<list_entry>& entries) {
    const auto begin = member.value.begin;
    const auto before = before_in_line(text_, begin);
    if (!only_spaces(before))
        return refuse(begin, "the first entry does not begin its line; put it on a line of its own");
    const auto ours = std::find_if(entries.begin(), entries.end(), is_present);
    auto place = begin;
    std::size_t dash = before.size();
    // Beside those of ours that are there already, else first.
    if (ours != entries.end() && item_line(*ours->present, dash) != std::string_view::npos)
        place = item_line(*ours->present, dash);
    std::vector<std::string> lines;
    for (const auto& each : entries) {
        if (!is_new(each)) continue;
        const auto more = block_item(*each.wanted, before.size(), style_);
        lines.insert(lines.end(), more.begin(), more.end());
    }
    const auto bound = line_end(text_, member.key.end - 1);
    edits_.push_back(add_lines(text_, place == begin ? above(begin, bound, true) : place, lines));
    return {};
}

/// As the first entry stands: beside the bracket, or on a line of its own.
void list_editor::add_to_flow(const marked_node& list, const std::vector<list_entry>& entries) {
    const auto inside = list.begin + 1;
    if (list.items.empty()) return edits_.push_back({inside, inside, " " + flow_entries(entries)});
    const std::string gap{text_.substr(inside, text_.find_first_not_of(white, inside) - inside)};
    std::string added;
    for (const auto& each : entries) {
        if (!is_new(each)) continue;
        added += gap + flow_value(*each.wanted) + (gap.empty() ? ", " : ",");
    }
    edits_.push_back({inside, inside, std::move(added)});
}

/// The beginning of the line that an entry's dash is in, and its column; npos when something else is there.
std::size_t list_editor::item_line(const marked_node& item, std::size_t& dash) const {
    const auto before = before_in_line(text_, item.begin);
    dash = before.find_first_not_of(' ');
    const bool alone = dash != std::string_view::npos && before[dash] == '-' && only_spaces(before.substr(dash + 1));
    return alone ? line_begin(text_, item.begin) : std::string_view::npos;
}

std::string list_editor::change(const marked_node& list, const list_entry& entry) {
    const auto& item = *entry.present;
    if (list.flow) {
        edits_.push_back({item.begin, item.end, flow_value(*entry.wanted)});
        return {};
    }
    std::size_t dash = 0;
    const auto begin = item_line(item, dash);
    if (begin == std::string_view::npos)
        return refuse(item.begin,
                      "'" + entry.name + "' does not begin beside its dash; write '- name: " + entry.name + "'");
    const auto nl = line_break(text_, begin);
    std::string text;
    for (const auto& line : block_item(*entry.wanted, dash, style_))
        text += (text.empty() ? "" : std::string{nl}) + line;
    edits_.push_back({begin, item.end, std::move(text)});
    return {};
}

/// Behind a comma and the blanks after it, or `end` when there is no comma.
std::size_t list_editor::behind_comma(std::size_t end) const {
    const auto comma = text_.find_first_not_of(white, end);
    if (comma == std::string_view::npos || text_[comma] != ',') return end;
    return std::min(text_.find_first_not_of(white, comma + 1), text_.size());
}

std::string list_editor::cut(const marked_node& list, const list_entry& entry) {
    const auto& item = *entry.present;
    if (list.flow) {
        const auto index = static_cast<std::size_t>(&item - list.items.data());
        const bool last = index + 1 == list.items.size();
        edits_.push_back(last && index > 0 ? text_edit{list.items[index - 1].end, item.end, {}}
                                           : text_edit{item.begin, behind_comma(item.end), {}});
        return {};
    }
    std::size_t dash = 0;
    if (item_line(item, dash) == std::string_view::npos)
        return refuse(item.begin,
                      "'" + entry.name + "' does not begin beside its dash; write '- name: " + entry.name + "'");
    edits_.push_back(cut_lines(text_, item.begin, item.end));
    return {};
}

/// Takes out a list that holds nothing but entries of ours, with its key when that is ours too.
std::string list_editor::cut_all(const marked_member& member) {
    const auto& list = member.value;
    if (list.flow && text_[list.begin + 1] == ' ') {
        edits_.push_back({list.begin + 1, list.items.back().end, {}});
        return {};
    }
    if (in_.flow) {
        edits_.push_back({member.key.begin, behind_comma(list.end), {}});
        return {};
    }
    if (!only_spaces(before_in_line(text_, member.key.begin)) || !list.anchor.empty() || list.tagged) {
        return refuse(member.key.begin, "'" + member.key.text + "' can't be taken out here; do it by hand");
    }
    auto begin = member.key.begin;
    const auto below = line_end(text_, member.key.end - 1);
    const bool kept = trimmed(text_.substr(below, line_end(text_, below) - below)) == kept_empty;
    if (kept) begin = below;
    edits_.push_back(cut_lines(text_, begin, list.end));
    return {};
}

yaml_style style_of(std::string_view text, const marked_node& parent, const marked_member& containers) {
    constexpr std::size_t most = 8;
    yaml_style out;
    const auto column = column_of(text, containers.key.begin);
    const auto outer = column_of(text, parent.begin);
    if (column > outer && column - outer <= most) out.step = column - outer;
    const auto& list = containers.value;
    if (list.is != form::list || list.flow) return out;
    const auto dash = column_of(text, list.begin);
    if (dash >= column && dash - column <= most) out.list_offset = dash - column;
    const auto& first = list.items.front();
    const auto content = column_of(text, first.begin);
    const bool same_line = line_begin(text, first.begin) == line_begin(text, list.begin);
    const bool bare = same_line && only_spaces(text.substr(list.begin + 1, first.begin - list.begin - 1));
    if (bare && content > dash + 1 && content - dash <= most) out.dash_gap = content - dash;
    return out;
}

}  // namespace outrider::tools
