#include "governance/keyed_hash.hpp"

#include <string>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

/// 00 01 02 ... 0f, as in the reference implementation's vectors.
constexpr hash_secret secret{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string counting(std::size_t length) {
    std::string out;
    for (std::size_t i = 0; i < length; ++i) out.push_back(static_cast<char>(i));
    return out;
}

std::string hex(const key_hash& hash) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (auto word : {hash.low, hash.high})
        for (int i = 0; i < 8; ++i, word >>= 8) {
            out.push_back(digits[word >> 4 & 15]);
            out.push_back(digits[word & 15]);
        }
    return out;
}

TEST(KeyedHash, IsSipHash24ByTheReferenceVectors) {
    auto hash = [](std::size_t length) { return hex(keyed_hash<2, 4>(counting(length), secret)); };
    EXPECT_EQ(hash(0), "A3817F04BA25A8E66DF67214C7550293");
    EXPECT_EQ(hash(1), "DA87C1D86B99AF44347659119B22FC45");
    EXPECT_EQ(hash(2), "8177228DA4A45DC7FCA38BDEF60AFFE4");
    EXPECT_EQ(hash(15), "5493E99933B0A8117E08EC0F97CFC3D9");
    EXPECT_EQ(hash(19), "78017731CF65FAB074D5208952512EB1");
}

TEST(KeyedHash, IsSipHash13AsOpensslHasIt) {
    auto hash = [](std::size_t length) { return hex(keyed_hash(counting(length), secret)); };
    EXPECT_EQ(hash(0), "E77EBCB22788A5BEFD62DB6ADD303001");
    EXPECT_EQ(hash(1), "FC6F370460D3EDA85E0573CC2B2FF063");
    EXPECT_EQ(hash(2), "75787F090569839B855BC9548C6AEA95");
    EXPECT_EQ(hash(15), "C17E5505B2BD526C2921CDEC1E7E0109");
    EXPECT_EQ(hash(19), "ABF76238C20AF161B2314B4D5526BCE9");
    EXPECT_EQ(hash(3), "6BC5CCFA1EDCF79F4823187712EBD743");
    EXPECT_EQ(hash(4), "0C784E71AC2B285A9F8E92E78FBF2C25");
    EXPECT_EQ(hash(5), "F328DB89345B620C795229A42695843E");
    EXPECT_EQ(hash(6), "DCD03D29F743E7100951B0E83985A6F8");
    EXPECT_EQ(hash(7), "1084B923F2AAE0C3A62F2EC80848AB77");
    EXPECT_EQ(hash(12), "E53F92859E4819A8DC0695739FEA8C65");
    EXPECT_EQ(hash(36), "37A110F002718EDAD24B3F9EE453F140");
}

TEST(KeyedHash, DependsOnTheSecret) {
    EXPECT_NE(keyed_hash("tenant", secret), keyed_hash("tenant", {secret[0] ^ 1, secret[1]}));
    EXPECT_NE(keyed_hash("tenant", secret), keyed_hash("tenant", {secret[0], secret[1] ^ 1}));
}

}  // namespace
}  // namespace outrider::governance
