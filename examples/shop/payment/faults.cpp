#include "faults.hpp"

#include <cstdlib>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>

namespace shop {
namespace {

using nlohmann::json;

std::chrono::milliseconds duration(const std::string& text) {
    static const std::regex form{R"((\d{1,5}(?:\.\d{1,3})?)(ms|s))"};
    std::smatch found;
    if (std::regex_match(text, found, form)) {
        const auto milliseconds = std::stod(found[1]) * (found[2] == "s" ? 1000 : 1);
        if (milliseconds <= 60'000) return std::chrono::milliseconds{static_cast<int>(milliseconds)};
    }
    throw std::invalid_argument{"slow: '" + text + "' is not a time like 300ms or 1.5s, up to 60s"};
}

double share(const std::string& name, const json& value) {
    if (value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1) return value.get<double>();
    throw std::invalid_argument{name + ": " + value.dump() + " is not a number from 0 to 1"};
}

bool truth(const std::string& name, const json& value) {
    if (value.is_boolean()) return value.get<bool>();
    throw std::invalid_argument{name + ": " + value.dump() + " is neither true nor false"};
}

json of_environment() {
    json told = json::object();
    for (const auto& [name, variable] :
         {std::pair{"slow", "FAULT_SLOW"}, std::pair{"failing", "FAULT_FAILING"},
          std::pair{"dropping", "FAULT_DROPPING"}, std::pair{"duplicating", "FAULT_DUPLICATING"}}) {
        const char* text = std::getenv(variable);
        if (text == nullptr || *text == '\0') continue;
        told[name] = name == std::string{"slow"} ? json(text) : json::parse(text);
    }
    return told;
}

}  // namespace

faults::faults() { set(of_environment()); }

json faults::set(const json& wanted) {
    const std::lock_guard lock{mutex_};
    auto next = now_;
    for (const auto& [name, value] : wanted.items()) {
        if (name == "slow") {
            next.slow = value.is_string() ? value.get<std::string>() : value.dump();
            duration(next.slow);
        } else if (name == "failing") {
            next.failing = share(name, value);
        } else if (name == "dropping") {
            next.dropping = share(name, value);
        } else if (name == "duplicating") {
            next.duplicating = truth(name, value);
        } else {
            throw std::invalid_argument{"no fault is called '" + name +
                                        "'; there are slow, failing, dropping, duplicating"};
        }
    }
    now_ = next;
    return {
        {"slow", now_.slow}, {"failing", now_.failing}, {"dropping", now_.dropping}, {"duplicating", now_.duplicating}};
}

faults::switches faults::now() {
    const std::lock_guard lock{mutex_};
    return now_;
}

faults::outcome faults::work() {
    const auto told = now();
    std::this_thread::sleep_for(duration(told.slow));
    const std::lock_guard lock{mutex_};
    std::uniform_real_distribution<double> chance;
    if (chance(random_) < told.dropping) return outcome::drops;
    return chance(random_) < told.failing ? outcome::fails : outcome::works;
}

int faults::times() { return now().duplicating ? 2 : 1; }

}  // namespace shop
