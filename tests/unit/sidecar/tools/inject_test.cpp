#include "sidecar/tools/inject.hpp"

#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/tools/inject_cases.hpp"

namespace outrider::tools::test {
namespace {

injection must_inject(std::string_view text, const std::string& name, const inject_request& request) {
    auto result = inject(text, name, request);
    if (auto* errors = std::get_if<config::diagnostics>(&result)) {
        ADD_FAILURE() << lines(*errors) << text;
        return {};
    }
    return std::get<injection>(std::move(result));
}

std::string taken_out(std::string_view text, const std::string& name) {
    inject_request request;
    request.remove = true;
    return must_inject(text, name, request).text;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();
        out.push_back(line);
    }
    return out;
}

/// Whether all lines of `part` stand in `whole`, in the same order.
bool keeps_lines(const std::string& part, const std::string& whole) {
    const auto lines_of_whole = split(whole);
    auto at = lines_of_whole.begin();
    for (const auto& line : split(part)) {
        at = std::find(at, lines_of_whole.end(), line);
        if (at == lines_of_whole.end()) return false;
        ++at;
    }
    return true;
}

class Injected : public testing::TestWithParam<std::string> {
  protected:
    const std::string& name_ = GetParam();
    std::string before_ = outrider::test::file_text(inject_data / "in" / name_);
    inject_request request_ = request_of("in", name_);
};

TEST_P(Injected, IsAsInItsGoldenFile) {
    const auto result = must_inject(before_, name_, request_);
    outrider::test::expect_golden(inject_data / "out" / name_, result.text);
    outrider::test::expect_golden((inject_data / "out" / name_).replace_extension(".notes"), lines(result.notes));
}

TEST_P(Injected, StaysTheSameWhenInjectedAgain) {
    const auto once = must_inject(before_, name_, request_).text;
    EXPECT_EQ(must_inject(once, name_, request_).text, once);
}

TEST_P(Injected, IsGoneToTheLastByteWhenTakenOut) {
    const auto with = must_inject(before_, name_, request_).text;
    EXPECT_EQ(taken_out(with, name_), before_);
    EXPECT_EQ(taken_out(before_, name_), before_);
}

TEST_P(Injected, KeepsEveryLineThatIsNotOurs) {
    const auto with = must_inject(before_, name_, request_).text;
    const auto flow = name_.ends_with(".json") || name_.find("flow") != std::string::npos ||
                      name_.find("brackets") != std::string::npos;
    EXPECT_TRUE(flow || request_.rewrite_services || keeps_lines(before_, with)) << with;
}

TEST_P(Injected, IsTheSameWhateverOptionsCameFirst) {
    auto others = request_;
    others.image = "registry.example/other:2";
    others.app_port = 4242;
    others.inbound_port = 7981;
    others.config_map = request_.config_map.empty() ? "other" : "";
    others.config.clear();
    others.config_text.clear();
    others.kafka = {{"other", "other:9092"}};
    const auto first = must_inject(before_, name_, others).text;
    EXPECT_EQ(must_inject(first, name_, request_).text, must_inject(before_, name_, request_).text);
    EXPECT_EQ(taken_out(first, name_), before_);
}

/// Any bytes end in errors with a text, or in manifests that stay as they are when injected again.
void survive(const std::string& text, const inject_request& request) {
    const auto result = inject(text, "f", request);
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        ASSERT_FALSE(errors->empty());
        for (const auto& each : *errors) ASSERT_FALSE(each.text.empty());
        return;
    }
    const auto& once = std::get<injection>(result).text;
    const auto again = inject(once, "f", request);
    ASSERT_TRUE(std::holds_alternative<injection>(again)) << text;
    ASSERT_EQ(std::get<injection>(again).text, once) << text;
}

TEST_P(Injected, SurvivesBytesThatAreLostOrChanged) {
    std::mt19937 random{7980};
    const std::string_view odd = " \n\t-:#{}[]&*!|>'\"?,%a\r";
    for (int i = 0; i < 60 && !before_.empty(); ++i) {
        auto text = before_;
        for (int n = 0; n < 1 + i % 3; ++n) {
            const auto at = random() % text.size();
            if (i % 2 == 0) text[at] = odd[random() % odd.size()];
            if (i % 2 == 1) text.erase(at, 1 + random() % 8);
            if (text.empty()) return;
        }
        survive(text, request_);
    }
}

