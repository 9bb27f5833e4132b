#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/records_field.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// Is told what a Produce request holds, in the order of its bytes. Views are valid during the call.
struct produce_request_visitor : records_visitor {
    /// From version 3 on; a null data() is none.
    virtual void on_transactional_id(std::string_view) {}
    virtual void on_acks(std::int16_t /*acks*/, std::int32_t /*timeout_ms*/) {}
    /// Where the number of topics stands, and what follows it.
    virtual void on_topics(std::uint64_t /*count_at*/, std::uint64_t /*topics_at*/) {}
    /// The name up to version 12, the id from 13 on.
    virtual void on_topic(std::string_view /*name*/, const topic_id&) {}
    /// Its on_records() and batches follow.
    virtual void on_partition(std::int32_t /*index*/) {}
    /// Where the topic ends.
    virtual void on_topic_end(std::uint64_t /*position*/) {}

  protected:
    ~produce_request_visitor() = default;
};

/// Parses the body of a Produce request, versions 0 to 13. `to` must outlive the parser.
push_parse parse_produce_request(produce_request_visitor& to, std::int16_t version);

/// Appends a request to a string while records fields in it are replaced, length prefixes included: what takes the
/// place of a field is appended by others where it has to stand, so that it is copied once.
///
///     begin -> records appended to the string -> replace | keep -> begin ... finish
class records_splice {
  public:
    /// @param frame  what positions of fields count in
    records_splice(std::string_view frame, encoding how, std::string& out) : frame_(frame), how_(how), out_(out) {}

    /// Appends what stands before the field's records, with room for a length. Fields come in the order of their
    /// positions.
    /// @param likely  the size of what will take the field's place; a wrong guess costs a move
    void begin(const records_field& field, std::uint64_t likely);
    /// What was appended since takes the place of the field's records.
    void replace();
    /// The field stays what it is, and is copied with what follows it.
    void keep();
    /// Appends the rest.
    void finish() { out_.append(frame_.substr(copied_)); }

  private:
    std::string_view frame_;
    encoding how_;
    std::string& out_;
    records_field field_;
    std::size_t copied_ = 0;      ///< of the frame
    std::size_t length_at_ = 0;   ///< in `out_`
    std::size_t records_at_ = 0;  ///< in `out_`
};

}  // namespace outrider::kafka
