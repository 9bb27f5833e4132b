// Payment: charges a customer's card for an order. Called by orders, or moved by events: stock-reserved comes in,
// payment-charged or payment-failed goes out.
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "events.hpp"
#include "faults.hpp"
#include "ledger.hpp"
#include "server.hpp"

namespace {

using nlohmann::json;

std::string environment(const char* name, const char* otherwise) {
    const char* found = std::getenv(name);
    return found == nullptr || *found == '\0' ? otherwise : found;
}

class payment {
  public:
    payment(std::int64_t limit, const std::string& brokers)
        : ledger_(limit), publisher_(brokers, {"payment-charged", "payment-failed"}) {}

    std::optional<shop::answer> answer(const shop::request& asked) {
        if (asked.path == std::vector<std::string>{"healthz"}) return shop::answer{200, {{"status", "up"}}};
        if (asked.path == std::vector<std::string>{"fault"}) return shop::answer{200, faults_.set(asked.body)};
        switch (faults_.work()) {
            case shop::faults::outcome::drops:
                return std::nullopt;
            case shop::faults::outcome::fails:
                return shop::answer{500, {{"error", "fails as it was told to"}}};
            case shop::faults::outcome::works:
                break;
        }
        if (asked.method == "POST" && asked.path.size() == 3 && asked.path[0] == "orders" && asked.path[2] == "charge")
            return charge(asked.path[1], asked.body.at("amount").get<std::int64_t>());
        return shop::answer{404, {{"error", "no such page"}}};
    }

    /// The same work by events.
    void stock_reserved(const json& event) {
        const auto& order = event.at("orderId").get_ref<const std::string&>();
        const auto outcome = faults_.work();
        if (outcome == shop::faults::outcome::drops) {
            std::cout << "stock-reserved: order " << order << " is left as it is" << std::endl;
            return;
        }
        const auto decided = outcome == shop::faults::outcome::fails ? ledger_.fail(order, "the bank cannot be reached")
                                                                     : ledger_.charge(order, event.at("amount"));
        if (!decided.is_new) {
            std::cout << "stock-reserved: order " << order << " was dealt with before" << std::endl;
            return;
        }
        json told{{"orderId", order}, {"customer", event.value("customer", "")}, {"amount", event.at("amount")}};
        if (!decided.charged) told["reason"] = decided.reason;
        publish(decided.charged ? "payment-charged" : "payment-failed", order, told);
    }

  private:
    shop::answer charge(const std::string& order, std::int64_t amount) {
        const auto decided = ledger_.charge(order, amount);
        if (!decided.charged) return {402, {{"orderId", order}, {"error", decided.reason}}};
        return {decided.is_new ? 201U : 200U, {{"orderId", order}, {"charged", amount}}};
    }

    void publish(const std::string& topic, const std::string& order, const json& event) {
        for (int left = faults_.times(); left > 0; --left) publisher_.publish(topic, order, event);
        std::cout << topic << ": order " << order << std::endl;
    }

    shop::faults faults_;
    shop::ledger ledger_;
    shop::publisher publisher_;
};

}  // namespace

int main() try {
    const auto brokers = environment("KAFKA_BOOTSTRAP", "127.0.0.1:9092");
    const auto port = std::stoi(environment("PORT", "9004"));
    payment service{std::stoll(environment("CARD_LIMIT", "50000")), brokers};
    std::thread{[&] {
        shop::consume(brokers, "stock-reserved", "payment", [&](const json& event) { service.stock_reserved(event); });
    }}.detach();
    shop::serve(static_cast<std::uint16_t>(port), [&](const shop::request& asked) { return service.answer(asked); });
} catch (const std::exception& error) {
    std::cerr << "payment: " << error.what() << std::endl;
    return 1;
}
