#include "sidecar/kafka/refused_sequences.hpp"

#include <gtest/gtest.h>

namespace outrider::kafka {
namespace {

using namespace std::chrono_literals;
using batch = refused_sequences::batch;

const governance::time_point start{1'000s};

batch at(std::int32_t sequence, std::int16_t epoch = 0, std::int64_t producer = 7) {
    return {"orders", 2, producer, epoch, sequence};
}

TEST(RefusedSequences, KeepBackWhatStandsBehindARefusedBatch) {
    refused_sequences kept;
    kept.refused(at(10), start);
    EXPECT_TRUE(kept.overtakes(at(15), start));
    EXPECT_FALSE(kept.overtakes(at(10), start)) << "it comes again itself";
    EXPECT_FALSE(kept.overtakes(at(5), start)) << "it stands before";
}

TEST(RefusedSequences, TellPartitionsTopicsAndProducersApart) {
    refused_sequences kept;
    kept.refused(at(10), start);
    EXPECT_FALSE(kept.overtakes(at(15, 0, 8), start));
    EXPECT_FALSE(kept.overtakes({"orders", 3, 7, 0, 15}, start));
    EXPECT_FALSE(kept.overtakes({"payments", 2, 7, 0, 15}, start));
    EXPECT_FALSE(kept.overtakes(at(15, 1), start)) << "another epoch begins anew";
}

TEST(RefusedSequences, LetEverythingGoOnceTheBatchHasComeAgain) {
    refused_sequences kept;
    kept.refused(at(10), start);
    kept.passed(at(10));
    EXPECT_FALSE(kept.overtakes(at(15), start));
    EXPECT_TRUE(kept.empty());
}

TEST(RefusedSequences, RememberTheFirstOfSeveral) {
    refused_sequences kept;
    kept.refused(at(10), start);
    kept.refused(at(15), start);
    kept.passed(at(5));
    EXPECT_TRUE(kept.overtakes(at(15), start)) << "10 has not come again";
    kept.refused(at(5), start);
    EXPECT_TRUE(kept.overtakes(at(10), start));
}

TEST(RefusedSequences, GoOnWithZeroBehindTheLastNumber) {
    refused_sequences kept;
    kept.refused(at(0x7fffffff), start);
    EXPECT_TRUE(kept.overtakes(at(4), start));
    EXPECT_FALSE(kept.overtakes(at(0x7ffffff0), start));
}

TEST(RefusedSequences, DoNotHoldUpAClientForEverThatGivesABatchUp) {
    refused_sequences kept;
    kept.refused(at(10), start);
    EXPECT_TRUE(kept.overtakes(at(15), start + 29s));
    EXPECT_FALSE(kept.overtakes(at(15), start + 30s));
}

TEST(RefusedSequences, AreNotForProducersWithoutSequences) {
    refused_sequences kept;
    kept.refused(at(-1, -1, -1), start);
    EXPECT_TRUE(kept.empty());
    EXPECT_FALSE(kept.overtakes(at(4, -1, -1), start));
}

TEST(RefusedSequences, HaveABound) {
    refused_sequences kept;
    for (std::int32_t i = 0; i < 1'001; ++i) kept.refused({"orders", i, 7, 0, 10}, start);
    EXPECT_FALSE(kept.overtakes({"orders", 0, 7, 0, 15}, start)) << "the oldest went";
    EXPECT_TRUE(kept.overtakes({"orders", 1'000, 7, 0, 15}, start));
}

}  // namespace
}  // namespace outrider::kafka
