#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/kafka/record_injection_contexts.hpp"
#include "tracing/capture/group_capture.hpp"

namespace outrider::kafka {

/// So many bytes of values are looked into in one request or answer; of further records only keys and headers.
inline constexpr std::size_t most_scanned = 1U << 20;

/// Looks into the value of a record, when that is JSON.
/// @param value   its beginning
/// @param whole   it is all of it
/// @param budget  of bytes, is lowered by what was looked at
void capture_value(std::string_view value, bool whole, tracing::message_capture& into, std::size_t& budget);

/// What the records of a batch say, by the context that they carry.
class batch_capture final : public record_observer {
  public:
    /// @param one  for one record after the other
    /// @param budget  see capture_value()
    batch_capture(tracing::message_capture& one, std::size_t& budget) : one_(one), budget_(budget) {}

    void on_record(const record_view& record, std::size_t context) override;
    /// Of the records with that context, by its number among the distinct ones; `batch_contexts::most`: without one.
    /// Null: they say nothing.
    const tracing::group_capture* of(std::size_t context) const;
    bool empty() const { return groups_.empty(); }
    std::vector<std::pair<std::size_t, tracing::group_capture>> take() { return std::move(groups_); }
    /// All of them as one.
    tracing::group_capture together() const;

  private:
    tracing::message_capture& one_;
    std::size_t& budget_;
    std::vector<std::pair<std::size_t, tracing::group_capture>> groups_;  ///< at most one for each context
};

}  // namespace outrider::kafka
