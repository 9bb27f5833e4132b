#include "sidecar/collector/span_log.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "tests/support/test_files.hpp"

namespace outrider::collector {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;

class SpanLog : public testing::Test {
  protected:
    SpanLog() { options.path = folder / "spans.db"; }

    std::vector<std::string> bodies(span_log& log, bool notes = false) {
        std::vector<std::string> all;
        log.read(notes, [&](const span_log::row& one) { all.emplace_back(one.body); });
        return all;
    }
    std::string complaint() {
        try {
            span_log log{options};
            bodies(log);
        } catch (const span_log_error& error) {
            return error.what();
        }
        return {};
    }

    outrider::test::temporary_folder folder;
    span_log_options options;
};

TEST_F(SpanLog, GivesBackWhatItWasGivenAfterItWasOpenedAgain) {
    {
        span_log log{options};
        EXPECT_EQ(log.append(log_row::protobuf, std::string("a\0b", 3), 1), 1u);
        EXPECT_EQ(log.append(log_row::json, "{}", 2), 2u);
        EXPECT_EQ(log.append(log_row::notes, "note", 3), 3u);
    }
    span_log log{options};
    EXPECT_THAT(bodies(log), testing::ElementsAre(std::string("a\0b", 3), "{}"));
    EXPECT_THAT(bodies(log, true), testing::ElementsAre("note"));
    EXPECT_EQ(log.append(log_row::json, "{}", 4), 4u) << "numbers go on";
}

TEST_F(SpanLog, LosesNothingWhenItsProcessIsKilled) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const auto child = fork();
    if (child == 0) {
        span_log log{options};
        for (std::int64_t i = 1;; ++i) {
            const auto number = log.append(log_row::json, std::string(1'000, 'x'), i);
            if (write(ends[1], &number, sizeof number) < 0) _exit(1);
        }
    }
    close(ends[1]);
    std::uint64_t acknowledged = 0, next = 0;
    while (acknowledged < 2'000 && read(ends[0], &next, sizeof next) == sizeof next) acknowledged = next;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(ends[0], &next, sizeof next) == sizeof next) acknowledged = next;
    close(ends[0]);
    span_log log{options};
    EXPECT_GE(bodies(log).size(), acknowledged);
}

TEST_F(SpanLog, LetsTheOldestGoWhenTheFileIsFull) {
    options.bytes = 1 << 20;
    span_log log{options};
    for (int i = 0; i < 100; ++i)
        ASSERT_GT(log.append(log_row::json, std::string(50'000, 'x'), i), 0u) << log.failure();
    const auto kept = bodies(log).size();
    EXPECT_GT(kept, 5u);
    EXPECT_LT(kept, 21u);
    EXPECT_EQ(log.counters().trimmed, 100 - kept);
    EXPECT_LE(std::filesystem::file_size(options.path), options.bytes);
}

TEST_F(SpanLog, RefusesWhatIsLargerThanTheFileMayBecome) {
    options.bytes = 1 << 20;
    span_log log{options};
    EXPECT_EQ(log.append(log_row::json, std::string(2 << 20, 'x'), 1), 0u);
    EXPECT_THAT(log.failure(), HasSubstr("--store-size"));
    EXPECT_EQ(log.counters().failed, 1u);
    EXPECT_GT(log.append(log_row::json, "small", 1), 0u);
}

TEST_F(SpanLog, LetsGoWhatIsTooOld) {
    options.keep = std::chrono::seconds(10);
    span_log log{options};
    log.append(log_row::json, "old", 1 * second);
    log.append(log_row::json, "young", 8 * second);
    log.trim(11 * second);
    EXPECT_EQ(bodies(log).size(), 2u);
    log.trim(12 * second);
    EXPECT_THAT(bodies(log), testing::ElementsAre("young"));
    log.trim(60 * second);
    EXPECT_THAT(bodies(log), testing::IsEmpty());
}

TEST_F(SpanLog, IsPrivate) {
    span_log log{options};
    log.append(log_row::json, "{}", 1);
    for (const auto& file : std::filesystem::directory_iterator{folder.path()})
        EXPECT_EQ(file.status().permissions() & std::filesystem::perms::mask,
                  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
            << file.path();
}

TEST_F(SpanLog, SaysThatAFileIsNoDatabase) {
    std::ofstream{options.path} << std::string(10'000, 'x');
    EXPECT_THAT(complaint(), AllOf(HasSubstr(options.path), HasSubstr("is not a database"), HasSubstr("another file")));
}

TEST_F(SpanLog, LeavesTheDatabaseOfAnotherProgramAlone) {
    sqlite3* other = nullptr;
    sqlite3_open(options.path.c_str(), &other);
    sqlite3_exec(other, "CREATE TABLE accounts(id)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    EXPECT_THAT(complaint(), AllOf(HasSubstr(options.path), HasSubstr("another program"), HasSubstr("Name another")));
}

TEST_F(SpanLog, RefusesAFileOfANewerFormat) {
    { span_log log{options}; }
    sqlite3* file = nullptr;
    sqlite3_open(options.path.c_str(), &file);
    sqlite3_exec(file, "PRAGMA user_version = 7", nullptr, nullptr, nullptr);
    sqlite3_close(file);
    EXPECT_THAT(complaint(), AllOf(HasSubstr(options.path), HasSubstr("newer version")));
}

TEST_F(SpanLog, RefusesAFileThatAnotherCollectorUses) {
    span_log log{options};
    log.append(log_row::json, "{}", 1);
    const auto child = fork();  // locks are those of a process
    if (child == 0) _exit(complaint().find("another process uses the file") == std::string::npos ? 1 : 0);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SpanLog, FindsDamageWhereverItIsAndSaysWhatToDo) {
    {
        span_log log{options};
        for (int i = 0; i < 20; ++i) log.append(log_row::json, std::string(30'000, 'x'), i);
    }
    const auto size = std::filesystem::file_size(options.path);
    std::vector<char> whole(size);
    std::ifstream{options.path, std::ios::binary}.read(whole.data(), static_cast<std::streamsize>(size));
    std::size_t found = 0;
    for (std::size_t at = 5'000; at < size; at += 40'000) {
        auto damaged = whole;
        for (std::size_t i = 0; i < 200 && at + i < size; ++i) damaged[at + i] = '\x55';
        std::ofstream{options.path, std::ios::binary}.write(damaged.data(), static_cast<std::streamsize>(size));
        const auto text = complaint();
        if (text.empty()) continue;  // hit what is not in use
        ++found;
        EXPECT_THAT(text, AllOf(HasSubstr(options.path), HasSubstr("damaged"), HasSubstr("Move it away")));
    }
    EXPECT_GT(found, 10u);
}

TEST_F(SpanLog, SaysWhyItCannotBeOpened) {
    options.path = folder / "nowhere/spans.db";
    EXPECT_THAT(complaint(), AllOf(HasSubstr(options.path), HasSubstr("unable to open")));
}

}  // namespace
}  // namespace outrider::collector
