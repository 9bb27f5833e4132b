#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/load.hpp"
#include "sidecar/tools/mock_cluster.hpp"

namespace outrider::tools {

/// What `outrider dev-broker` can be told.
struct dev_broker_options {
    std::string listen = "127.0.0.1:9092";  ///< --listen
    int brokers = 1;                        ///< --brokers
    std::vector<mock_topic> topics;         ///< --topic NAME[:PARTITIONS], repeated
};

inline constexpr int most_dev_brokers = 16;
inline constexpr int most_dev_partitions = 1'000;

/// Reads NAME[:PARTITIONS]. @return empty, or what is wrong with it
std::string parse_topic(std::string_view text, mock_topic& out);

/// The sidecar that stands in front of the mock cluster: its brokers bind random ports, and clients want one address.
/// It traces nothing and adds nothing to records, so that it is no hop of anybody's chain. Neither the environment nor
/// a file has a say in it.
/// @param state  a folder of its own: what it learns of these brokers is wrong at its next start
config::load_input dev_broker_input(const dev_broker_options& options, const std::string& bootstraps,
                                    const std::string& state);

/// A folder that is there as long as this object. Throws std::runtime_error.
class temporary_folder {
  public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace outrider::tools
