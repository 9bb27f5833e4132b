#include "sidecar/tools/mock_cluster.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace outrider::tools {
namespace {

constexpr int most_replicas = 3;

/// Threads that are started meanwhile take no signals: those are for who runs the cluster, who may block them later.
class no_signals {
  public:
    no_signals() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~no_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    no_signals(const no_signals&) = delete;
    no_signals& operator=(const no_signals&) = delete;

  private:
    sigset_t before_{};
};

/// The functions of librdkafka that are used here, with the types that its headers give them.
struct rdkafka {
    decltype(&rd_kafka_conf_new) conf_new;
    decltype(&rd_kafka_conf_set) conf_set;
    decltype(&rd_kafka_conf_destroy) conf_destroy;
    decltype(&rd_kafka_new) create;
    decltype(&rd_kafka_destroy) destroy;
    decltype(&rd_kafka_err2str) error_text;
    decltype(&rd_kafka_mock_cluster_new) cluster_new;
    decltype(&rd_kafka_mock_cluster_destroy) cluster_destroy;
    decltype(&rd_kafka_mock_cluster_bootstraps) cluster_bootstraps;
    decltype(&rd_kafka_mock_topic_create) topic_create;
};

template <class Function>
void find(void* library, const char* name, Function& into) {
    into = reinterpret_cast<Function>(::dlsym(library, name));
    if (into == nullptr) throw std::runtime_error{std::string{"librdkafka has no "} + name + ": it is too old"};
}

/// Never unloaded: its threads may outlive a cluster by a moment.
rdkafka load(const std::string& name) {
    void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* why = ::dlerror();
        throw std::runtime_error{"the embedded broker is librdkafka's, which cannot be loaded (" +
                                 std::string{why != nullptr ? why : name} + "); install the package librdkafka1"};
    }
    rdkafka found{};
    find(library, "rd_kafka_conf_new", found.conf_new);
    find(library, "rd_kafka_conf_set", found.conf_set);
    find(library, "rd_kafka_conf_destroy", found.conf_destroy);
    find(library, "rd_kafka_new", found.create);
    find(library, "rd_kafka_destroy", found.destroy);
    find(library, "rd_kafka_err2str", found.error_text);
    find(library, "rd_kafka_mock_cluster_new", found.cluster_new);
    find(library, "rd_kafka_mock_cluster_destroy", found.cluster_destroy);
    find(library, "rd_kafka_mock_cluster_bootstraps", found.cluster_bootstraps);
    find(library, "rd_kafka_mock_topic_create", found.topic_create);
    return found;
}

}  // namespace

/// Owns the cluster and the client that it needs for its own book-keeping.
struct mock_cluster::state {
    explicit state(const std::string& library) : api(load(library)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (cluster != nullptr) api.cluster_destroy(cluster);
        if (client != nullptr) api.destroy(client);
    }

    void create(const mock_cluster_options& options) {
        const no_signals meanwhile;
        std::array<char, 256> why{};
        auto* settings = api.conf_new();
        // Errors only: that its client was given no brokers is what it would say first.
        api.conf_set(settings, "log_level", "3", why.data(), why.size());
        client = api.create(RD_KAFKA_PRODUCER, settings, why.data(), why.size());
        if (client == nullptr) {
            api.conf_destroy(settings);
            throw std::runtime_error{std::string{"librdkafka does not start: "} + why.data()};
        }
        cluster = api.cluster_new(client, options.brokers);
        if (cluster == nullptr) throw std::runtime_error{"librdkafka could not start its mock cluster"};
        for (const auto& topic : options.topics) add_topic(topic, std::min(options.brokers, most_replicas));
    }

    void add_topic(const mock_topic& topic, int replicas) {
        const auto error = api.topic_create(cluster, topic.name.c_str(), topic.partitions, replicas);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
        throw std::runtime_error{"topic " + topic.name + ": " + api.error_text(error)};
    }

    rdkafka api;
    rd_kafka_t* client = nullptr;
    rd_kafka_mock_cluster_t* cluster = nullptr;
};

mock_cluster::mock_cluster(const mock_cluster_options& options) : state_(std::make_unique<state>(options.library)) {
    state_->create(options);
}

mock_cluster::~mock_cluster() = default;

std::string mock_cluster::bootstraps() const { return state_->api.cluster_bootstraps(state_->cluster); }

}  // namespace outrider::tools
