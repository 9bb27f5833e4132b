#include "governance/glob.hpp"

namespace outrider::governance {

bool fits(std::string_view glob, std::string_view name) {
    std::size_t at = 0, in = 0;
    auto star = std::string_view::npos;
    std::size_t resume = 0;
    while (in < name.size()) {
        if (at < glob.size() && glob[at] == '*') {
            star = at++;
            resume = in;
        } else if (at < glob.size() && glob[at] == name[in]) {
            ++at;
            ++in;
        } else if (star != std::string_view::npos) {
            // The last star takes one character more.
            at = star + 1;
            in = ++resume;
        } else {
            return false;
        }
    }
    while (at < glob.size() && glob[at] == '*') ++at;
    return at == glob.size();
}

}  // namespace outrider::governance
