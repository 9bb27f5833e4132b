#pragma once

#include <chrono>
#include <mutex>
#include <random>

#include <nlohmann/json.hpp>

namespace shop {

/// What can be made to go wrong while the service runs; the same four switches as ../faults.py has.
class faults {
  public:
    enum class outcome { works, fails, drops };

    /// As FAULT_SLOW, FAULT_FAILING, FAULT_DROPPING and FAULT_DUPLICATING say.
    faults();

    /// Changes what is named and leaves the rest. Returns all of them; std::invalid_argument says what is wrong.
    nlohmann::json set(const nlohmann::json& wanted);

    /// Called where a piece of work begins: takes its time, and says how it is to end.
    outcome work();

    /// How often an event is published.
    int times();

  private:
    struct switches {
        std::string slow = "0ms";
        double failing = 0;
        double dropping = 0;
        bool duplicating = false;
    };

    switches now();

    std::mutex mutex_;
    switches now_;
    std::mt19937 random_{std::random_device{}()};
};

}  // namespace shop
