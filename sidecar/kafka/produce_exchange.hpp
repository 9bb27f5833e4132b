#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/batch_capture.hpp"
#include "sidecar/kafka/batch_identity.hpp"
#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/conversation.hpp"
#include "sidecar/kafka/governed_request.hpp"
#include "sidecar/kafka/own_answers.hpp"
#include "sidecar/kafka/produce_request.hpp"
#include "sidecar/kafka/produce_response.hpp"
#include "sidecar/kafka/record_injection.hpp"

namespace outrider::kafka {

/// One Produce request with its answer: what is sent, how it got its place in a trace, what became of it.
class produce_exchange final : public pending_exchange, private produce_request_visitor {
  public:
    /// @param body_at  where the body begins in the frame; positions count from the body
    produce_exchange(cluster_path& path, conversation& talk, std::int16_t version);

    /// The next piece of the request's body. @return false when it is malformed: it goes on, but nothing is known of it
    bool feed(std::string_view piece);
    /// How many of the bytes that come next are not looked at; went_by() stands for feeding them.
    std::uint64_t passes() const { return parser_.passes(); }
    void went_by(std::uint64_t size) {
        fed_ += size;
        parser_.went_by(size);
    }
    /// Whether what was fed is a request from its first byte to its last.
    bool whole() const { return parser_.state() == parse_state::finished && parser_.position() == fed_; }
    /// Whether an answer will come; told by the first bytes of the body.
    bool answered() const { return acks_ != 0; }

    /// For a body that is held whole, once it was fed: the topics that policies refuse. They count as finished.
    std::vector<refused_topic> judge();
    /// The same before a body was fed that will not be held: all of it goes nowhere, or nothing.
    bool refused_unseen();
    /// What was fed since, all of it, as refused.
    std::vector<refused_topic> all_refused();
    std::size_t topics() const { return topics_.size(); }
    /// The body without those topics.
    std::string without(const std::vector<refused_topic>& refused, std::string_view body) const;
    /// This one is for the rest of a request: takes over what the policies said of the whole, and what is to be added
    /// to the answer.
    void takes_over(produce_exchange& whole, std::vector<refused_topic> refused);
    const std::vector<refused_topic>& refused() const { return refused_; }
    void look(governance::time_point now) override;
    void unanswered(bool broker_lost) override;

    /// Charges what was fed to the limits that match.
    /// @return until when the connection has to stay silent; time_point::min() when it need not
    governance::time_point charge();
    /// The throttle time that policies ask for, in milliseconds.
    std::int32_t throttle_ms() const;

    /// For a body that is held whole, once it was fed: whether inject() could change it.
    bool may_inject() const;
    /// The same, and reads what contexts its records carry; adds contexts to the others.
    /// @param out  the body with them
    /// @return false when nothing was changed: then what is in `out` means nothing
    bool inject(std::string_view body, std::string& out);

    /// The outcome of each batch, where none was told yet. @param answer  null: the request asked for none, or it
    /// cannot be read
    void finish(const produce_response* answer);

  private:
    /// One batch; a producer sends one per partition.
    struct batch {
        std::uint32_t topic = 0;
        std::int32_t partition = 0;
        batch_header header;
        records_field field;
        std::uint64_t size = 0;
        bool whole_field = false;  ///< it is all that the records field holds
        bool injected = false;
        std::uint32_t injected_records = 0;
        std::uint32_t without_context = 0;
        tracing::span_context own;             ///< what stands for the batch, when known before the answer
        std::vector<record_context> contexts;  ///< that its records carried
        /// What they say for chains, by the number of their context.
        std::vector<std::pair<std::size_t, tracing::group_capture>> captured;
        const tracing::group_capture* captured_of(std::size_t context) const;
    };

    void on_acks(std::int16_t acks, std::int32_t timeout_ms) override;
    void on_topics(std::uint64_t count_at, std::uint64_t topics_at) override;
    void on_topic(std::string_view name, const topic_id& id) override;
    void on_partition(std::int32_t index) override;
    void on_topic_end(std::uint64_t position) override;
    void on_records(const records_field& field) override;
    bool on_batch(const seen_batch& seen) override;

    batch_place place_of(const batch& of) const;
    bool may_inject(const batch& of) const;
    bool looks_into(const batch& of) const;
    void look_into(batch& of, std::string_view bytes);
    void inject_into(batch& of, std::string_view bytes, std::string& out);
    void look_into_packed(batch& of, std::string_view bytes, const injection_limits& limits);
    void derive_before_send(batch& of);
    /// @param next  where it is looked for first: brokers answer in the order of the request, mostly
    const produced_partition* answer_for(const batch& of, const produce_response* answer, std::size_t& next) const;
    /// Whether consumers are led by the batch and not by its records' headers.
    bool hides_headers(const batch& of) const;
    /// How a batch ended.
    struct fate {
        const produced_partition* outcome = nullptr;  ///< null: nobody told
        std::int16_t error = 0;  ///< the broker's, or what a client makes of an answer that never came
        std::string_view why{};  ///< in words, where there is more to say than the error's name
        bool failed() const;
    };
    void finish(batch& of, const fate& how);
    void count(const batch& of, const fate& how);
    void write_spans(batch& of, const fate& how);
    void write_sends(batch& of, const fate& how, exchange::messaging_facts& facts);
    void write_anchor(const batch& of, const tracing::span_context& first, bool appended,
                      exchange::messaging_facts& facts);

    struct topic {
        std::string name;
        topic_id id;
        config::record_trace mode = config::record_trace::none;
        double bytes = 0;  ///< of records, whatever their format
        double records = 0;
        std::uint64_t begin = 0, end = 0;                  ///< in the body
        std::vector<refused_topic::partition> partitions;  ///< where policies may refuse it
    };
    std::optional<governed_request::refusal> refusal_of(std::size_t which, governance::time_point now);
    bool overtakes(std::size_t which, governance::time_point now) const;
    refused_sequences::batch sequence_of(const batch& of) const;
    refused_topic refuse(std::size_t which, const governed_request::refusal& why, governance::time_point now);
    void finish_refused(std::size_t which, own_error error);
    void learn(const produce_response* answer);

    cluster_path& path_;
    conversation& talk_;
    std::shared_ptr<const cluster_view> view_;
    std::unique_ptr<governed_request> governed_;  ///< null: no policy concerns it
    std::int16_t version_;
    std::int16_t acks_ = -1;
    std::int32_t timeout_ms_ = 0;
    std::uint64_t topics_count_at_ = 0, topics_at_ = 0;
    std::vector<refused_topic> refused_;
    std::optional<governed_request::refusal> unseen_refusal_;
    std::string client_id_;
    std::string server_address_;
    std::uint16_t server_port_;
    exchange::steady_clock::time_point started_;
    std::vector<topic> topics_;
    std::vector<batch> batches_;
    std::int32_t partition_ = 0;
    bool passes_unseen_ = false;  ///< the topic under way is one too many
    records_field field_;
    std::optional<std::int64_t> candidates_;  ///< exchanges that may be its cause
    std::size_t budget_ = most_scanned;       ///< of bytes of values that are looked into
    std::uint64_t fed_ = 0;
    bool finished_ = false;
    push_parser parser_;
};

/// The name of a topic, from its id where a version has no name; "id:" and the id in hex where nobody told its name.
std::string topic_name(const cluster& of, std::string_view name, const topic_id& id);

}  // namespace outrider::kafka
