#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/yaml_marks.hpp"
#include "sidecar/tools/text_edit.hpp"
#include "sidecar/tools/yaml_text.hpp"

namespace outrider::tools {

/// An entry of a list of ours: where it stands now, and what it is to be.
struct list_entry {
    std::string name;
    const yaml_value* wanted = nullptr;            ///< null: it is to go
    const config::marked_node* present = nullptr;  ///< null: it is not there yet
};

/// Edits lists of named things below a mapping by positions in the text; what is not ours keeps its bytes. What is
/// added can be told from what was there, so that taking it out gives the text from before:
///
///     no such key           our own key before `anchor`    gone when only ours are in it
///     block list            our entries first              cut line by line
///     key without a value   a comment, then our entries    the comment says that the key stays
///     list in brackets      our entries first              cut up to the next entry
///     []                    a blank, then our entries      the blank says that the key stays
class list_editor {
  public:
    /// @param in      the mapping, and @param anchor  a key of it that new keys are put before
    list_editor(std::string_view text, const config::marked_node& in, const config::marked_member& anchor,
                yaml_style style)
        : text_(text), in_(in), anchor_(anchor), style_(style) {}

    /// Brings the entries of the list `key` to what they are to be.
    /// @return why that can't be done at some place, or nothing
    std::string edit(const std::string& key, const std::vector<list_entry>& entries);

    std::vector<text_edit>& edits() { return edits_; }
    std::size_t where() const { return where_; }  ///< of what edit() complained about

  private:
    std::string add_key(const std::string& key, const std::vector<list_entry>& entries);
    std::string fill_empty(const config::marked_member& member, const std::vector<list_entry>& entries);
    std::string add_to_block(const config::marked_member& member, const std::vector<list_entry>& entries);
    void add_to_flow(const config::marked_node& list, const std::vector<list_entry>& entries);
    std::string change(const config::marked_node& list, const list_entry& entry);
    std::string cut(const config::marked_node& list, const list_entry& entry);
    std::string cut_all(const config::marked_member& member);
    std::string refuse(std::size_t where, std::string why);

    std::size_t above(std::size_t begin, std::size_t bound, bool any_column) const;
    std::size_t item_line(const config::marked_node& item, std::size_t& dash) const;
    std::size_t behind_comma(std::size_t end) const;
    std::size_t key_line_end(const config::marked_member& member) const;

    std::string_view text_;
    const config::marked_node& in_;
    const config::marked_member& anchor_;
    yaml_style style_;
    std::vector<text_edit> edits_;
    std::size_t where_ = 0;
};

/// How the list of containers of a pod is indented, which what is added follows.
/// @param parent  the key of the pod's spec
yaml_style style_of(std::string_view text, const config::marked_node& parent, const config::marked_member& containers);

}  // namespace outrider::tools
