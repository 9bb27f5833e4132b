#include "sidecar/kafka/cluster_map_file.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/test_files.hpp"

namespace outrider::kafka {
namespace {

namespace files = std::filesystem;

class ClusterMapFile : public testing::Test {
  protected:
    std::string load_text(const std::string& text) { return load_cluster_map(folder_.write("map.json", text), map_); }

    outrider::test::temporary_folder folder_;
    cluster_map map_;
};

learned example() {
    topic_id id;
    id.bytes[0] = 0xfe;
    id.bytes[15] = 7;
    return {"the-cluster",
            {{{node_kind::broker, 1}, {"b1", 9092}}, {{node_kind::controller, 1}, {"q1", 9093}}},
            {{id, "orders"}}};
}

TEST_F(ClusterMapFile, LoadsWhatItSaved) {
    auto path = cluster_map_path(folder_.path(), "main");
    cluster_map before;
    before.learn(example());
    EXPECT_EQ(save_cluster_map(path, before), "");
    EXPECT_EQ(save_cluster_map(path, before), "");
    EXPECT_EQ(load_cluster_map(path, map_), "");
    EXPECT_EQ(map_.state(), before.state());
    EXPECT_EQ(map_.topic_named("orders"), example().topics[0].id);
    EXPECT_FALSE(map_.learn(example()));
    EXPECT_FALSE(files::exists(path + ".new"));
}

TEST_F(ClusterMapFile, NoFileIsNoFailure) { EXPECT_EQ(load_cluster_map(folder_ / "none.json", map_), ""); }

TEST_F(ClusterMapFile, IgnoresABrokenFileAndSaysWhy) {
    for (auto text : {"", "{", "[]", "null", "{}", R"({"format": 2})", R"({"format": "1"})", "\xff\xfe"})
        EXPECT_NE(load_text(text).find("not a map"), std::string::npos) << text;
    EXPECT_NE(load_cluster_map(folder_.path(), map_), "");
    EXPECT_EQ(map_.view()->generation, 0U);
}

TEST_F(ClusterMapFile, TakesWhatMakesSenseOfAFile) {
    EXPECT_EQ(
        load_text(R"({"format": 1, "cluster_id": 5, "topics": [{"id": "zz", "name": "x"}, {"id": "00"}, 3], "nodes": [
        7, {}, {"kind": "broker"}, {"kind": "broker", "id": 99999999999, "host": "h", "port": 1},
        {"kind": "other", "id": 1, "host": "h", "port": 1}, {"kind": "broker", "id": 1.5, "host": "h", "port": 1},
        {"kind": "broker", "id": 3, "host": ["h"], "port": 1}, {"kind": "broker", "id": 4, "host": "h", "port": 70000},
        {"kind": "broker", "id": 2, "host": "h", "port": 9092}]})"),
        "");
    EXPECT_EQ(map_.view()->nodes.size(), 1U);
    EXPECT_NE(map_.view()->find({node_kind::broker, 2}), nullptr);
    EXPECT_EQ(map_.topic_count(), 0U);
}

TEST_F(ClusterMapFile, SaysWhyItCannotSave) {
    folder_.write("kafka", "a file");
    EXPECT_NE(save_cluster_map(cluster_map_path(folder_.path(), "main"), map_), "");
}

TEST(ClusterMapPath, StaysInItsFolder) {
    EXPECT_EQ(cluster_map_path("/state", "main"), "/state/kafka/main.json");
    EXPECT_EQ(cluster_map_path("/state", "../127.0.0.1:9"), "/state/kafka/..%2f127.0.0.1%3a9.json");
}

}  // namespace
}  // namespace outrider::kafka
