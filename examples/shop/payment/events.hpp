#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <librdkafka/rdkafkacpp.h>
#include <nlohmann/json.hpp>

namespace shop {

/// Publishes events, and waits until Kafka has them.
class publisher {
  public:
    /// The topics are looked up beforehand, so that the first event need not wait for that.
    publisher(const std::string& brokers, const std::vector<std::string>& topics);

    /// std::runtime_error when Kafka did not take it.
    void publish(const std::string& topic, const std::string& key, const nlohmann::json& event);

  private:
    struct reports final : RdKafka::DeliveryReportCb {
        void dr_cb(RdKafka::Message& message) override { outcome = message.err(); }
        RdKafka::ErrorCode outcome = RdKafka::ERR_NO_ERROR;
    };

    reports reports_;
    std::unique_ptr<RdKafka::Producer> producer_;
    std::vector<std::unique_ptr<RdKafka::Topic>> topics_;
};

/// Hands each event of the topic to `handle`, for ever; what has been handled is committed.
void consume(const std::string& brokers, const std::string& topic, const std::string& group,
             const std::function<void(const nlohmann::json&)>& handle);

}  // namespace shop
