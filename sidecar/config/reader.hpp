#pragma once

#include <map>
#include <set>
#include <string>

#include "sidecar/config/node.hpp"
#include "sidecar/config/references.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// Where each setting that was given comes from, by its path ("timeouts.first_byte", "inbound.0.listen"), and each
/// section ("timeouts").
using origins = std::map<std::string, origin>;

/// Turns a tree into typed settings by the table of declarations, and goes on after an error: all are found in one run.
class reader {
  public:
    /// @param root  of the whole table: where an unknown key may belong to
    reader(const environment& variables, diagnostics& errors, const setting& root = declared())
        : variables_(variables), errors_(errors), root_(root) {}
    void read(const setting& what, const node& from, void* owner, const std::string& path);
    const origins& where() const { return origins_; }
    /// Paths of the settings that had errors: rules that span several settings leave these alone.
    const std::set<std::string>& failed() const { return failed_; }

  private:
    void read_scalar(const setting& what, const node& from, void* target, const std::string& path);
    void read_list(const setting& what, const node& from, void* target, const std::string& path);
    void read_table(const setting& what, const node& from, void* target, const std::string& path);
    void read_section(const setting& what, const node& from, void* target, const std::string& path);
    void read_sections(const setting& what, const node& from, void* target, const std::string& path);
    void read_named(const setting& what, const node& from, void* target, const std::string& path);
    void read_element(const setting& element, const node& from, const setting& what, void* target,
                      const std::string& path);
    void read_keys(const setting& what, const node& from, void* target, const std::string& path);
    bool expanded(const node& from, const std::string& path, std::string& out);
    void unknown_key(const setting& section, const member& entry, const std::string& path);
    void fail(const std::string& path, const origin& where, std::string text);

    const environment& variables_;
    diagnostics& errors_;
    const setting& root_;
    origins origins_;
    std::set<std::string> failed_;
};

/// "timeouts" and "idle" make "timeouts.idle".
std::string join(const std::string& path, const std::string& key);

}  // namespace outrider::config
