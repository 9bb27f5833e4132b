#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/conversation.hpp"
#include "sidecar/kafka/group_requests.hpp"

namespace outrider::kafka {

/// One OffsetCommit request with its answer: a `commit T` span per topic.
class commit_exchange final : public pending_exchange {
  public:
    commit_exchange(cluster_path& path, const conversation& talk, std::int16_t version, const offset_commit& request);

    /// @param body  of the answer, behind its header. @return false when it is malformed
    bool finish(std::string_view body);
    void unanswered(bool broker_lost) override;

  private:
    struct topic {
        std::string name;
        std::int16_t error = 0;  ///< the first partition's that has one
        std::size_t partitions = 0;
        std::int32_t partition = 0;
        std::int64_t offset = 0;
    };
    topic* find(std::string_view name);
    void write_spans(std::string_view why = {});

    cluster_path& path_;
    std::int16_t version_;
    std::string client_id_, group_, server_address_;
    std::uint16_t server_port_;
    exchange::steady_clock::time_point started_;
    std::vector<topic> topics_;
    bool finished_ = false;
};

}  // namespace outrider::kafka
