#pragma once

#include <string>
#include <vector>

#include "governance/policy.hpp"

namespace outrider::config {

/// One key of a policy that is not as it was; a text is as a file has it, empty where the key is not set.
struct key_change {
    std::string key;  ///< "limit.rate", "limit.1.rate" where one of them has several
    std::string before, after;
    bool operator==(const key_change&) const = default;
};

/// One policy that is not as it was.
struct policy_change {
    enum class kind { added, removed, changed };
    kind what = kind::changed;
    std::string name;
    std::vector<key_change> keys;  ///< of a changed one what differs, of an added one all that is not the default
    bool operator==(const policy_change&) const = default;
};

/// What became of each policy, by name, in the order of `after`, then what is gone. Neither the order of policies nor
/// the file they are in is a difference; the content of a fallback's file is.
std::vector<policy_change> policy_diff(const std::vector<governance::policy>& before,
                                       const std::vector<governance::policy>& after);

/// For people, one key a line, with a summary as its last line.
std::string to_text(const std::vector<policy_change>& changes);

}  // namespace outrider::config
