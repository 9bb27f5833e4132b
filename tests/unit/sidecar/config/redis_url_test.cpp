#include "sidecar/config/redis_url.hpp"

#include "sidecar/config/print.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

redis_target must_parse(std::string_view url) {
    redis_target out;
    EXPECT_EQ(parse_redis_url(url, out), "") << url;
    return out;
}

TEST(RedisUrl, HasAPortAndADatabaseByDefault) {
    const auto target = must_parse("redis://redis");
    EXPECT_EQ(target.address.text(), "redis:6379");
    EXPECT_EQ(target.database, 0U);
    EXPECT_EQ(target.user + target.password, "");
}

TEST(RedisUrl, MayNameEachPart) {
    const auto target = must_parse("redis://out:p%40ss%2Fword@[::1]:7000/3");
    EXPECT_EQ(target.address.text(), "[::1]:7000");
    EXPECT_EQ(target.user, "out");
    EXPECT_EQ(target.password, "p@ss/word");
    EXPECT_EQ(target.database, 3U);
    EXPECT_EQ(must_parse("redis://:secret@[::1]").address.text(), "[::1]:6379");
    EXPECT_EQ(must_parse("redis://:secret@redis/").password, "secret");
}

TEST(RedisUrl, IsRefusedWithoutBeingQuoted) {
    for (const auto* url : {"", "redis://", "http://:s3cret@redis", "rediss://:s3cret@redis", "redis://:s3cret%@redis",
                            "redis://s3cret@redis", "redis://:s3cret@redis/x", "redis://:s3cret@redis/0?db=1",
                            "redis://:s3cret@redis:0", "redis://:s3 cret@redis", "redis://:s3cret@0.0.0.0"}) {
        redis_target ignored;
        const auto said = parse_redis_url(url, ignored);
        EXPECT_NE(said, "") << url;
        EXPECT_EQ(said.find("cret"), std::string::npos) << said;
    }
}

TEST(RedisUrl, IsPrintedWithoutItsPassword) {
    EXPECT_EQ(hidden_redis_url("redis://redis:6379/1"), "redis://redis:6379/1");
    EXPECT_EQ(hidden_redis_url("redis://out:a:b@redis"), "redis://out:(hidden)@redis");
    auto input = with_flags({{"fleet.redis", "redis://:s3cret@redis", ""}});
    const auto result = must_load(minimal, input);
    EXPECT_EQ(result.value.fleet.redis, "redis://:s3cret@redis");
    EXPECT_EQ(print(result).find("s3cret"), std::string::npos);
    EXPECT_EQ(must_load(print(result)).value.fleet.redis, "redis://:(hidden)@redis");
}

TEST(Policies, ComeFromAPathThatCountsFromTheFile) {
    auto input = with_flags({});
    input.file = "/etc/outrider/sidecar.yaml";
    EXPECT_EQ(must_load(std::string{minimal} + "policies: policies.d\n", input).value.policies.path,
              "/etc/outrider/policies.d");
    input.sets = {{"policies", "other.yaml", "--policies"}};
    EXPECT_EQ(must_load(std::string{minimal} + "policies: policies.d\n", input).value.policies.path, "other.yaml");
}

}  // namespace
}  // namespace outrider::config::test
