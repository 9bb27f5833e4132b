#include "sidecar/app/metrics_page.hpp"
#include "sidecar/kafka/apis.hpp"

namespace outrider::app {
namespace {

constexpr auto counter = admin::metric_type::counter;
constexpr auto gauge = admin::metric_type::gauge;

void add_apis(page& out, const std::string& cluster, const exchange::messaging_metrics& m) {
    const auto& apis = m.apis();
    for (std::size_t key = 0; key < apis.size(); ++key) {
        const auto& row = apis[key];
        if (row.requests.value() == 0) continue;
        labels which{{"cluster", cluster}, {"api", std::string{kafka::name_of(static_cast<std::int16_t>(key))}}};
        auto bytes = [&](const char* of, std::uint64_t value) {
            auto more = which;
            more.emplace_back("of", of);
            out.add("outrider_kafka_bytes_total", "Bytes of frames, by API.", counter, std::move(more), value);
        };
        out.add("outrider_kafka_requests_total", "Requests of Kafka clients, by API.", counter, which,
                row.requests.value());
        bytes("requests", row.request_bytes.value());
        bytes("answers", row.answer_bytes.value());
        out.add("outrider_kafka_throttle_milliseconds_total", "Throttle times that brokers asked for, summed up.",
                counter, which, row.throttle_milliseconds.value());
        if (row.policy_throttled.value() > 0) {
            out.add("outrider_kafka_policy_throttled_total", "Requests that limits throttled.", counter, which,
                    row.policy_throttled.value());
            out.add("outrider_kafka_policy_throttle_milliseconds_total",
                    "Throttle times that limits asked for, summed up.", counter, which,
                    row.policy_throttle_milliseconds.value());
        }
        if (row.answered_here.value() > 0)
            out.add("outrider_kafka_policy_answered_total", "Requests that policies kept from brokers.", counter, which,
                    row.answered_here.value());
    }
}

void add_topics(page& out, const std::string& cluster, const exchange::messaging_metrics& m) {
    m.each_topic([&](const exchange::topic_metrics& row) {
        auto with = [&](const char* name, const char* value) {
            return labels{{"cluster", cluster}, {"topic", row.name}, {name, value}};
        };
        auto both = [&](const char* name, const char* help, std::uint64_t sent, std::uint64_t fetched) {
            out.add(name, help, counter, with("direction", "sent"), sent);
            out.add(name, help, counter, with("direction", "fetched"), fetched);
        };
        both("outrider_kafka_topic_bytes_total", "Bytes of record batches.", row.sent_bytes.value(),
             row.fetched_bytes.value());
        both("outrider_kafka_topic_records_total", "Records.", row.sent_records.value(), row.fetched_records.value());
        both("outrider_kafka_topic_errors_total", "Partitions of answers with an error code.", row.send_errors.value(),
             row.fetch_errors.value());
        auto batches = [&](const char* how, std::uint64_t value) {
            out.add("outrider_kafka_batches_total", "Batches sent, by how they got their trace context.", counter,
                    with("trace", how), value);
        };
        batches("injected", row.injected.value());
        batches("derived", row.derived.value());
        batches("none", row.untouched.value());
        out.add("outrider_kafka_lag_records", "How far the ends of partitions were ahead of what was fetched last.",
                gauge, {{"cluster", cluster}, {"topic", row.name}}, static_cast<std::uint64_t>(row.total_lag()));
    });
}

}  // namespace

void add_cluster_state(page& out, const kafka::cluster& of) {
    const labels which{{"cluster", of.name}};
    out.add("outrider_kafka_paused", "1 while nothing is fetched, because an application is sick.", gauge, which,
            of.pauses() ? 1 : 0);
    const auto since = of.pauses() ? of.applications->sick_since() : std::nullopt;
    if (since)
        out.add("outrider_kafka_paused_since_seconds", "When that began, in seconds since 1970.", gauge, which,
                static_cast<std::uint64_t>(
                    std::chrono::duration_cast<std::chrono::seconds>(since->time_since_epoch()).count()));
}

void add_cluster(page& out, const std::string& cluster, const exchange::messaging_metrics& m) {
    add_apis(out, cluster, m);
    add_topics(out, cluster, m);
    const labels of{{"cluster", cluster}};
    out.add("outrider_kafka_connections_total", "Connections accepted from Kafka clients.", counter, of,
            m.connections_accepted.value());
    out.add("outrider_kafka_connections_open", "Connections of Kafka clients open now.", gauge, of,
            m.connections_open.value());
    if (m.refused_partitions.value() > 0)
        out.add("outrider_kafka_policy_refused_partitions_total",
                "Partitions of Produce requests that policies refused.", counter, of, m.refused_partitions.value());
    if (m.paused_fetches.value() > 0)
        out.add("outrider_kafka_paused_fetches_total", "Fetches that brought nothing, because an application was sick.",
                counter, of, m.paused_fetches.value());
    auto odd = [&](const char* what, std::uint64_t value) {
        out.add("outrider_kafka_oddities_total", "What was out of order, by kind.", counter,
                {{"cluster", cluster}, {"kind", what}}, value);
    };
    odd("broker_unreachable", m.connections_failed.value());
    odd("malformed_request", m.malformed_requests.value());
    odd("malformed_answer", m.malformed_answers.value());
    odd("answer_dropped", m.dropped_answers.value());
    odd("foreign_protocol", m.foreign_protocol.value());
    odd("sasl_mechanism_refused", m.refused_mechanisms.value());
    odd("wrong_checksum", m.wrong_checksums.value());
    odd("unreadable_batch", m.unreadable_batches.value());
}

}  // namespace outrider::app
