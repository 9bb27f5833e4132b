#include "sidecar/app/intercept_flags.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/app/parsed.hpp"

namespace outrider::app::test {
namespace {

config::intercept judged(const strings& arguments) {
    auto result = config::load(must_be<intercept_command>(arguments).input);
    if (auto* errors = std::get_if<config::diagnostics>(&result)) {
        for (const auto& each : *errors) ADD_FAILURE() << config::to_text(each);
        return {};
    }
    return std::get<config::loaded>(result).value.intercept;
}

std::string wrong_with(const strings& arguments) {
    auto result = config::load(must_be<intercept_command>(arguments).input);
    std::string out;
    if (auto* errors = std::get_if<config::diagnostics>(&result))
        for (const auto& each : *errors) out += config::to_text(each) + "\n";
    return out;
}

TEST(InterceptFlags, AreSettingsLikeAnyOthers) {
    const auto what = judged({"intercept", "install", "--uid", "1337", "--ports-in", "8080,9090", "--exclude-out",
                              "10.0.0.0/8", "--exclude-out=22"});
    EXPECT_EQ(what.outbound, 7915U);
    EXPECT_EQ(what.inbound, 7916U);
    EXPECT_EQ(what.ports_in, (std::vector<std::uint32_t>{8080, 9090}));
    EXPECT_EQ(what.uid, 1337U);
    EXPECT_EQ(what.exclude_out.size(), 2U);
    const auto out = judged({"intercept", "install", "--mark=0x539"});
    EXPECT_EQ(out.inbound, 0U) << "without ports nothing is brought in";
    EXPECT_EQ(out.mark, 0x539U);
    const auto in =
        judged({"intercept", "install", "--outbound-port", "0", "--inbound-port", "80", "--ports-in", "8080"});
    EXPECT_EQ(in.outbound, 0U);
    EXPECT_EQ(in.inbound, 80U);
}

TEST(InterceptFlags, BeatTheFile) {
    const auto install = must_be<intercept_command>(
        {"intercept", "install", "--config", "sidecar.yaml", "--uid=7", "--dry-run", "--backend=nft"});
    EXPECT_EQ(install.input.file, "sidecar.yaml");
    EXPECT_EQ(as_text(install.input.sets), strings{"intercept.uid=7 by --uid"});
    EXPECT_TRUE(install.options.dry_run);
    EXPECT_EQ(install.options.backend, tools::rules_backend::nft);
}

TEST(InterceptFlags, SayWhatIsWrongWithThem) {
    EXPECT_NE(refusal({"intercept"}).find("say what to do: install, remove or show"), std::string::npos);
    EXPECT_NE(refusal({"intercept", "instal"}).find("'instal' is neither install, remove nor show"), std::string::npos);
    EXPECT_NE(refusal({"intercept", "install", "--backend", "ebpf"}).find("neither nft nor iptables"),
              std::string::npos);
    EXPECT_NE(refusal({"intercept", "remove", "--uid", "7"}).find("only install takes"), std::string::npos);
    EXPECT_NE(refusal({"intercept", "install", "--port-in", "7"}).find("did you mean '--ports-in'"), std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install"}).find("'intercept.outbound' needs 'intercept.uid' or"),
              std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install", "--uid", "0"}).find("is root"), std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install", "--uid", "7", "--mark", "7"}).find("exclude each other"),
              std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install", "--uid", "x"}).find("a user's number"), std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install", "--uid", "7", "--ports-in", "0"}).find("ports_in"),
              std::string::npos);
    EXPECT_NE(wrong_with({"intercept", "install", "--uid", "7", "--exclude-out", "stock"}).find("is no destination"),
              std::string::npos);
}

}  // namespace
}  // namespace outrider::app::test
