// Load with librdkafka: fills a topic, reads it, or measures how long a produce takes. Prints one JSON object.
//
//   kafka_load produce BROKERS TOPIC RECORDS SIZE [NAME=VALUE...]    as fast as it goes; time until the last is
//   acknowledged kafka_load consume BROKERS TOPIC RECORDS [NAME=VALUE...]         by assignment, from the beginning;
//   time from the first record kafka_load latency BROKERS TOPIC RATE SECONDS SIZE [NAME=VALUE...]
//
// The last is an open loop: records are due at times drawn beforehand (exponential gaps), and a latency counts from
// when the record was due, so that a stall is seen by every record that it delays (no coordinated omission).
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <librdkafka/rdkafka.h>

namespace {

using clock_type = std::chrono::steady_clock;
using time_point = clock_type::time_point;

struct close_client {
    void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using client_ptr = std::unique_ptr<rd_kafka_t, close_client>;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "kafka_load: %s\n", what.c_str());
    std::exit(1);
}

double seconds_between(time_point from, time_point to) { return std::chrono::duration<double>(to - from).count(); }

/// What has become of the records that were sent.
struct outcome {
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    time_point last{};
    std::vector<time_point> due;  ///< of each record, when latencies are asked for
    std::vector<double> latencies_us;
};

/// A record's number is its opaque pointer.
void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& into = *static_cast<outcome*>(opaque);
    into.last = clock_type::now();
    message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? ++into.delivered : ++into.failed;
    if (into.due.empty()) return;
    auto number = reinterpret_cast<std::uintptr_t>(message->_private);
    into.latencies_us.push_back(seconds_between(into.due[number], into.last) * 1e6);
}

