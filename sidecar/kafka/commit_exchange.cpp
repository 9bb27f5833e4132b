#include "sidecar/kafka/commit_exchange.hpp"

#include <utility>

#include "sidecar/kafka/error_names.hpp"
#include "sidecar/kafka/produce_exchange.hpp"
#include "sidecar/kafka/topic_modes.hpp"

namespace outrider::kafka {

commit_exchange::commit_exchange(cluster_path& path, const conversation& talk, std::int16_t version,
                                 const offset_commit& request)
    : path_(path),
      version_(version),
      client_id_(talk.client_id),
      group_(request.group),
      server_address_(talk.server_address),
      server_port_(talk.server_port),
      started_(exchange::steady_clock::now()) {
    for (const auto& each : request.partitions) {
        auto name = topic_name(path.cluster, each.topic, each.id);
        auto* known = find(name);
        if (!known) known = &topics_.emplace_back(topic{std::move(name)});
        if (known->partitions++ == 0) {
            known->partition = each.index;
            known->offset = each.offset;
        }
    }
}

commit_exchange::topic* commit_exchange::find(std::string_view name) {
    for (auto& each : topics_)
        if (each.name == name) return &each;
    return nullptr;
}

bool commit_exchange::finish(std::string_view body) {
    wire_reader in{body};
    const auto how = encoding_of(api::offset_commit, version_);
    if (version_ >= 3) in.int32();  // throttle time
    auto topics = in.array(how);
    for (std::int32_t i = 0; i < topics && !in.failed(); ++i) {
        std::string_view name;
        topic_id id;
        if (version_ >= 10) {
            id = in.uuid();
        } else {
            name = in.string(how);
        }
        auto* known = find(topic_name(path_.cluster, name, id));
        auto partitions = in.array(how);
        for (std::int32_t j = 0; j < partitions && !in.failed(); ++j) {
            in.int32();
            auto error = in.int16();
            in.skip_tags(how);
            if (known && known->error == 0) known->error = error;
        }
        in.skip_tags(how);
    }
    write_spans();
    return !in.failed();
}

void commit_exchange::unanswered(bool broker_lost) {
    for (auto& each : topics_) each.error = error_codes::network_exception;
    write_spans(no_answer(broker_lost));
}

void commit_exchange::write_spans(std::string_view why) {
    if (std::exchange(finished_, true)) return;
    const auto view = path_.cluster.map.view();
    for (const auto& each : topics_) {
        if (mode_of(path_.cluster.settings.trace, each.name) == config::record_trace::none) continue;
        exchange::messaging_facts facts;
        facts.topic = each.name;
        if (each.partitions == 1) {
            facts.partition = each.partition;
            facts.offset = each.offset;
        }
        facts.cluster = view->cluster_id;
        facts.client_id = client_id_;
        facts.group = group_;
        facts.server_address = server_address_;
        facts.server_port = server_port_;
        facts.error = error_name(each.error);
        facts.error_text = why;
        facts.retriable = is_retriable(each.error);
        facts.started = started_;
        facts.finished = exchange::steady_clock::now();
        path_.tracer.commit(facts);
    }
}

}  // namespace outrider::kafka
