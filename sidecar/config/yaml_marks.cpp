#include "sidecar/config/yaml_marks.hpp"

#include <algorithm>
#include <map>

#include "sidecar/config/utf8.hpp"
#include "sidecar/config/yaml_complaint.hpp"
#include "sidecar/config/yaml_events.hpp"

namespace outrider::config {
namespace {

using event = yaml_events::event;
using form = marked_node::form;

constexpr std::string_view white = " \t\r\n";
constexpr std::size_t most_errors = 50;  ///< finding the line of each costs a look at the whole text

class stream_reader {
  public:
    stream_reader(std::string_view bytes, const std::string& name, diagnostics& errors, const marked_bounds& bounds)
        : bytes_(bytes),
          name_(name),
          errors_(errors),
          bounds_(bounds),
          events_(bytes, yaml_events::indentation::lenient) {}

    std::optional<std::vector<marked_document>> read();

  private:
    /// All give false where reading cannot go on.
    bool read_value(const event& first, std::size_t fallback, marked_node& out);
    bool read_list(marked_node& out);
    bool read_mapping(marked_node& out);
    bool read_member(const event& key, marked_node& out);
    bool read_alias(marked_node& out);

    bool fail(std::size_t offset, std::string text);
    bool syntax_error();
    void refuse_duplicates(const marked_node& mapping);
    void close(const event& last, std::size_t content, marked_node& out) const;

