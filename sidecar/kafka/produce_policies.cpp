// A Produce request under its policies: what is refused before it is sent, what it is charged, what breakers learn.

#include <algorithm>

#include "sidecar/kafka/produce_exchange.hpp"

namespace outrider::kafka {
namespace {

/// An answer is overdue when so much of the time has passed that the client gave the broker, and itself.
constexpr double patient = 0.9;

}  // namespace

std::vector<refused_topic> produce_exchange::judge() {
    std::vector<refused_topic> out;
    // Who asked for no answer could not be told, and would take what is refused for sent.
    if (!governed_ || !whole() || !answered() || passes_unseen_) return out;
    const auto now = exchange::steady_clock::now();
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        if (auto why = refusal_of(i, now)) {
            out.push_back(refuse(i, *why, now));
        } else if (!talk_.refused.empty()) {
            for (const auto& each : batches_)
                if (each.topic == i) talk_.refused.passed(sequence_of(each));
        }
    }
    return out;
}

/// What would overtake a refused batch is refused as that was. Limits are asked last: what they take is spent.
std::optional<governed_request::refusal> produce_exchange::refusal_of(std::size_t which, governance::time_point now) {
    const auto& of = topics_[which];
    if (overtakes(which, now))
        return governed_request::refusal{nullptr, "it stands behind a batch that was refused", true};
    if (auto why = governed_->refused_by_breaker(of.name, now)) return why;
    return governed_->refused_by_limit(of.name, {1, of.bytes, of.records}, now);
}

refused_sequences::batch produce_exchange::sequence_of(const batch& of) const {
    return {topics_[of.topic].name, of.partition, of.header.producer_id, of.header.producer_epoch,
            of.header.base_sequence};
}

bool produce_exchange::overtakes(std::size_t which, governance::time_point now) const {
    if (talk_.refused.empty()) return false;
    return std::any_of(batches_.begin(), batches_.end(), [&](const batch& each) {
        return each.topic == which && talk_.refused.overtakes(sequence_of(each), now);
    });
}

refused_topic produce_exchange::refuse(std::size_t which, const governed_request::refusal& why,
                                       governance::time_point now) {
    const auto& of = topics_[which];
    refused_topic out;
    out.place = which;
    out.name = of.name;
    out.id = of.id;
    out.error = why.comes_again ? own_error::not_enough_replicas : refusal_for_good(version_);
    out.message = why.message;
    out.partitions = of.partitions;
    if (why.comes_again)
        for (const auto& each : batches_)
            if (each.topic == which) talk_.refused.refused(sequence_of(each), now);
    path_.metrics.refused_partitions.add(of.partitions.size());
    finish_refused(which, out.error);
    return out;
}

/// Its spans and counters, as of any answer.
void produce_exchange::finish_refused(std::size_t which, own_error error) {
    produced_partition outcome;
    outcome.error = static_cast<std::int16_t>(error);
    for (auto& each : batches_) {
        if (each.topic != which) continue;
        path_.metrics.topic(topics_[which].name).send_errors.add();
        write_spans(each, {&outcome, outcome.error});
    }
}

bool produce_exchange::refused_unseen() {
    if (!governed_) return false;
    unseen_refusal_ = governed_->refused_by_breaker({}, exchange::steady_clock::now());
    return unseen_refusal_.has_value();
}

std::vector<refused_topic> produce_exchange::all_refused() {
    std::vector<refused_topic> out;
    const auto now = exchange::steady_clock::now();
    for (std::size_t i = 0; i < topics_.size(); ++i) out.push_back(refuse(i, *unseen_refusal_, now));
    return out;
}

std::string produce_exchange::without(const std::vector<refused_topic>& refused, std::string_view body) const {
    std::string out{body.substr(0, topics_count_at_)};
    wire_writer{out}.array(static_cast<std::int32_t>(topics_.size() - refused.size()),
                           encoding_of(api::produce, version_));
    auto next = refused.begin();
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        if (next != refused.end() && next->place == i)
            ++next;
        else
            out.append(body.substr(topics_[i].begin, topics_[i].end - topics_[i].begin));
    }
    out.append(body.substr(topics_.empty() ? topics_at_ : topics_.back().end));
    return out;
}

void produce_exchange::takes_over(produce_exchange& whole, std::vector<refused_topic> refused) {
    governed_ = std::move(whole.governed_);
    refused_ = std::move(refused);
}

governance::time_point produce_exchange::charge() {
    if (!governed_) return governance::time_point::min();
    const auto now = exchange::steady_clock::now();
    for (const auto& each : topics_) governed_->charge(each.name, {1, each.bytes, each.records}, now);
    return note_throttle(path_.metrics, api::produce, governed_->silent_until(), now);
}

std::int32_t produce_exchange::throttle_ms() const {
    return governed_ ? throttle_time(governed_->silent_until(), exchange::steady_clock::now()) : 0;
}

void produce_exchange::learn(const produce_response* answer) {
    if (!governed_) return;
    const auto now = exchange::steady_clock::now();
    if (!answer) return governed_->finish(governance::outcome::ignored, now - started_, now);
    const bool ill = std::any_of(answer->partitions.begin(), answer->partitions.end(),
                                 [](const produced_partition& each) { return says_ill(each.error); });
    governed_->finish(ill ? governance::outcome::failure : governance::outcome::success, now - started_, now);
}

/// A broker that hangs is known before its client gives up.
void produce_exchange::look(governance::time_point now) {
    if (!governed_ || timeout_ms_ <= 0 || now - started_ < patient * governance::milliseconds{timeout_ms_}) return;
    governed_->finish(governance::outcome::failure, now - started_, now);
}

}  // namespace outrider::kafka
