#include "sidecar/kafka/apis.hpp"

#include <algorithm>
#include <array>

namespace outrider::kafka {
namespace {

constexpr auto decoded = treatment::decoded;
constexpr auto hidden = treatment::hidden;

// Keys and names: the Kafka protocol guide, to 4.2. First flexible versions where a session looks into the message.
constexpr std::array table{
    api_facts{0, "Produce", 9, decoded, 13},
    api_facts{1, "Fetch", 12, decoded, 18},
    api_facts{2, "ListOffsets", 6},
    api_facts{3, "Metadata", 9, decoded, 13},
    api_facts{4, "LeaderAndIsr", 4, hidden},
    api_facts{5, "StopReplica", 2, hidden},
    api_facts{6, "UpdateMetadata", 6, hidden},
    api_facts{7, "ControlledShutdown", 3, hidden},
    api_facts{8, "OffsetCommit", 8},
    api_facts{9, "OffsetFetch", 6},
    api_facts{10, "FindCoordinator", 3, decoded, 6},
    api_facts{11, "JoinGroup", 6},
    api_facts{12, "Heartbeat", 4},
    api_facts{13, "LeaveGroup", 4},
    api_facts{14, "SyncGroup", 4},
    api_facts{15, "DescribeGroups", 5},
    api_facts{16, "ListGroups", 3},
    api_facts{17, "SaslHandshake", never_flexible},
    api_facts{18, "ApiVersions", 3, decoded, 4},
    api_facts{19, "CreateTopics", 5},
    api_facts{20, "DeleteTopics", 4},
    api_facts{21, "DeleteRecords", 2},
    api_facts{22, "InitProducerId", 2},
    api_facts{23, "OffsetForLeaderEpoch", 4},
    api_facts{24, "AddPartitionsToTxn", 3},
    api_facts{25, "AddOffsetsToTxn", 3},
    api_facts{26, "EndTxn", 3},
    api_facts{27, "WriteTxnMarkers", 1, hidden},
    api_facts{28, "TxnOffsetCommit", 3},
    api_facts{29, "DescribeAcls", 2},
    api_facts{30, "CreateAcls", 2},
    api_facts{31, "DeleteAcls", 2},
    api_facts{32, "DescribeConfigs", 4},
    api_facts{33, "AlterConfigs", 2},
    api_facts{34, "AlterReplicaLogDirs", 2},
    api_facts{35, "DescribeLogDirs", 2},
    api_facts{36, "SaslAuthenticate", 2},
    api_facts{37, "CreatePartitions", 2},
    api_facts{38, "CreateDelegationToken", 2},
    api_facts{39, "RenewDelegationToken", 2},
    api_facts{40, "ExpireDelegationToken", 2},
    api_facts{41, "DescribeDelegationToken", 2},
    api_facts{42, "DeleteGroups", 2},
    api_facts{43, "ElectLeaders", 2},
    api_facts{44, "IncrementalAlterConfigs", 1},
    api_facts{45, "AlterPartitionReassignments", 0},
    api_facts{46, "ListPartitionReassignments", 0},
    api_facts{47, "OffsetDelete", never_flexible},
    api_facts{48, "DescribeClientQuotas", 1},
    api_facts{49, "AlterClientQuotas", 1},
    api_facts{50, "DescribeUserScramCredentials", 0},
    api_facts{51, "AlterUserScramCredentials", 0},
    api_facts{52, "Vote", 0, hidden},
    api_facts{53, "BeginQuorumEpoch", 1, hidden},
    api_facts{54, "EndQuorumEpoch", 1, hidden},
    api_facts{55, "DescribeQuorum", 0, decoded, 2},
    api_facts{56, "AlterPartition", 0, hidden},
    api_facts{57, "UpdateFeatures", 0},
    api_facts{58, "Envelope", 0, hidden},
    api_facts{59, "FetchSnapshot", 0, hidden},
    api_facts{60, "DescribeCluster", 0, decoded, 2},
    api_facts{61, "DescribeProducers", 0},
    api_facts{62, "BrokerRegistration", 0, hidden},
    api_facts{63, "BrokerHeartbeat", 0, hidden},
    api_facts{64, "UnregisterBroker", 0},
    api_facts{65, "DescribeTransactions", 0},
    api_facts{66, "ListTransactions", 0},
    api_facts{67, "AllocateProducerIds", 0, hidden},
    api_facts{68, "ConsumerGroupHeartbeat", 0},
    api_facts{69, "ConsumerGroupDescribe", 0},
    api_facts{70, "ControllerRegistration", 0, hidden},
    api_facts{71, "GetTelemetrySubscriptions", 0},
    api_facts{72, "PushTelemetry", 0},
    api_facts{73, "AssignReplicasToDirs", 0, hidden},
    api_facts{74, "ListConfigResources", 0},
    api_facts{75, "DescribeTopicPartitions", 0},
    api_facts{76, "ShareGroupHeartbeat", 0},
    api_facts{77, "ShareGroupDescribe", 0},
    api_facts{78, "ShareFetch", 0, decoded, 2},
    api_facts{79, "ShareAcknowledge", 0, decoded, 2},
    api_facts{80, "AddRaftVoter", 0},
    api_facts{81, "RemoveRaftVoter", 0},
    api_facts{82, "UpdateRaftVoter", 0, hidden},
    api_facts{83, "InitializeShareGroupState", 0, hidden},
    api_facts{84, "ReadShareGroupState", 0, hidden},
    api_facts{85, "WriteShareGroupState", 0, hidden},
    api_facts{86, "DeleteShareGroupState", 0, hidden},
    api_facts{87, "ReadShareGroupStateSummary", 0, hidden},
    api_facts{88, "StreamsGroupHeartbeat", 0},
    api_facts{89, "StreamsGroupDescribe", 0},
    api_facts{90, "DescribeShareGroupOffsets", 0},
    api_facts{91, "AlterShareGroupOffsets", 0},
    api_facts{92, "DeleteShareGroupOffsets", 0},
};

constexpr bool indexed_by_key() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].key != static_cast<std::int16_t>(i)) return false;
    return true;
}
static_assert(indexed_by_key());

}  // namespace

const api_facts* find_api(std::int16_t key) {
    if (key < 0 || static_cast<std::size_t>(key) >= table.size()) return nullptr;
    return &table[static_cast<std::size_t>(key)];
}

std::string_view name_of(std::int16_t key) {
    const auto* facts = find_api(key);
    return facts ? facts->name : std::string_view{"unknown"};
}

encoding encoding_of(api key, std::int16_t version) {
    return encoding_of(table[static_cast<std::size_t>(key)], version);
}

request_header read_request_header(wire_reader& in) {
    request_header head;
    head.key = in.int16();
    head.version = in.int16();
    head.correlation = in.int32();
    const auto* facts = find_api(head.key);
    if (!facts) return head;
    // The client id stays an int16 string in flexible versions (KIP-482), so that any broker can read ApiVersions.
    head.client_id = in.string(encoding::classic);
    in.skip_tags(encoding_of(*facts, head.version));
    return head;
}

std::int32_t read_response_header(wire_reader& in, api key, std::int16_t version) {
    auto correlation = in.int32();
    if (key != api::api_versions) in.skip_tags(encoding_of(key, version));
    return correlation;
}

void write_response_header(wire_writer& out, std::int32_t correlation, api key, std::int16_t version) {
    out.int32(correlation);
    if (key != api::api_versions) out.no_tags(encoding_of(key, version));
}

}  // namespace outrider::kafka
