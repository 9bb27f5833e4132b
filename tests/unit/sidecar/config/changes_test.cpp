#include "sidecar/config/changes.hpp"

#include <gmock/gmock.h>

#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

settings with(const std::string& more) { return must_load(std::string{minimal} + "  \n" + more).value; }

TEST(Changes, ThereAreNoneBetweenEquals) {
    auto found = compare(with("timeouts: {idle: 3s}\n"), with("timeouts: {idle: 3000ms}\n"));
    EXPECT_THAT(found.applied, IsEmpty());
    EXPECT_THAT(found.restart, IsEmpty());
}

TEST(Changes, NamesWhatNeedsARestart) {
    EXPECT_THAT(compare(with("timeouts: {idle: 3s}\n"), with("timeouts: {idle: 4s}\n")).restart,
                ElementsAre("timeouts.idle"));
    EXPECT_THAT(compare(with("upstreams: {stock: {endpoints: ['a:1']}}\n"),
                        with("upstreams: {stock: {endpoints: ['a:1', 'b:1']}}\n"))
                    .restart,
                ElementsAre("upstreams.stock.endpoints.1"));
}

TEST(Changes, ASecretThatChangedIsNamed) {
    auto before = with("admin: {listen: '127.0.0.1:0', token: one}\n");
    EXPECT_THAT(compare(before, with("admin: {listen: '127.0.0.1:0', token: two}\n")).restart,
                ElementsAre("admin.token"));
}

TEST(Changes, ANameThatWentIsNamedWithItsKeys) {
    auto found = compare(with("upstreams: {stock: {endpoints: ['a:1']}}\n"), with(""));
    EXPECT_THAT(found.restart, testing::Contains("upstreams.stock.endpoints.0"));
}

}  // namespace
}  // namespace outrider::config::test
