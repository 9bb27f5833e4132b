#include "sidecar/tools/mock_cluster.hpp"

#include <filesystem>

#include <gmock/gmock.h>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/net/try_connect.hpp"
#include "sidecar/tools/dev_broker.hpp"

namespace outrider::tools {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::vector<config::endpoint> places_in(const std::string& bootstraps) {
    std::vector<config::endpoint> places;
    for (std::size_t from = 0; from < bootstraps.size();) {
        const auto end = std::min(bootstraps.find(',', from), bootstraps.size());
        auto& place = places.emplace_back();
        EXPECT_EQ(config::parse_target(bootstraps.substr(from, end - from), place), "");
        from = end + 1;
    }
    return places;
}

TEST(MockCluster, ListensOnAnAddressPerBrokerUntilItEnds) {
    std::vector<config::endpoint> places;
    {
        const mock_cluster cluster{{3, {{"orders", 12}, {"audit", 1}}}};
        places = places_in(cluster.bootstraps());
        ASSERT_THAT(places, SizeIs(3));
        for (const auto& place : places) {
            EXPECT_EQ(place.host, "127.0.0.1");
            EXPECT_EQ(net::try_connect(place, std::chrono::seconds{5}), "");
        }
    }
    for (const auto& place : places) EXPECT_NE(net::try_connect(place, std::chrono::seconds{5}), "");
}

TEST(MockCluster, StartsAgainInTheSameProcess) {
    const mock_cluster one{{}}, two{{}};
    EXPECT_NE(one.bootstraps(), two.bootstraps());
}

/// What making a cluster throws.
std::string refusal(const mock_cluster_options& options) {
    try {
        const mock_cluster cluster{options};
    } catch (const std::runtime_error& e) {
        return e.what();
    }
    return "nothing was thrown";
}

TEST(MockCluster, NamesThePackageThatIsMissing) {
    EXPECT_THAT(refusal({1, {}, "librdkafka-that-is-not-there.so.1"}), HasSubstr("install the package librdkafka1"));
}

TEST(MockCluster, SaysThatALibraryIsNotTheRightOne) {
    EXPECT_THAT(refusal({1, {}, "libc.so.6"}), HasSubstr("rd_kafka_conf_new"));
}

TEST(MockCluster, SaysWhichTopicCouldNotBeMade) {
    EXPECT_THAT(refusal({1, {{"twice", 1}, {"twice", 1}}}), HasSubstr("topic twice: "));
}

TEST(DevBroker, IsASidecarThatNothingElseConfigures) {
    const auto input = dev_broker_input({"127.0.0.1:9092", 1, {}}, "127.0.0.1:1,127.0.0.1:2", "/nowhere");
    EXPECT_FALSE(input.file);
    EXPECT_TRUE(input.environment.empty());
    ASSERT_THAT(input.sets, SizeIs(8));
    EXPECT_EQ(input.sets[1].value, "127.0.0.1:9092");
    EXPECT_EQ(input.sets[2].value, "127.0.0.1:1,127.0.0.1:2");
}

TEST(DevBroker, RemovesItsFolder) {
    std::string path;
    {
        const temporary_folder folder;
        path = folder.path();
        std::filesystem::create_directories(path + "/kafka");
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace outrider::tools
