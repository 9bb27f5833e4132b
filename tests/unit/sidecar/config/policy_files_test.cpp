#include "sidecar/config/policy_files.hpp"

#include <filesystem>

#include "tests/unit/sidecar/config/policy_loading.hpp"

namespace outrider::config::test {
namespace {

namespace fs = std::filesystem;

std::string policy(const std::string& name, const std::string& match, const std::string& rule) {
    return "policies: [{name: " + name + ", match: {" + match + "}, " + rule + "}]\n";
}

std::string names(const policies_result& result) {
    if (const auto* errors = std::get_if<diagnostics>(&result)) return lines(*errors);
    std::string out;
    for (const auto& each : std::get<loaded_policies>(result).value) out += (out.empty() ? "" : " ") + each.name;
    return out;
}

policies_result load_from(const std::string& path, policy_files* involved = nullptr) {
    policy_input input;
    input.path = path;
    return load_policies(input, involved);
}

TEST(PolicyFiles, OfAFolderAreReadInTheOrderOfTheirNames) {
    const temporary_folder folder;
    folder.write("20-b.yaml", policy("b", "inbound: /b", "cost: 2"));
    folder.write("10-a.yml", policy("a", "inbound: /a", "cost: 2"));
    folder.write("30-c.yaml", policy("c", "inbound: /c", "cost: 2"));
    folder.write(".hidden.yaml", "not: [yaml");
    folder.write("notes.txt", "not yaml");
    folder.write("a.yaml~", "not yaml");
    EXPECT_EQ(names(load_from(folder.path())), "a b c");
    EXPECT_EQ(names(load_from(folder / "20-b.yaml")), "b");
}

/// As kubelet lays out a ConfigMap: links into a folder of one version, which a link of its own names.
void mount_version(const temporary_folder& folder, const std::string& version, const std::string& content) {
    folder.write("..v" + version + "/a.yaml", content);
    fs::create_directory_symlink("..v" + version, folder / "..data_tmp");
    fs::rename(folder / "..data_tmp", folder / "..data");
    if (!fs::exists(fs::symlink_status(folder / "a.yaml"))) fs::create_symlink("..data/a.yaml", folder / "a.yaml");
}

TEST(PolicyFiles, OfAMountedConfigMapAreReadOnceAndFollowItsVersions) {
    const temporary_folder folder;
    mount_version(folder, "1", policy("a", "inbound: /a", "cost: 2"));
    policy_files involved;
    EXPECT_EQ(names(load_from(folder.path(), &involved)), "a");
    EXPECT_EQ(fingerprint(involved), involved.fingerprint);
    mount_version(folder, "2", policy("b", "inbound: /a", "cost: 2"));
    EXPECT_NE(fingerprint(involved), involved.fingerprint);
    EXPECT_EQ(names(load_from(folder.path(), &involved)), "b");
    EXPECT_EQ(fingerprint(involved), involved.fingerprint);
}

TEST(PolicyFiles, HaveAnotherFingerprintWhenOneCameWentOrChanged) {
    const temporary_folder folder;
    folder.write("a.yaml", policy("a", "outbound: /a", "fallback: {file: f/empty.json}"));
    folder.write("f/empty.json", "{}");
    policy_files involved;
    EXPECT_EQ(names(load_from(folder.path(), &involved)), "a");
    ASSERT_EQ(involved.others, std::vector{folder / "f/empty.json"});
    const auto first = involved.fingerprint;
    EXPECT_EQ(fingerprint(involved), first);
    folder.write("b.yaml", policy("b", "inbound: /b", "cost: 2"));
    EXPECT_NE(fingerprint(involved), first);
    fs::remove(folder / "b.yaml");
    EXPECT_EQ(fingerprint(involved), first);
    folder.write("f/empty.json", "[] ");
    EXPECT_NE(fingerprint(involved), first);
    fs::remove(folder / "f/empty.json");
    const auto gone = fingerprint(involved);
    EXPECT_NE(gone, first);
    EXPECT_NE(fingerprint({folder / "nowhere", {}, {}}), "");
}

TEST(PolicyFiles, ThatWereNotThereAreWatchedToo) {
    const temporary_folder folder;
    folder.write("a.yaml", policy("a", "outbound: /a", "fallback: {file: empty.json}"));
    policy_files involved;
    EXPECT_EQ(names(load_from(folder / "a.yaml", &involved)),
              folder / "a.yaml" + ":1:62: policy 'a': the fallback's file: can't read '" + folder / "empty.json" +
                  "': No such file or directory\n");
    EXPECT_EQ(fingerprint(involved), involved.fingerprint);
    folder.write("empty.json", "{}");
    EXPECT_NE(fingerprint(involved), involved.fingerprint);
}

TEST(PolicyFiles, ThatCanNotBeReadAreErrors) {
    EXPECT_EQ(names(load_from("/nowhere/policies")),
              "/nowhere/policies: can't read '/nowhere/policies': No such file or directory\n");
    const temporary_folder folder;
    fs::create_symlink("nowhere", folder / "a.yaml");
    EXPECT_EQ(names(load_from(folder.path())),
              folder / "a.yaml" + ": can't read '" + folder / "a.yaml" + "': No such file or directory\n");
}

TEST(PolicyFiles, MayHaveEachNameOnce) {
    const temporary_folder folder;
    folder.write("a.yaml", policy("same", "inbound: /a", "cost: 2"));
    folder.write("b.yaml", policy("same", "inbound: /b", "cost: 2"));
    EXPECT_EQ(
        names(load_from(folder.path())),
        folder / "b.yaml" + ":1:19: policy 'same': the name is taken already, at " + folder / "a.yaml" + ":1:19\n");
}

TEST(PolicyFiles, OfAFolderAreAtMostAThousand) {
    const temporary_folder folder;
    for (int i = 0; i < 1'001; ++i) folder.write(std::to_string(i) + ".yaml", "");
    EXPECT_NE(names(load_from(folder.path())).find("holds more than 1000 YAML files"), std::string::npos);
}

TEST(PolicyFiles, AreBoundedInNumberAndSize) {
    const temporary_folder folder;
    std::string many = "policies:\n";
    for (int i = 0; i < 1'500; ++i)
        many += "  - {name: p" + std::to_string(i) + ", match: {inbound: /" + std::to_string(i) + "}, cost: 2}\n";
    for (const auto* part : {"a", "b", "c", "d"}) {
        auto text = many;
        for (auto at = text.find(": p"); at != std::string::npos; at = text.find(": p", at + 3))
            text.replace(at, 3, std::string{": "} + part);
        folder.write(std::string{part} + ".yaml", text);
    }
    const auto said = names(load_from(folder.path()));
    EXPECT_NE(said.find("more than 5000 policies"), std::string::npos) << said.substr(0, 500);
    folder.write("big.json", std::string((1U << 20) + 1, 'x'));
    folder.write("one/a.yaml", policy("a", "outbound: /a", "fallback: {file: ../big.json}"));
    EXPECT_NE(names(load_from(folder / "one")).find("is larger than 1024 KiB"), std::string::npos);
}

TEST(PolicyFiles, WithNothingInThemGiveAWarning) {
    const temporary_folder folder;
    const auto warnings = [](const policies_result& result) {
        return lines(std::get<loaded_policies>(result).warnings);
    };
    EXPECT_EQ(warnings(load_from(folder.path())), folder.path() + ": holds no *.yaml and no *.yml\n");
    folder.write("a.yaml", "policies: []\n");
    EXPECT_EQ(warnings(load_from(folder.path())), folder / "a.yaml" + ": holds no policies\n");
    EXPECT_EQ(warnings(load_from("")), "");
}

TEST(PolicyWarnings, AreGivenForWhatWorksButWasHardlyMeant) {
    const auto warnings = [](const char* yaml, std::optional<bool> fleet) {
        policy_input input;
        input.fleet = fleet;
        const auto result = load_policy_text(yaml, "p.yaml", input);
        return std::holds_alternative<diagnostics>(result) ? lines(std::get<diagnostics>(result))
                                                           : lines(std::get<loaded_policies>(result).warnings);
    };
    const auto* fleet = "policies: [{name: a, match: {inbound: '*'}, limit: {rate: 1/s, scope: fleet}}]";
    EXPECT_EQ(warnings(fleet, true), "");
    EXPECT_EQ(warnings(fleet, std::nullopt), "");
    EXPECT_EQ(warnings(fleet, false),
              "p.yaml:1:71: policy 'a': 'scope: fleet' counts in this sidecar alone: there is no 'fleet' in the "
              "configuration\n");
    EXPECT_EQ(warnings("policies: [{name: a, match: {outbound: POST}, retry: {when: [connect, 503]}}]", true),
              "p.yaml:1:61: policy 'a': only 'connect' is tried again: POST is not idempotent; set "
              "'retry.unsafe_methods: true' if its upstream can take it twice\n");
}

}  // namespace
}  // namespace outrider::config::test
