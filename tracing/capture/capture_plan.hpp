#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracing/capture/json_pointers.hpp"
#include "tracing/capture/siphash.hpp"

namespace outrider::tracing {

/// Where in a message a value stands.
struct capture_source {
    enum class place : std::uint8_t { path, query, field, json, record_key, record_header };
    place where = place::field;
    std::string name;  ///< of a field in small letters; of JSON a pointer
};

/// What is wanted of messages, in plain values.
struct capture_settings {
    std::size_t echo_values = 0;  ///< hashes of one message; 0: none
    std::size_t body_bytes = 0;   ///< of a body that are looked into
    hash_key key{};
    std::vector<capture_source> correlation;
    std::vector<std::pair<std::string, std::vector<capture_source>>> keys;
    std::vector<std::string> hidden_query;  ///< names of parameters whose values are credentials
    bool identities = false;                ///< ids of CloudEvents, whatever else is wanted
};

/// The same, laid out as messages are read. Immutable; shared by all workers.
class capture_plan {
  public:
    static constexpr std::size_t most_values = 64;

    /// A value that is looked for, for one attribute. A lower rank beats a higher one.
    struct lookup {
        std::string name;
        std::uint8_t slot = 0;
        std::uint8_t rank = 0;
    };

    capture_plan() = default;
    explicit capture_plan(const capture_settings& from);

    /// Whether anything is wanted at all.
    bool any() const { return echo_values > 0 || !attributes.empty(); }
    bool wants_body() const { return body_bytes > 0 && (echo_values > 0 || !pointers.empty()); }
    /// Whether bodies of answers may tell something.
    bool answers() const { return body_bytes > 0 && !pointers.empty(); }
    /// Whether records of Kafka are worth to be read for this.
    bool wants_records() const { return echo_values > 0 || of_records; }

    std::size_t echo_values = 0;
    std::size_t body_bytes = 0;
    hash_key key{};
    std::vector<std::string> attributes;  ///< by slot: names of what is written
    std::vector<lookup> paths, queries, fields, record_keys, record_headers;
    /// Whether one of `fields` may have a name so long.
    bool has_field_of(std::size_t size) const { return (field_sizes_ >> std::min<std::size_t>(size, 63) & 1) != 0; }
    json_pointers pointers;
    std::vector<std::vector<lookup>> at_pointer;  ///< by pointer
    std::uint8_t lowest_json_rank(std::size_t slot) const { return json_rank_[slot]; }
    std::vector<std::string> hidden_query;
    bool of_records = false;

  private:
    void add(std::uint8_t slot, const std::vector<capture_source>& sources);
    void add_identities();
    std::uint8_t slot(std::string name);

    std::uint64_t field_sizes_ = 0;        ///< bit n: a name has n characters; the last bit: that many and more
    std::vector<std::uint8_t> json_rank_;  ///< by slot: of its first source in JSON
};

/// Whether a text looks like the name of one thing among many: 8 characters, or 3 with a digit, up to 128.
bool looks_like_id(std::string_view text);
/// Whether a header field of this name, in any case, holds such a thing: `x-order-id`, `idempotency-key`, ...
bool names_an_id(std::string_view field);

}  // namespace outrider::tracing
