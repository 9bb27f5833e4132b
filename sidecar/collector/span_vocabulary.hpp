#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/collector/text_dictionary.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector {

/// What the spans of some time have in common, held once: texts that repeat, and where the spans come from.
class span_vocabulary {
  public:
    explicit span_vocabulary(std::size_t most_bytes, const governance::hash_secret& secret);

    text_dictionary& texts() { return texts_; }
    const text_dictionary& texts() const { return texts_; }

    /// The number of an origin, new or known; nothing when the vocabulary is full.
    std::optional<std::uint32_t> number_of(const std::shared_ptr<const tracing::span_origin>& origin);
    /// Null when there is none of that number.
    std::shared_ptr<const tracing::span_origin> origin_of(std::uint64_t number) const;
    /// `service.name`, or "unknown_service".
    std::string_view service_of(std::uint64_t origin) const;

    /// Whether spans would do better with a fresh one.
    bool full() const { return full_ || texts_.full(); }
    void freeze();
    /// For whoever writes with it: to put texts together in.
    std::string& scratch() { return scratch_; }
    std::size_t memory() const { return texts_.memory() + origin_bytes_; }

  private:
    const std::size_t most_bytes_;
    text_dictionary texts_;
    std::vector<std::shared_ptr<const tracing::span_origin>> origins_;
    std::map<std::string, std::uint32_t, std::less<>> by_content_;
    std::shared_ptr<const tracing::span_origin> last_;  ///< spans of one request follow each other
    std::uint32_t last_number_ = 0;
    std::string scratch_;
    std::size_t origin_bytes_ = 0;
    bool full_ = false;
};

}  // namespace outrider::collector
