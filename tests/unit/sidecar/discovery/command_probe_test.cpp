#include "sidecar/discovery/command_probe.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/certificates.hpp"
#include "tests/unit/sidecar/discovery/probing.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class CommandProbe : public testing::Test {
  protected:
    ~CommandProbe() override { EXPECT_EQ(on.escaped(), 0U); }
    probe_result run(std::vector<std::string> command, std::chrono::milliseconds patience = 10s) {
        return on.run([&](probe_io& io) { return probe_command(io, command, target); }, patience);
    }
    probe_result shell(const std::string& script, std::chrono::milliseconds patience = 10s) {
        return run({"/bin/sh", "-c", script}, patience);
    }
    prober on;
    const std::string target = "127.0.0.1:9000";  // outlives the probe
};

TEST_F(CommandProbe, GoesByTheExitCodeAndSaysWhatWasWritten) {
    EXPECT_TRUE(run({"true"}).good);
    const auto bad = shell("echo; echo queue is stuck >&2; echo more; exit 3");
    EXPECT_FALSE(bad.good);
    EXPECT_EQ(bad.text, "exited with 3: queue is stuck");
    EXPECT_THAT(shell("kill -SEGV $$").text, HasSubstr("ended by signal Segmentation fault"));
}

TEST_F(CommandProbe, TakesItsWordsAsTheyAre) {
    EXPECT_EQ(run({"/bin/echo", "$HOME; `id` *"}).text, "exited with 0: $HOME; `id` *");
    EXPECT_EQ(shell("echo $OUTRIDER_TARGET").text, "exited with 0: 127.0.0.1:9000");
}

TEST_F(CommandProbe, SaysWhatCannotBeRun) {
    EXPECT_EQ(run({"/no/such/program"}).text, "cannot run '/no/such/program': No such file or directory");
    EXPECT_EQ(run({"/etc/passwd"}).text, "cannot run '/etc/passwd': Permission denied");
}

TEST_F(CommandProbe, KillsTheWholeGroupWhenItsTimeIsOver) {
    test::temporary_folder folder;
    const auto file = folder / "pids";
    const auto began = std::chrono::steady_clock::now();
    const auto result = shell("sleep 60 & echo $! > " + file + "; trap '' TERM; sleep 60", 300ms);
    EXPECT_FALSE(result.good);
    EXPECT_EQ(result.text, "no answer within 300ms, and was killed");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    int left = 0;
    std::ifstream{file} >> left;
    ASSERT_GT(left, 0);
    for (int i = 0; i < 200 && ::kill(left, 0) == 0; ++i) std::this_thread::sleep_for(10ms);
    // A zombie of the test's own reaper may remain; it no longer sleeps.
    std::ifstream status{"/proc/" + std::to_string(left) + "/stat"};
    std::string number, name, state;
    if (!(status >> number >> name >> state)) state = "Z";
    EXPECT_EQ(state, "Z");
}

TEST_F(CommandProbe, LeavesNothingBehindAfterAnEarlyEnd) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(shell("sleep 60 & exit 0").good);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "it holds the pipe, and is not waited for";
}

TEST_F(CommandProbe, IsNotHeldUpByMuchOutput) {
    EXPECT_TRUE(shell("head -c 5000000 /dev/zero | tr '\\0' x").good);
    EXPECT_FALSE(shell("yes", 300ms).good);
}

TEST_F(CommandProbe, GivesItNeitherOurDescriptorsNorOurSignals) {
    const auto open = shell("ls /proc/self/fd | tr '\\n' ' '");
    EXPECT_EQ(open.text, "exited with 0: 0 1 2 3 ") << "3 is the folder that ls reads";
    EXPECT_THAT(shell("grep SigBlk /proc/self/status").text, HasSubstr("0000000000000000"));
}

}  // namespace
}  // namespace outrider::discovery
