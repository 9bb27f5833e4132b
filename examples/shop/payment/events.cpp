#include "events.hpp"

#include <iostream>
#include <stdexcept>
#include <utility>

namespace shop {
namespace {

using nlohmann::json;

std::unique_ptr<RdKafka::Conf> configured(const std::vector<std::pair<std::string, std::string>>& settings) {
    std::unique_ptr<RdKafka::Conf> made{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    std::string error;
    for (const auto& [name, value] : settings)
        if (made->set(name, value, error) != RdKafka::Conf::CONF_OK) throw std::runtime_error{error};
    return made;
}

struct assignment final : RdKafka::RebalanceCb {
    explicit assignment(std::string topic) : topic_(std::move(topic)) {}
    void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode error,
                      std::vector<RdKafka::TopicPartition*>& partitions) override {
        if (error != RdKafka::ERR__ASSIGN_PARTITIONS) {
            consumer->unassign();
            return;
        }
        consumer->assign(partitions);
        std::cout << "consuming " << topic_ << std::endl;
    }

  private:
    std::string topic_;
};

}  // namespace

publisher::publisher(const std::string& brokers, const std::vector<std::string>& topics) {
    const auto configuration = configured({{"bootstrap.servers", brokers}, {"message.timeout.ms", "10000"}});
    std::string error;
    configuration->set("dr_cb", &reports_, error);
    producer_.reset(RdKafka::Producer::create(configuration.get(), error));
    if (!producer_) throw std::runtime_error{error};
    for (const auto& topic : topics)
        topics_.emplace_back(RdKafka::Topic::create(producer_.get(), topic, nullptr, error));
}

void publisher::publish(const std::string& topic, const std::string& key, const json& event) {
    auto value = event.dump();
    reports_.outcome = producer_->produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                                          value.data(), value.size(), key.data(), key.size(), 0, nullptr);
    if (reports_.outcome == RdKafka::ERR_NO_ERROR) producer_->flush(15'000);
    if (reports_.outcome != RdKafka::ERR_NO_ERROR) throw std::runtime_error{RdKafka::err2str(reports_.outcome)};
}

void consume(const std::string& brokers, const std::string& topic, const std::string& group,
             const std::function<void(const json&)>& handle) {
    assignment assigned{topic};
    const auto configuration = configured({{"bootstrap.servers", brokers},
                                           {"group.id", group},
                                           {"auto.offset.reset", "earliest"},
                                           {"enable.auto.commit", "false"},
                                           {"session.timeout.ms", "10000"},
                                           {"fetch.wait.max.ms", "20"},
                                           {"topic.metadata.refresh.interval.ms", "5000"}});
    std::string error;
    configuration->set("rebalance_cb", &assigned, error);
    std::unique_ptr<RdKafka::KafkaConsumer> consumer{RdKafka::KafkaConsumer::create(configuration.get(), error)};
    if (!consumer) throw std::runtime_error{error};
    consumer->subscribe({topic});
    while (true) {
        const std::unique_ptr<RdKafka::Message> message{consumer->consume(1000)};
        if (message->err() == RdKafka::ERR__TIMED_OUT) continue;
        if (message->err() != RdKafka::ERR_NO_ERROR) {
            std::cout << topic << ": " << message->errstr() << std::endl;
            continue;
        }
        try {
            handle(json::parse(static_cast<const char*>(message->payload()),
                               static_cast<const char*>(message->payload()) + message->len()));
        } catch (const std::exception& wrong) {
            std::cout << topic << ": offset " << message->offset() << " is left as it is: " << wrong.what()
                      << std::endl;
        }
        consumer->commitSync(message.get());
    }
}

}  // namespace shop
