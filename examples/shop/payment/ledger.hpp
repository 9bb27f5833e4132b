#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace shop {

/// Who has paid what, in memory. An order is decided once: who asks again gets the same answer, and nobody pays twice.
class ledger {
  public:
    struct decision {
        bool charged = false;
        bool is_new = false;
        std::string reason;  // why it was not charged
    };

    explicit ledger(std::int64_t limit) : limit_(limit) {}

    /// Charges an amount in cents, unless it is over what a card bears.
    decision charge(const std::string& order, std::int64_t amount);

    /// Decides that the order is not paid, for a reason of another kind.
    decision fail(const std::string& order, const std::string& reason);

  private:
    decision decide(const std::string& order, decision wanted);

    std::int64_t limit_;
    std::mutex mutex_;
    std::map<std::string, decision> decided_;
};

}  // namespace shop
