#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "governance/clock.hpp"

namespace outrider::kafka {

/// The batches of idempotent producers that were refused on a connection with an error after which they come again.
/// What stands behind such a batch was sent before the client knew: if it went on, a broker that has not heard of the
/// producer yet would take it for the beginning, and the refused batch would be out of order when it comes.
class refused_sequences {
  public:
    struct batch {
        std::string_view topic;
        std::int32_t partition = 0;
        std::int64_t producer = -1;  ///< negative: not idempotent, which is never kept
        std::int16_t epoch = 0;
        std::int32_t sequence = 0;  ///< of its first record
    };
    /// Whether it stands behind a refused one that has not come again.
    bool overtakes(const batch& of, governance::time_point now) const;
    void refused(const batch& of, governance::time_point now);
    /// It was sent to the broker.
    void passed(const batch& of);
    bool empty() const { return kept_.empty(); }

  private:
    struct kept {
        std::string topic;
        batch of;  ///< but for its topic
        governance::time_point until;
    };
    const kept* find(const batch& of) const;

    std::vector<kept> kept_;  ///< one for each partition and producer
};

}  // namespace outrider::kafka
