#include "sidecar/config/references.hpp"

#include <filesystem>

#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

using outrider::test::temporary_folder;

std::string expanded(std::string_view text, const environment& variables = {}) {
    std::string out;
    const auto wrong = expand(text, variables, "", out);
    return wrong.empty() ? out : "error: " + wrong;
}

TEST(References, AreReplacedInsideAText) {
    EXPECT_EQ(expanded("plain"), "plain");
    EXPECT_EQ(expanded("${env:A}:${env:B}/", {{"A", "host"}, {"B", "80"}}), "host:80/");
    EXPECT_EQ(expanded("${env:A}", {{"A", ""}}), "");
    EXPECT_EQ(expanded("$5 ${env:A}$", {{"A", "x"}}), "$5 x$");
    EXPECT_EQ(expanded("$${env:A}", {{"A", "x"}}), "${env:A}");
}

TEST(References, AreNotReplacedInWhatReplacedThem) {
    EXPECT_EQ(expanded("${env:A}", {{"A", "${env:B}"}, {"B", "secret"}}), "${env:B}");
    auto input = with_environment({{"A", "${env:B},c"}, {"B", "secret"}});
    input.sets = {{"tracing.redact_query", "${env:A}", ""}};
    EXPECT_EQ(must_load(minimal, input).value.tracing.redact_query, (std::vector<std::string>{"${env:B}", "c"}));
}

TEST(References, ToFilesLoseOneNewline) {
    const temporary_folder folder;
    EXPECT_EQ(expanded("${file:" + folder.write("a", "secret\n") + "}"), "secret");
    EXPECT_EQ(expanded("${file:" + folder.write("b", "secret\r\n") + "}"), "secret");
    EXPECT_EQ(expanded("${file:" + folder.write("c", "two\nlines\n\n") + "}"), "two\nlines\n");
    EXPECT_EQ(expanded("${file:" + folder.write("d", "") + "}"), "");
}

TEST(References, ToFilesAreBounded) {
    const temporary_folder folder;
    const auto file = folder.write("big", std::string(65 * 1024, 'x'));
    EXPECT_EQ(expanded("${file:" + file + "}"), "error: '" + file + "' is larger than 64 KiB");
}

TEST(References, CountFromTheFolderOfTheFileThatHoldsThem) {
    const temporary_folder folder;
    folder.write("token", "secret\n");
    folder.write("ca.pem", "");
    auto input = with_flags({});
    input.file = folder.write("sidecar.yaml", std::string{minimal} +
                                                  "admin: {listen: '0.0.0.0:7900', token: '${file:token}'}\n"
                                                  "upstreams: {a: {endpoints: [https://a], tls: {ca: ca.pem}}}\n"
                                                  "access_log: {format: json, path: '-'}\n");
    const auto result = load(input);
    ASSERT_TRUE(std::holds_alternative<loaded>(result)) << lines(std::get<diagnostics>(result));
    const auto& value = std::get<loaded>(result).value;
    EXPECT_EQ(value.admin_token, "secret");
    EXPECT_EQ(value.upstreams.at("a").tls.ca, std::filesystem::path{*input.file}.parent_path().string() + "/ca.pem");
    EXPECT_EQ(value.access_log.path, "-");
}

TEST(References, WorkInFlagsAndVariables) {
    auto input = with_environment({{"OUTRIDER_STATE", "${env:WHERE}"}, {"WHERE", "/tmp/state"}, {"WHO", "billing"}});
    input.sets = {{"service", "${env:WHO}", "--service"}};
    const auto value = must_load(minimal, input).value;
    EXPECT_EQ(value.state, "/tmp/state");
    EXPECT_EQ(value.service, "billing");
}

}  // namespace
}  // namespace outrider::config::test