INSTANTIATE_TEST_SUITE_P(Inject, Injected, testing::ValuesIn(inject_cases("in")), [](const auto& test) {
    auto name = test.param;
    for (auto& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
});

class Refused : public testing::TestWithParam<std::string> {};

TEST_P(Refused, SaysWhyAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto result =
        inject(outrider::test::file_text(inject_data / "errors" / name), name, request_of("errors", name));
    const auto* errors = std::get_if<config::diagnostics>(&result);
    ASSERT_NE(errors, nullptr) << std::get<injection>(result).text;
    outrider::test::expect_golden((inject_data / "errors" / name).replace_extension(".expected"), lines(*errors));
}

INSTANTIATE_TEST_SUITE_P(Inject, Refused, testing::ValuesIn(inject_cases("errors")), [](const auto& test) {
    auto name = test.param;
    for (auto& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
});

const char* const pod =
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: orders}\n"
    "spec:\n"
    "  containers:\n"
    "    - {name: orders, image: orders, ports: [{containerPort: 8080}]}\n";

TEST(Inject, LeavesTheSidecarWhereSomeonePutIt) {
    auto text = must_inject(pod, "f", {}).text;
    const auto key = text.find("  initContainers:\n") + std::string_view{"  initContainers:\n"}.size();
    text.insert(key, "    - {name: first, image: first} # before the sidecar\n");
    inject_request other;
    other.image = "outrider:2";
    const auto changed = must_inject(text, "f", other).text;
    EXPECT_LT(changed.find("name: first"), changed.find("name: outrider"));
    EXPECT_NE(changed.find("image: outrider:2"), std::string::npos);
    EXPECT_EQ(changed.size(), text.size() - std::string{"outrider:" OUTRIDER_VERSION}.size() + 10);
}

TEST(Inject, TakesOutWhatItMadeAndLeavesWhatWasAddedSince) {
    auto text = must_inject(pod, "f", {}).text;
    const auto key = text.find("  volumes:\n") + std::string_view{"  volumes:\n"}.size();
    text.insert(key, "    - {name: tmp, emptyDir: {}}\n");
    auto expected = std::string{pod};
    expected.insert(expected.find("  containers:"), "  volumes:\n    - {name: tmp, emptyDir: {}}\n");
    EXPECT_EQ(taken_out(text, "f"), expected);
}

TEST(Inject, TakesNothingOutThatSomeoneWrote) {
    const auto text = outrider::test::file_text(inject_data / "errors" / "sidecar-by-hand.yaml");
    EXPECT_EQ(taken_out(text, "f"), text);
}

TEST(Inject, BringsChangedTargetPortsUpToDateWithoutBeingAskedAgain) {
    const auto text = outrider::test::file_text(inject_data / "in" / "services.yaml");
    inject_request first, second;
    first.rewrite_services = true;
    second.inbound_port = 7981;
    const auto once = must_inject(text, "f", first).text;
    const auto twice = must_inject(once, "f", second).text;
    EXPECT_EQ(once.find("7981"), std::string::npos);
    EXPECT_EQ(twice.find("7980"), std::string::npos);
    EXPECT_EQ(taken_out(twice, "f"), text);
}

TEST(Inject, IsQuickWithLargeStreams) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += std::string{pod} + "---\n";
    text += "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n";
    for (int i = 0; i < 20'000; ++i) text += "  key" + std::to_string(i) + ": \"value & more\"\n";
    const auto with = must_inject(text, "f", {}).text;
    EXPECT_EQ(taken_out(with, "f"), text);
}

TEST(Inject, BoundsWhatItSays) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "a: b\n---\n";
    const auto result = inject(text, "f", {});
    EXPECT_EQ(std::get<config::diagnostics>(result).size(), 101U);
}

}  // namespace
}  // namespace outrider::tools::test
