#pragma once

#include <cstdint>
#include <span>
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
    /// The name up to version 12, the id from 13 on.
    virtual void on_topic(std::string_view /*name*/, const topic_id&) {}
    /// Its on_records() and batches follow.
    virtual void on_partition(std::int32_t /*index*/) {}

  protected:
    ~produce_request_visitor() = default;
};

/// Parses the body of a Produce request, versions 0 to 13. `to` must outlive the parser.
push_parse parse_produce_request(produce_request_visitor& to, std::int16_t version);

/// What takes the place of one records field.
struct records_replacement {
    records_field field;
    std::string_view records;
};

/// Appends `frame`, which positions of fields count in, with those fields replaced, length prefixes included.
/// @param replacements in the order of their positions
void splice_records(std::string_view frame, std::span<const records_replacement> replacements, encoding how,
                    std::string& out);

}  // namespace outrider::kafka
