#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/capture/capture_plan.hpp"
#include "tracing/capture/json_scan.hpp"
#include "tracing/capture/json_values.hpp"
#include "tracing/span_encoder.hpp"

namespace outrider::tracing {

/// What one message says for chains: values of configured places, ids of CloudEvents, and hashes of what looks like
/// ids. Reused from message to message; once warm it allocates nothing. Where several sources of one attribute have a
/// value, the first source counts, and of one source the first value.
class message_capture final : private json_visitor, private value_taker {
  public:
    /// Of one value; the rest of a longer one is cut.
    static constexpr std::size_t longest_value = 256;

    explicit message_capture(const capture_plan& plan) : plan_(plan), found_(plan.attributes.size()) {}

    const capture_plan& plan() const { return plan_; }
    void clear();

    // Of HTTP.

    void path(std::string_view path);
    /// Without "?".
    void query(std::string_view query);
    void field(std::string_view name, std::string_view value);

    // Of a record.

    void record_key(std::string_view key);
    void record_header(std::string_view name, std::string_view value);

    /// The beginning of a body, or a record's value, that is JSON.
    void json(std::string_view text, bool complete);

    /// Whether an answer's body could still tell something.
    bool wants_answer() const;
    /// An answer's body: of what it says nothing is hashed, since it goes the other way.
    void answer(std::string_view json, bool complete);

    std::size_t values() const { return found_.size(); }
    /// Empty: there is none.
    std::string_view value(std::size_t slot) const;
    std::span<const std::uint64_t> echo() const { return {echo_.data(), echo_count_}; }

    /// As attributes.
    void write(span_encoder& out) const;

  private:
    static constexpr std::uint8_t nothing = 255;
    struct value_place {
        std::uint32_t at = 0, size = 0;  ///< in text_
        std::uint8_t rank = nothing;
    };
    bool on_scalar(const json_scalar& one) override;
    bool on_values(std::span<const json_value> some) override;
    void keep(const capture_plan::lookup& where, std::string_view value);
    void add_echo(std::string_view value);
    void add_hash(std::uint64_t hash);  ///< there is room
    bool echo_full() const { return echo_count_ >= plan_.echo_values; }
    void find_keys(std::string_view json, bool complete);
    std::string_view unescaped(std::string_view raw);
    std::string_view decoded(std::string_view text, bool plus_is_space);
    bool hidden(std::string_view name) const;

    const capture_plan& plan_;
    std::vector<value_place> found_;  ///< by slot
    std::string text_;
    std::string scratch_;
    std::array<std::uint64_t, capture_plan::most_values> echo_{};
    std::size_t echo_count_ = 0;
    std::uint64_t echo_bits_ = 0;      ///< one for the high bits of each
    std::uint64_t open_pointers_ = 0;  ///< of the document under way: those without a value yet
};

/// Hashes as the attribute carries them.
void write_echo(span_encoder& out, std::span<const std::uint64_t> hashes);

}  // namespace outrider::tracing
