#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/batch_capture.hpp"
#include "sidecar/kafka/batch_identity.hpp"
#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/conversation.hpp"
#include "sidecar/kafka/fetch_response.hpp"
#include "sidecar/kafka/governed_request.hpp"
#include "sidecar/kafka/record_scanner.hpp"

namespace outrider::kafka {

/// The answer to one Fetch request while it passes: whose records it brings, and to whom.
class fetch_exchange final : public pending_exchange, private fetch_response_visitor, private record_visitor {
  public:
    fetch_exchange(cluster_path& path, conversation& talk, std::int16_t version);

    /// The answer's first byte is here: where polling ends and the records' way to the client begins.
    void answer_begins();
    /// The next piece of the answer's body. @return false when it is malformed, or longer than it says
    bool feed(std::string_view piece);
    /// How many of the bytes that come next are not looked at; went_by() stands for feeding them.
    std::uint64_t passes() const { return parser_.passes(); }
    bool went_by(std::uint64_t size);
    /// The byte within the piece fed last that has to become another so that clients pass over the brokers' addresses.
    std::optional<std::size_t> addresses_at() const { return addresses_at_; }
    bool whole() const { return parser_.state() == parse_state::finished && parser_.position() == fed_; }

    /// What has come is about to be given to the client; called for each piece. Spans end there, not when it has been
    /// written: a client that wakes at once may have sent what it made of the records before this thread goes on.
    void hands_over();
    /// The client has been given all of it.
    void finish();

    /// Whether a breaker keeps the request from the cluster. @param topics  that it is for, as far as they are known
    bool refused(const std::set<std::string, std::less<>>& topics);
    void unanswered(bool broker_lost) override;
    /// The request was kept back for so long by limits: the answer says so.
    void kept_back(governance::nanoseconds time);
    std::int32_t throttle_ms() const { return throttle_ms_; }
    /// Until when the connection's next fetch has to wait, for what this answer brought.
    governance::time_point silent_until() const {
        return governed_ ? governed_->silent_until() : governance::time_point::min();
    }

  private:
    /// A producer of fetched records, as far as neighbours are concerned: the same one may come again.
    struct source {
        std::size_t topic = 0;
        tracing::span_context context;
        std::int32_t partition = 0;
        std::int64_t offset = 0;
        std::uint64_t records = 0;
        bool carried = false;  ///< in the records themselves: the consumer's work belongs to that trace
        std::unique_ptr<tracing::group_capture> captured{};  ///< what its records say for chains; null: nothing
    };
    struct topic {
        std::string name;
        config::record_trace mode = config::record_trace::none;
        exchange::topic_metrics* row = nullptr;
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;  ///< of records, whatever their format
        std::int64_t first_offset = -1;
        std::int32_t first_partition = -1;
        bool one_partition = true;
        tracing::group_capture captured;  ///< of records that carried no context
    };

    void on_response(const head& first) override;
    void on_topic(std::string_view name, const topic_id& id) override;
    void on_partition(const fetched_partition& partition) override;
    void on_records(const records_field& field) override;
    bool on_batch(const seen_batch& seen) override;
    void on_batch_bytes(std::string_view piece) override;
    void on_batch_end() override;
    void on_node_endpoints(std::uint64_t position) override;
    void on_record(const scanned_record& record) override;
    void on_key(std::string_view key) override;
    void on_value(std::string_view piece, std::uint64_t left) override;
    void on_header(std::string_view name, std::string_view value) override;

    void note_batch(const seen_batch& seen);
    void unpack();
    /// @return the number of its source; none when there is no span to write for it
    std::size_t add(const tracing::span_context& context, std::int64_t offset, std::uint64_t records, bool carried);
    tracing::group_capture& captured_of(std::size_t told);
    void charge();
    void learn();
    void write_spans(std::size_t topic);
    static constexpr std::size_t none = ~std::size_t{0};

    cluster_path& path_;
    conversation& talk_;
    std::shared_ptr<const cluster_view> view_;
    std::unique_ptr<governed_request> governed_;  ///< null: no policy concerns it
    std::int32_t throttle_ms_ = 0;
    bool ill_ = false;  ///< some error of the answer says so of the cluster
    std::string client_id_;
    std::string server_address_;
    std::uint16_t server_port_;
    exchange::steady_clock::time_point started_, handed_over_;
    std::vector<topic> topics_;
    std::vector<source> sources_;
    fetched_partition partition_;
    batch_header batch_;
    record_scanner scanner_{*this};
    std::uint64_t without_context_ = 0;
    bool scanning_ = false;
    bool passes_unseen_ = false;  ///< the topic under way is one too many
    bool unpacking_ = false;      ///< the batch is kept whole, to be unpacked
    std::string kept_;
    const bool captures_;  ///< records are read for what they say for chains
    std::string value_;    ///< the beginning of the record's value
    bool value_whole_ = true;
    std::size_t budget_ = most_scanned;  ///< of bytes of values that are looked into
    std::uint64_t fed_ = 0;
    std::optional<std::size_t> addresses_at_;
    push_parser parser_;
};

}  // namespace outrider::kafka
