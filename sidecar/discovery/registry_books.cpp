#include "sidecar/discovery/registry_books.hpp"

#include <utility>

namespace outrider::discovery {

void registry_books::answered(const std::string& who) {
    const std::lock_guard lock(mutex_);
    status_.reachable = true;
    problems_.erase(who);
}

void registry_books::failed(const std::string& who, std::string why) {
    const std::lock_guard lock(mutex_);
    status_.reachable = false;
    ++status_.failures;
    problems_[who] = std::move(why);
}

void registry_books::registered(bool is) {
    const std::lock_guard lock(mutex_);
    status_.registered = is;
}

void registry_books::skipped(std::size_t members) {
    const std::lock_guard lock(mutex_);
    status_.skipped += members;
}

void registry_books::forget(const std::string& who) {
    const std::lock_guard lock(mutex_);
    problems_.erase(who);
}

registry_status registry_books::look() const {
    const std::lock_guard lock(mutex_);
    auto out = status_;
    for (const auto& [who, why] : problems_) {
        if (!out.problem.empty()) out.problem += "; ";
        out.problem += who + ": " + why;
    }
    return out;
}

}  // namespace outrider::discovery
