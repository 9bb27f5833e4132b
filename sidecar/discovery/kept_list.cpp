#include "sidecar/discovery/kept_list.hpp"

#include <algorithm>
#include <set>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::discovery {
namespace {

constexpr clock::time_point never{};

}  // namespace

bool kept_list::members(member_list said, clock::time_point now) {
    heard_ = true;
    dropped_ = false;
    failed_since_ = never;
    auto list = usable(std::move(said));
    problem_ = left_out_why_;
    if (!list.empty() || in_use_.empty()) {
        empty_since_ = never;
        const auto why = list.empty() ? nobody() : std::string{};
        return use(std::move(list), why);
    }
    if (empty_since_ == never) empty_since_ = now;
    return pass(now);
}

bool kept_list::none_ready() {
    heard_ = true;
    dropped_ = false;
    failed_since_ = empty_since_ = never;
    usable({});
    problem_.clear();
    return use({}, "none of the members that " + by_.registry + " has of '" + by_.service + "' is ready");
}

bool kept_list::failed(std::string why, clock::time_point now) {
    heard_ = true;
    problem_ = std::move(why);
    if (failed_since_ == never) failed_since_ = now;
    empty_since_ = never;  // it may be about to come back with what it had
    if (dropped_) return use({}, too_old());
    if (in_use_.empty()) return use({}, by_.registry + " can't be asked: " + problem_);
    return pass(now);
}

bool kept_list::pass(clock::time_point now) {
    if (now < due()) return false;
    if (empty_since_ != never) {
        empty_since_ = never;
        return use({}, nobody());
    }
    dropped_ = true;
    return use({}, too_old());
}

clock::time_point kept_list::due() const {
    if (empty_since_ != never) return empty_since_ + believe_empty;
    const bool bounded = failed_since_ != never && by_.stale.count() > 0 && !in_use_.empty();
    return bounded ? failed_since_ + by_.stale : clock::time_point::max();
}

std::chrono::seconds kept_list::age(clock::time_point now) const {
    if (failed_since_ == never) return std::chrono::seconds{0};
    return std::chrono::duration_cast<std::chrono::seconds>(now - failed_since_);
}

bool kept_list::use(member_list list, std::string why_none) {
    if (list == in_use_ && why_none == why_none_) return false;
    in_use_ = std::move(list);
    why_none_ = std::move(why_none);
    return true;
}

/// Each once, in the registry's order, without those that must not be called.
member_list kept_list::usable(member_list said) {
    named_ = said.size();
    left_out_ = 0;
    left_out_why_.clear();
    auto leave_out = [this](const std::string& why) {
        if (left_out_++ == 0) left_out_why_ = why;
    };
    member_list out;
    std::set<std::string> seen;
    for (auto& member : said) {
        if (out.size() == most_members) {
            leave_out(by_.registry + " names " + std::to_string(named_) + " members; the first " +
                      std::to_string(most_members) + " are used");
            left_out_ = named_ - most_members;
            break;
        }
        member.tls = member.tls || by_.tls;
        if (auto wrong = complaint_of(member); !wrong.empty())
            leave_out(wrong);
        else if (!seen.insert(config::to_text(member)).second)
            leave_out(by_.registry + " names " + member.address.text() + " more than once");
        else
            out.push_back(std::move(member));
    }
    return out;
}

/// A registry's word is data from outside.
std::string kept_list::complaint_of(const config::upstream_endpoint& member) const {
    config::upstream_endpoint checked;
    if (auto wrong = config::parse_upstream_endpoint(config::to_text(member), checked); !wrong.empty())
        return by_.registry + " names a member that can't be: " + wrong.substr(0, 300);
    if (!by_.judge) return {};
    auto refused = by_.judge(member);
    return refused.empty() ? refused : member.address.text() + " may not be called: " + refused;
}

std::string kept_list::nobody() const {
    if (named_ > 0)
        return "none of the " + std::to_string(named_) + " members that it has can be used: " + left_out_why_;
    return by_.registry + " has no member of " + (by_.service.empty() ? "it" : "'" + by_.service + "'");
}

std::string kept_list::too_old() const {
    return by_.registry + " could not be asked for " + config::duration_text(by_.stale) +
           ", which is as long as its last word stays in use: " + problem_;
}

}  // namespace outrider::discovery
