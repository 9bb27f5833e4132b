// Answers in place of a refusal or a failure: a fixed one, or the last good one.

#include <algorithm>
#include <vector>

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

namespace {

/// A policy's name as a field's value may have it.
std::string field_text(std::string_view name) {
    std::string out{name};
    for (auto& c : out)
        if (c < ' ' || c > '~') c = '?';
    return out;
}

}  // namespace

const governance::fallback_rule* server_exchange::fallback() const {
    const auto* policy = governed_.policies().fallback;
    return policy ? &*policy->source->fallback : nullptr;
}

/// Whether the policy's fallback is for what went wrong.
bool server_exchange::may_fall_back() const {
    const auto* rule = fallback();
    if (!rule) return false;
    if (refused_by_rule()) return rule->on_refused && refusal_.degrade;
    bool late = failure_.code == failure_code::deadline_exceeded || failure_.code == failure_code::total_timeout;
    return rule->on_failed && (failure_.origin == origin::upstream || late);
}

/// Turns `answer` into the fallback's, which says so; Proxy-Status goes on telling why.
/// @return false when there is none: only the last good answer would do, and there is no such
bool server_exchange::fall_back(local_answer& answer) {
    const auto& rule = *fallback();
    const auto& policy = *governed_.policies().fallback;
    auto mark = "Outrider-Fallback: " + field_text(policy.source->name) + "\r\n";
    if (rule.stale.count() > 0 && find_stale(rule.stale)) {
        auto age = stale_answer_->age +
                   std::chrono::duration_cast<std::chrono::seconds>(net::steady_clock::now() - stale_answer_->at);
        answer.status = 200;
        answer.fields = stale_answer_->fields + "Age: " + std::to_string(age.count()) + "\r\n" + mark;
        answer.dated = stale_answer_->dated;
        answer.content = stale_answer_->body;
    } else if (rule.has_body) {
        answer.status = rule.status;
        // Nobody shall keep it for when the upstream is back.
        answer.fields = "Cache-Control: no-store\r\n" + mark;
        answer.content_type = rule.body.empty() ? std::string{} : rule.content_type;
        answer.content = rule.body;
    } else {
        return false;
    }
    answer.title = reason_phrase(answer.status);
    answer.has_content = true;
    if (refused_by_rule()) ruling_.note(exchange::ruling::kind::refused, *refusal_.by);
    ruling_.note_fallback(policy.fallback);
    governed_.counter()(policy.fallback, governance::rule_outcome::replaced);
    return true;
}

std::string server_exchange::stale_key() const {
    std::vector<std::string_view> callers;
    const auto& matched = governed_.policies().policies;
    for (std::size_t i = 0; i < matched.size(); ++i) {
        for (const auto& limit : matched[i]->source->limits)
            if (limit.key.from == governance::key_source::kind::header) callers.push_back(limit.key.name);
        for (const auto& [name, value] : matched[i]->source->match.headers) callers.push_back(name);
    }
    return key_of({facts_.upstream, request_.host.text, request_.path, callers}, head_);
}

bool server_exchange::find_stale(std::chrono::milliseconds within) {
    if (head_.method != "GET" && head_.method != "HEAD") return false;
    auto key = stale_key();
    if (key.empty()) return false;
    stale_answer_ = path_.shared.last_good->find(key, net::steady_clock::now(), within);
    return stale_answer_ != nullptr;
}

/// An answer that might be given again is copied while it passes.
void server_exchange::begin_copying() {
    const auto* rule = fallback();
    if (!rule || rule->stale.count() == 0 || head_.method != "GET" || answer_.status != 200) return;
    copy_key_ = stale_key();
    if (copy_key_.empty()) return;
    std::optional<std::uint64_t> length;
    if (response_.body.kind == body_kind::length) length = response_.body.length;
    if (response_.body.kind == body_kind::none) length = 0;
    copy_ = begin_copy(answer_, length);
}

void server_exchange::copy_piece(std::string_view piece) {
    if (copy_->body.size() + piece.size() > last_good::most_body)
        copy_.reset();
    else
        copy_->body.append(piece);
}

void server_exchange::keep_copy() {
    copy_->at = facts_.finished;
    path_.shared.last_good->keep(std::move(copy_key_), std::shared_ptr<const good_answer>{std::move(copy_)});
}

/// Whether the upstream's answer is one that the policy replaces; `instead_` is then what the client gets.
bool server_exchange::replaces_answer() {
    const auto* rule = fallback();
    if (!rule || std::ranges::find(rule->statuses, answer_.status) == rule->statuses.end()) return false;
    instead_ = std::make_unique<local_answer>();
    if (!fall_back(*instead_)) return false;
    // RFC 9209 2.1.4
    instead_->fields += "Proxy-Status: outrider; received-status=" + std::to_string(answer_.status) + "\r\n";
    return true;
}

/// The upstream's answer is let go of: with its connection, unless it is here as a whole.
net::awaitable<after_exchange> server_exchange::answer_instead() {
    attempt_facts_.status = answer_.status;
    facts_.finished = net::steady_clock::now();
    finish_attempt({});
    discard_answer();
    facts_.finished = {};
    co_return co_await answer_locally(std::move(*instead_));
}

}  // namespace outrider::http
