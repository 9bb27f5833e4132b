#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/exchange/application_health.hpp"

namespace outrider::exchange {

/// The health of every application beside this sidecar. Filled before workers run; from then on any thread may ask.
class applications {
  public:
    applications() = default;
    applications(const applications&) = delete;
    applications& operator=(const applications&) = delete;

    /// The application that listens at `name` ("127.0.0.1:9000"), or is called so because it listens nowhere. Made when
    /// first asked for; it stays where it is.
    application_health& named(std::string_view name);

    /// Whether one of them is known to be sick, so that nothing is to be fetched for it; one load for each.
    bool any_sick() const {
        for (const auto& each : all_)
            if (each.health.sick()) return true;
        return false;
    }
    /// The reasons of all that are sick, in a line; empty while none is.
    std::string why() const;
    /// Since when one of them is sick without a break; nothing while none is.
    std::optional<std::chrono::system_clock::time_point> sick_since() const;

    /// Called when one of them became sick or well, by who said so. Set before anybody says anything.
    std::function<void()> on_change;

  private:
    struct one {
        std::string name;
        application_health health;
    };
    std::list<one> all_;
};

}  // namespace outrider::exchange
