#include "sidecar/config/policy_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

#include <nlohmann/json.hpp>

#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/reader.hpp"

namespace outrider::config {
namespace {

using governance::policy;

/// A value of a policy as text, and whether it is what it would be without being written.
struct entry {
    std::string key;
    std::string text;
    bool usual = false;
    bool presence = false;  ///< of a rule as a whole
};
using entries = std::vector<entry>;

constexpr const char* with_defaults = "as by default";

/// Walks the table and a policy together, as print does; every rule has its number here.
class flattening {
  public:
    void keys(const std::vector<setting>& of, void* owner, void* usual, const std::string& path);
    entries take() { return std::move(out_); }

  private:
    void key(const setting& what, void* value, void* usual, const std::string& path);
    void rules(const setting& what, void* value, const std::string& path);
    void table(const setting& what, void* value, const std::string& path);
    std::string list_text(const setting& what, const void* value) const;
    entries out_;
};

void flattening::keys(const std::vector<setting>& of, void* owner, void* usual, const std::string& path) {
    for (const auto& each : of) key(each, each.member(owner), each.member(usual), join(path, each.name));
}

void flattening::key(const setting& what, void* value, void* usual, const std::string& path) {
    if (what.shape == shape::section) return keys(what.keys, value, usual, path);
    if (what.shape == shape::sections) return rules(what, value, path);
    if (what.shape == shape::table) return table(what, value, path);
    const bool list = what.shape == shape::list;
    const auto text = list ? list_text(what, value) : what.type->print(value);
    out_.push_back({path, text, text == (list ? list_text(what, usual) : what.type->print(usual))});
}

void flattening::rules(const setting& what, void* value, const std::string& path) {
    // A fresh element beside them: what its keys are without being written.
    std::vector<policy> fresh(1);
    void* usual = what.container->add(what.member(fresh.data()), "");
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        const auto own = join(path, std::to_string(i));
        out_.push_back({own, with_defaults, false, true});
        keys(what.keys, const_cast<void*>(what.container->at(value, i).second), usual, own);
    }
}

void flattening::table(const setting& what, void* value, const std::string& path) {
    for (std::size_t i = 0; i < what.container->size(value); ++i) {
        const auto [name, element] = what.container->at(value, i);
        out_.push_back({join(path, name), what.type->print(element)});
    }
}

std::string flattening::list_text(const setting& what, const void* value) const {
    std::string out;
    for (std::size_t i = 0; i < what.container->size(value); ++i)
        out += (i == 0 ? "" : ", ") + what.type->print(what.container->at(value, i).second);
    return "[" + out + "]";
}

/// FNV-1a: tells contents apart for the eye, nothing more.
std::uint32_t checksum(const std::string& text) {
    std::uint32_t out = 2'166'136'261U;
    for (const char c : text) out = (out ^ static_cast<unsigned char>(c)) * 16'777'619U;
    return out;
}

std::string content_text(const std::string& body) {
    std::string hex(8, '0');
    auto rest = checksum(body);
    for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, rest >>= 4U) *digit = "0123456789abcdef"[rest & 15U];
    return std::to_string(body.size()) + " bytes, " + hex;
}

entries flattened(const policy& of) {
    policy copy = of, usual;
    flattening walk;
    walk.keys(declared_policies().keys.front().keys, &copy, &usual, "");
    auto out = walk.take();
    if (of.fallback && !of.fallback->file.empty())
        out.push_back({"fallback.0.file (content)", content_text(of.fallback->body)});
    return out;
}

const entry* find(const entries& in, const std::string& key) {
    const auto found = std::find_if(in.begin(), in.end(), [&](const entry& e) { return e.key == key; });
    return found == in.end() ? nullptr : &*found;
}

/// A key that only one side has says something only when it is not what it would be anyway.
std::string said(const entry& of) { return of.usual ? "" : of.text; }

