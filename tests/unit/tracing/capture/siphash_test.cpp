#include "tracing/capture/siphash.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

// The vectors of the reference implementation: key 00 01 .. 0f, message 00 01 .. (n-1).
TEST(Siphash, GivesWhatItsAuthorsPublished) {
    const hash_key key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    std::string message;
    for (char c = 0; c < 15; ++c) message.push_back(c);
    EXPECT_EQ(siphash(key, ""), 0x726fdb47dd0e0e31U);
    EXPECT_EQ(siphash(key, message.substr(0, 1)), 0x74f839c593dc67fdU);
    EXPECT_EQ(siphash(key, message.substr(0, 7)), 0xab0200f58b01d137U);
    EXPECT_EQ(siphash(key, message.substr(0, 8)), 0x93f5f5799a932462U);
    EXPECT_EQ(siphash(key, message), 0xa129ca6149be45e5U);
}

TEST(Siphash, KeysOfSecretsDiffer) {
    EXPECT_EQ(hash_key_of("a secret of ours"), hash_key_of("a secret of ours"));
    EXPECT_NE(hash_key_of("a secret of ours"), hash_key_of("a secret of theirs"));
    EXPECT_NE(hash_key_of("a secret of ours")[0], hash_key_of("a secret of ours")[1]);
}

}  // namespace
}  // namespace outrider::tracing
