#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace outrider::config {

/// Where in a message a value stands.
struct value_source {
    enum class place : std::uint8_t {
        path,          ///< the segment behind one that is called `name`, or `name` with an s
        query,         ///< the query parameter `name`
        header,        ///< the header field `name`, in small letters
        json,          ///< the scalar that the JSON Pointer `name` names, of a body or of a record's value
        kafka_key,     ///< the record's key
        kafka_header,  ///< the record's header `name`
    };
    place where = place::header;
    std::string name;
    bool operator==(const value_source&) const = default;
    /// "path:order", "json:/orderId", "kafka:key".
    std::string text() const;
};

/// A name that people know an exchange by, such as the number of an order: written as `chain.key.NAME`.
struct business_key {
    std::vector<value_source> sources;  ///< the first that has a value counts
};

/// Values that may tie together what enters an application and what leaves it; their hashes go to the collector.
struct echo {
    std::uint32_t values = 16;        ///< of one message; 0: none
    std::uint32_t body = 8U * 1'024;  ///< bytes of a body that are looked into; 0: none
};

}  // namespace outrider::config