class configuration {
  public:
    configuration(const std::string& brokers, int count, char** settings) {
        set("bootstrap.servers", brokers);
        set("client.id", "kafka_load");
        for (auto each = settings; each != settings + count; ++each) {
            std::string text = *each;
            auto equals = text.find('=');
            if (equals == std::string::npos) fail("not NAME=VALUE: " + text);
            set(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    void set(const std::string& name, const std::string& value) {
        char why[512];
        if (rd_kafka_conf_set(settings_, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) fail(why);
    }
    client_ptr producer(outcome& told) {
        rd_kafka_conf_set_opaque(settings_, &told);
        rd_kafka_conf_set_dr_msg_cb(settings_, on_delivery);
        return open(RD_KAFKA_PRODUCER);
    }
    client_ptr consumer() { return open(RD_KAFKA_CONSUMER); }

  private:
    client_ptr open(rd_kafka_type_t type) {
        char why[512];
        client_ptr made{rd_kafka_new(type, settings_, why, sizeof why)};
        if (!made) fail(why);
        return made;
    }
    rd_kafka_conf_t* settings_ = rd_kafka_conf_new();
};

/// Bytes that no codec makes smaller, so that what is counted is what is sent.
std::string noise(std::size_t size) {
    std::mt19937_64 chance{7};
    std::string out;
    std::generate_n(std::back_inserter(out), size, [&] { return static_cast<char>(chance()); });
    return out;
}

int partitions_of(rd_kafka_t* client, const std::string& topic) {
    auto* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
    const struct rd_kafka_metadata* found = nullptr;
    if (rd_kafka_metadata(client, 0, handle, &found, 30'000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("no metadata");
    int count = found->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(found);
    rd_kafka_topic_destroy(handle);
    return count;
}

/// One record to partition number % partitions; waits where the queue is full.
void send(rd_kafka_t* client, rd_kafka_topic_t* topic, int partitions, std::uint64_t number, std::string& value) {
    auto partition = static_cast<std::int32_t>(number % static_cast<std::uint64_t>(partitions));
    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value.data(), value.size(), nullptr, 0,
                            reinterpret_cast<void*>(static_cast<std::uintptr_t>(number))) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(client, 10);
    }
}

void finish(rd_kafka_t* client, const outcome& told, std::uint64_t expected) {
    rd_kafka_flush(client, 60'000);
    if (told.delivered == expected) return;
    fail(std::to_string(told.delivered) + " delivered and " + std::to_string(told.failed) + " failed of " +
         std::to_string(expected));
}

void produce(configuration settings, const std::string& name, std::uint64_t records, std::size_t size) {
    outcome told;
    auto client = settings.producer(told);
    int partitions = partitions_of(client.get(), name);
    auto* topic = rd_kafka_topic_new(client.get(), name.c_str(), nullptr);
    auto value = noise(size);
    auto start = clock_type::now();
    for (std::uint64_t number = 0; number < records; ++number) {
        send(client.get(), topic, partitions, number, value);
        if (number % 64 == 0) rd_kafka_poll(client.get(), 0);
    }
    finish(client.get(), told, records);
    rd_kafka_topic_destroy(topic);
    std::printf("{\"records\": %zu, \"bytes\": %zu, \"seconds\": %.6f}\n", static_cast<std::size_t>(records),
                static_cast<std::size_t>(records) * size, seconds_between(start, told.last));
}

void consume(configuration settings, const std::string& name, std::uint64_t records) {
    settings.set("group.id", "kafka_load");
    settings.set("enable.auto.commit", "false");
    auto client = settings.consumer();
    rd_kafka_poll_set_consumer(client.get());
    auto* wanted = rd_kafka_topic_partition_list_new(16);
    for (int partition = 0, count = partitions_of(client.get(), name); partition < count; ++partition)
        rd_kafka_topic_partition_list_add(wanted, name.c_str(), partition)->offset = 0;
    if (rd_kafka_assign(client.get(), wanted) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("no assignment");
    rd_kafka_topic_partition_list_destroy(wanted);
    std::uint64_t seen = 0, bytes = 0;
    time_point start{};
    auto* queue = rd_kafka_queue_get_consumer(client.get());
    std::vector<rd_kafka_message_t*> messages(1000);
    while (seen < records) {
        auto count = rd_kafka_consume_batch_queue(queue, 30'000, messages.data(), messages.size());
        if (count <= 0) fail("nothing more came after " + std::to_string(seen) + " records");
        if (seen == 0) start = clock_type::now();
        for (ssize_t at = 0; at < count; ++at) {
            auto* message = messages[static_cast<std::size_t>(at)];
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                ++seen;
                bytes += message->len;
            }
            rd_kafka_message_destroy(message);
        }
    }
    double seconds = seconds_between(start, clock_type::now());
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(client.get());
    std::printf("{\"records\": %zu, \"bytes\": %zu, \"seconds\": %.6f}\n", static_cast<std::size_t>(seen),
                static_cast<std::size_t>(bytes), seconds);
}

double percentile(std::vector<double>& sorted, double share) {
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void latency(configuration settings, const std::string& name, double rate, double seconds, std::size_t size) {
    settings.set("linger.ms", "0");
    outcome told;
    auto client = settings.producer(told);
    int partitions = partitions_of(client.get(), name);
    auto* topic = rd_kafka_topic_new(client.get(), name.c_str(), nullptr);
    auto value = noise(size);
    std::mt19937_64 chance{11};
    std::exponential_distribution<double> gap{rate};
    auto start = clock_type::now();
    for (double at = gap(chance); at < seconds; at += gap(chance))
        told.due.push_back(start + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(at)));
    std::thread reports{[&] {
        while (told.delivered + told.failed < told.due.size()) rd_kafka_poll(client.get(), 100);
    }};
    for (std::uint64_t number = 0; number < told.due.size(); ++number) {
        std::this_thread::sleep_until(told.due[number]);
        send(client.get(), topic, partitions, number, value);
    }
    reports.join();
    finish(client.get(), told, told.due.size());
    rd_kafka_topic_destroy(topic);
    std::sort(told.latencies_us.begin(), told.latencies_us.end());
    std::printf("{\"records\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", told.latencies_us.size(),
                percentile(told.latencies_us, 0.5), percentile(told.latencies_us, 0.99));
}

}  // namespace

int main(int count, char** words) {
    std::string what = count > 1 ? words[1] : "";
    if (what == "produce" && count >= 6)
        produce({words[2], count - 6, words + 6}, words[3], std::stoull(words[4]), std::stoull(words[5]));
    else if (what == "consume" && count >= 5)
        consume({words[2], count - 5, words + 5}, words[3], std::stoull(words[4]));
    else if (what == "latency" && count >= 7)
        latency({words[2], count - 7, words + 7}, words[3], std::stod(words[4]), std::stod(words[5]),
                std::stoull(words[6]));
    else
        fail("see the head of kafka_load.cpp");
}