std::vector<key_change> compare(const entries& before, const entries& after) {
    std::vector<key_change> out;
    for (const auto& each : before) {
        const auto* other = find(after, each.key);
        if (other != nullptr && other->text == each.text) continue;
        out.push_back({each.key, other != nullptr ? each.text : said(each), other != nullptr ? other->text : ""});
    }
    for (const auto& each : after)
        if (find(before, each.key) == nullptr) out.push_back({each.key, "", said(each)});
    std::erase_if(out, [](const key_change& c) { return c.before == c.after; });
    // A rule that came or went is named as a whole only when none of its keys is.
    const auto keys = out;
    std::erase_if(out, [&](const key_change& c) {
        return (c.before == with_defaults || c.after == with_defaults) &&
               std::any_of(keys.begin(), keys.end(),
                           [&](const key_change& k) { return k.key.starts_with(c.key + "."); });
    });
    return out;
}

bool has_second(const policy& of, const std::string& rule) {
    return (rule == "limit" && of.limits.size() > 1) || (rule == "concurrency" && of.concurrency.size() > 1) ||
           (rule == "breaker" && of.breakers.size() > 1);
}

/// Numbers are for where there are several.
void drop_numbers(std::vector<key_change>& keys, const policy& before, const policy& after) {
    for (auto& change : keys) {
        const auto rule = change.key.substr(0, change.key.find('.'));
        if (has_second(before, rule) || has_second(after, rule) || rule.size() == change.key.size()) continue;
        if (change.key.compare(rule.size(), 2, ".0") == 0) change.key.erase(rule.size(), 2);
    }
}

policy_change change_of(const std::string& name, const policy* before, const policy* after) {
    const policy none;
    policy_change out{before == nullptr  ? policy_change::kind::added
                      : after == nullptr ? policy_change::kind::removed
                                         : policy_change::kind::changed,
                      name,
                      {}};
    if (after == nullptr) return out;
    out.keys = compare(flattened(before != nullptr ? *before : none), flattened(*after));
    std::erase_if(out.keys, [](const key_change& c) { return c.key == "name"; });
    drop_numbers(out.keys, before != nullptr ? *before : none, *after);
    return out;
}

/// Of a body, the beginning.
std::string shown(const std::string& text) {
    constexpr std::size_t most = 60;
    if (text.find_first_of("\r\n\t") == std::string::npos && text.size() <= most) return text;
    const bool cut = text.size() > most;
    return nlohmann::json(text.substr(0, most)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
           (cut ? "..." : "");
}

std::string line_of(const key_change& change, bool added) {
    const auto side = [](const std::string& text) { return text.empty() ? std::string{"not set"} : shown(text); };
    return "    " + change.key + ": " + (added ? "" : side(change.before) + " -> ") + side(change.after) + "\n";
}

}  // namespace

std::vector<policy_change> policy_diff(const std::vector<policy>& before, const std::vector<policy>& after) {
    std::map<std::string, const policy*> old_ones, new_ones;
    for (const auto& each : before) old_ones.emplace(each.name, &each);
    std::vector<policy_change> out;
    for (const auto& each : after) {
        new_ones.emplace(each.name, &each);
        const auto old_one = old_ones.find(each.name);
        auto change = change_of(each.name, old_one == old_ones.end() ? nullptr : old_one->second, &each);
        if (change.what == policy_change::kind::added || !change.keys.empty()) out.push_back(std::move(change));
    }
    for (const auto& each : before)
        if (!new_ones.contains(each.name)) out.push_back(change_of(each.name, &each, nullptr));
    return out;
}

std::string to_text(const std::vector<policy_change>& changes) {
    if (changes.empty()) return "no difference\n";
    std::string out;
    std::map<policy_change::kind, int> counts;
    for (const auto& change : changes) {
        ++counts[change.what];
        const auto* what = change.what == policy_change::kind::added     ? " is new:\n"
                           : change.what == policy_change::kind::removed ? " is gone\n"
                                                                         : " changed:\n";
        out += "policy '" + change.name + "'" + what;
        for (const auto& key : change.keys) out += line_of(key, change.what == policy_change::kind::added);
    }
    return out + std::to_string(counts[policy_change::kind::added]) + " added, " +
           std::to_string(counts[policy_change::kind::removed]) + " removed, " +
           std::to_string(counts[policy_change::kind::changed]) + " changed\n";
}

}  // namespace outrider::config
