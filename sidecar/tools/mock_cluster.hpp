#pragma once

#include <memory>
#include <string>
#include <vector>

namespace outrider::tools {

/// A topic that is there from the beginning.
struct mock_topic {
    std::string name;
    int partitions = 1;
    bool operator==(const mock_topic&) const = default;
};

struct mock_cluster_options {
    int brokers = 1;
    std::vector<mock_topic> topics;           ///< others are made when asked for, with four partitions each
    std::string library = "librdkafka.so.1";  ///< found by the system's loader
};

/// Kafka brokers within this process, in memory: librdkafka's mock cluster, on ports of 127.0.0.1 that it picks itself.
/// The library is loaded when the first cluster is made, and stays: linked, it and what it needs would be loaded into
/// every sidecar.
class mock_cluster {
  public:
    /// Throws std::runtime_error, whose text says what to install or what is wrong.
    explicit mock_cluster(const mock_cluster_options& options);
    ~mock_cluster();

    /// "127.0.0.1:41237,127.0.0.1:36143", one address per broker.
    std::string bootstraps() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace outrider::tools