    std::string_view bytes_;
    const std::string& name_;
    diagnostics& errors_;
    const marked_bounds& bounds_;
    yaml_events events_;
    std::set<std::string> anchors_, open_anchors_;
    std::set<std::string>* aliased_ = nullptr;
    std::vector<std::size_t> open_brackets_;
    std::size_t nodes_ = 0, depth_ = 0;
};

/// Aliases point to the last node before them that has their anchor; the tree no longer moves.
void settle(marked_node& tree, std::map<std::string, const marked_node*>& anchors) {
    if (tree.is == form::alias) tree.target = anchors[tree.text];
    for (auto& each : tree.items) settle(each, anchors);
    for (auto& each : tree.members) settle(each.value, anchors);
    // Behind its parts: what is inside cannot refer to it.
    if (!tree.anchor.empty()) anchors[tree.anchor] = &tree;
}

std::optional<std::vector<marked_document>> stream_reader::read() {
    std::vector<marked_document> out;
    while (auto next = events_.next()) {
        if (next->type() == FYET_STREAM_END) {
            if (!errors_.empty()) return std::nullopt;
            return out;
        }
        if (next->type() == FYET_STREAM_START || next->type() == FYET_DOCUMENT_END) continue;
        if (next->type() == FYET_DOCUMENT_START) {
            auto& document = out.emplace_back();
            document.number = out.size();
            document.root = std::make_unique<marked_node>();
            anchors_.clear();
            continue;
        }
        aliased_ = &out.back().aliased;
        if (!read_value(*next, 0, *out.back().root)) return std::nullopt;
        std::map<std::string, const marked_node*> anchors;
        settle(*out.back().root, anchors);
    }
    syntax_error();
    return std::nullopt;
}

bool stream_reader::read_value(const event& first, std::size_t fallback, marked_node& out) {
    const auto span = first.span().value_or(std::pair{fallback, fallback});
    out.begin = span.first;
    out.end = span.second;
    if (++nodes_ > bounds_.nodes) return fail(out.begin, "more than " + std::to_string(bounds_.nodes) + " values");
    out.tagged = !first.tag().empty();
    out.anchor = first.anchor();
    if (first.type() == FYET_SCALAR || first.type() == FYET_ALIAS) {
        out.text = first.text();
        const auto last = bytes_.substr(0, out.end).find_last_not_of(white);  // a block scalar's text goes on
        out.end = std::max(out.begin, last == std::string_view::npos ? 0 : last + 1);
        if (first.type() == FYET_ALIAS) return read_alias(out);
        const bool null = first.plain() && (out.text.empty() || out.text == "~" || out.text == "null");
        out.is = null ? form::null : form::scalar;
        if (!out.anchor.empty()) anchors_.insert(out.anchor);
        return true;
    }
    if (depth_ == bounds_.depth) {
        return fail(out.begin, "nested deeper than " + std::to_string(bounds_.depth) + " levels");
    }
    ++depth_;
    out.flow = first.flow();
    if (out.flow) open_brackets_.push_back(out.begin);
    const auto anchor = out.anchor;
    if (!anchor.empty()) open_anchors_.insert(anchor);
    if (!(first.type() == FYET_SEQUENCE_START ? read_list(out) : read_mapping(out))) return false;
    open_anchors_.erase(anchor);
    if (!anchor.empty()) anchors_.insert(anchor);
    if (out.flow) open_brackets_.pop_back();
    --depth_;
    return true;
}

void stream_reader::close(const event& last, std::size_t content, marked_node& out) const {
    const auto span = last.span();
    out.end = out.flow && span ? span->second : std::max(out.begin, content);
}

bool stream_reader::read_list(marked_node& out) {
    out.is = form::list;
    while (auto next = events_.next()) {
        const auto content = out.items.empty() ? out.begin : out.items.back().end;
        if (next->type() == FYET_SEQUENCE_END) return close(*next, content, out), true;
        out.items.emplace_back();
        if (!read_value(*next, content, out.items.back())) return false;
    }
    return syntax_error();
}

bool stream_reader::read_mapping(marked_node& out) {
    out.is = form::mapping;
    while (auto next = events_.next()) {
        const auto content = out.members.empty() ? out.begin : out.members.back().value.end;
        if (next->type() == FYET_MAPPING_END) {
            refuse_duplicates(out);
            return close(*next, content, out), true;
        }
        if (!read_member(*next, out)) return false;
    }
    return syntax_error();
}

bool stream_reader::read_member(const event& key, marked_node& out) {
    auto& member = out.members.emplace_back();
    const auto span = key.span().value_or(std::pair{out.begin, out.begin});
    if (key.type() != FYET_SCALAR) return fail(span.first, "a key is one word here, not a list, a mapping or an alias");
    if (!read_value(key, span.first, member.key)) return false;
    auto value = events_.next();
    if (!value) return syntax_error();
    return read_value(*value, member.key.end, member.value);
}

bool stream_reader::read_alias(marked_node& out) {
    out.is = form::alias;
    if (open_anchors_.contains(out.text))
        return fail(out.begin, "alias '*" + out.text + "' refers to the value it is part of");
    if (!anchors_.contains(out.text))
        return fail(out.begin, "alias '*" + out.text + "' has no anchor '&" + out.text + "' before it");
    aliased_->insert(out.text);
    return true;
}

void stream_reader::refuse_duplicates(const marked_node& mapping) {
    std::map<std::string_view, std::size_t> seen;
    for (const auto& [key, value] : mapping.members) {
        const auto [first, fresh] = seen.emplace(key.text, key.begin);
        if (fresh || errors_.size() == most_errors) continue;
        const auto line = at_offset(bytes_, first->second, name_, "").line;
        fail(key.begin, "duplicate key '" + key.text + "'; it was first given in line " + std::to_string(line));
    }
}

bool stream_reader::fail(std::size_t offset, std::string text) {
    errors_.push_back(at_offset(bytes_, offset, name_, std::move(text)));
    return false;
}

bool stream_reader::syntax_error() {
    std::optional<origin> open;
    if (!open_brackets_.empty()) {
        const auto at = at_offset(bytes_, open_brackets_.back(), name_, "");
        open = origin{source::file, name_, at.line, at.column};
    }
    errors_.push_back(explain_syntax_error(bytes_, name_, events_.complaint(), open ? &*open : nullptr));
    return false;
}

/// Why the bytes are no text that could be read.
std::optional<diagnostic> unreadable(std::string_view bytes, const std::string& name, const marked_bounds& bounds) {
    if (bytes.size() > bounds.bytes)
        return diagnostic{name, 0, 0, "larger than " + std::to_string(bounds.bytes >> 20) + " MiB"};
    const auto clean = clean_prefix(bytes);
    if (clean == bytes.size()) return std::nullopt;
    const bool control = static_cast<unsigned char>(bytes[clean]) < 0x80;
    return at_offset(bytes, clean, name,
                     control ? "a control character; YAML is plain text" : "not UTF-8; save the file as UTF-8");
}

}  // namespace

const marked_member* marked_node::find(std::string_view key) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.key.text == key; });
    return found == members.end() ? nullptr : &*found;
}

std::optional<std::vector<marked_document>> parse_marked_yaml(std::string_view bytes, const std::string& name,
                                                              diagnostics& errors, const marked_bounds& bounds) {
    if (auto wrong = unreadable(bytes, name, bounds)) {
        errors.push_back(std::move(*wrong));
        return std::nullopt;
    }
    return stream_reader{bytes, name, errors, bounds}.read();
}

}  // namespace outrider::config
