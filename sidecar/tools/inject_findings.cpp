#include "sidecar/tools/inject_findings.hpp"

#include <algorithm>

#include "sidecar/config/yaml_complaint.hpp"

namespace outrider::tools {
namespace {

constexpr std::size_t most = 100;

}  // namespace

void inject_findings::error(config::diagnostic finding) {
    if (std::find(errors_.begin(), errors_.end(), finding) == errors_.end()) errors_.push_back(std::move(finding));
}

void inject_findings::note_once(std::size_t offset, std::string text) {
    const auto same = [&](const auto& each) { return each.text == text; };
    if (std::none_of(notes_.begin(), notes_.end(), same)) note(offset, std::move(text));
}

unsigned inject_findings::line(std::size_t offset) const { return config::at_offset(text_, offset, name_, "").line; }

void inject_findings::add(config::diagnostics& to, std::size_t offset, std::string text) const {
    if (to.size() < most) {
        to.push_back(config::at_offset(text_, offset, name_, std::move(text)));
    } else if (to.size() == most) {
        to.push_back({name_, 0, 0, "and more of them"});
    }
}

}  // namespace outrider::tools
