// kill -9 at random moments: no span that ended more than a second before is lost. The exporter under test runs in a
// process of its own (this program again), writes the time of each span's end into shared memory, and is killed. A
// successor adopts its spool. OUTRIDER_KILLS sets the number of rounds; receivers accept, refuse, hang or are absent at
// random.

#include <atomic>
#include <random>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sidecar/export/exporter_fixture.hpp"

extern char** environ;

namespace outrider::exporting {
namespace {

constexpr std::size_t most_spans = 1 << 20;
constexpr auto promise = 1s;
constexpr int rounds_at_once = 8;

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch() / 1ns; }

/// What the child tells and nothing can take back: when each span ended. The clock is the same in both processes.
struct ended_spans {
    std::atomic<std::uint32_t> count;
    std::atomic<std::int64_t> at_ns[most_spans];
};

ended_spans* map_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ::ftruncate(fd, sizeof(ended_spans)) != 0) return nullptr;
    void* at = ::mmap(nullptr, sizeof(ended_spans), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    return at == MAP_FAILED ? nullptr : static_cast<ended_spans*>(at);
}

config::settings settings_for(const std::string& folder, const std::string& url, std::chrono::milliseconds delay) {
    config::settings settings;
    settings.service = "killed";
    settings.state = folder;
    settings.tracing.otlp_url = url;
    settings.tracing.batch_delay = delay;
    settings.tracing.request_timeout = 700ms;
    return settings;
}

/// The child's part: a worker that finishes spans and flushes every 100 ms, as the sidecar's workers do.
TEST(KillNineChild, Runs) {
    const char* folder = std::getenv("OUTRIDER_KILL_FOLDER");
    if (!folder) GTEST_SKIP() << "only as a child of KillNine";
    auto* ended = map_file(std::string(folder) + "/ended");
    ASSERT_NE(ended, nullptr);
    tracing::span_buffer buffer;
    const std::chrono::milliseconds delay{std::atoi(std::getenv("OUTRIDER_KILL_DELAY"))};
    span_exporter exporter(settings_for(folder, std::getenv("OUTRIDER_KILL_URL"), delay), {&buffer});
    exporter.start();
    auto flushed = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < most_spans; ++i) {
        put_span(buffer, std::to_string(i));
        ended->at_ns[i].store(now_ns());
        ended->count.store(i + 1);
        if (std::chrono::steady_clock::now() - flushed >= 100ms) {
            buffer.flush();
            flushed = std::chrono::steady_clock::now();
        }
        if (i % 4 == 0) ::usleep(1000);
    }
}

pid_t spawn_child(const std::string& folder, const std::string& url, int delay_ms) {
    std::vector<std::string> variables{"OUTRIDER_KILL_FOLDER=" + folder, "OUTRIDER_KILL_URL=" + url,
                                       "OUTRIDER_KILL_DELAY=" + std::to_string(delay_ms)};
    std::vector<char*> environment;
    for (char** at = environ; *at; ++at) environment.push_back(*at);
    for (auto& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::string program = "/proc/self/exe", filter = "--gtest_filter=KillNineChild.Runs";
    char* arguments[] = {program.data(), filter.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environment.data()), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    return child;
}

/// Keeps the names of spans it has said yes to.
class keeper {
  public:
    test::reply accept(const test::received_request& request) {
        const auto spans = read_request(request.body);
        const std::lock_guard lock(mutex_);
        names_.insert(spans.names.begin(), spans.names.end());
        return {};
    }
    bool has(std::uint32_t number) const {
        const std::lock_guard lock(mutex_);
        return names_.contains(std::to_string(number));
    }

  private:
    mutable std::mutex mutex_;
    std::set<std::string> names_;
};

/// A receiver's mood for one round.
test::reply answer(keeper& kept, int mood, unsigned chance, const test::received_request& request) {
    if (mood == 1 || (mood == 4 && chance % 2 == 0)) return {.status = 503};
    if (mood == 2) return {.hang = true};
    if (mood == 3) {  // takes them over, and the answer is lost
        kept.accept(request);
        return {.close = true};
    }
    return kept.accept(request);
}

/// Delivers what the killed process left.
void succeed(const std::string& folder, keeper& kept) {
    test::http_receiver receiver([&](const test::received_request& r) { return kept.accept(r); });
    tracing::span_buffer none;
    span_exporter exporter(settings_for(folder, receiver.url(), 10ms), {&none});
    exporter.start();
    EXPECT_TRUE(eventually([&] { return exporter.stats().spool_usable; })) << "adoption comes with opening";
    exporter.stop(30s);
    expect_adds_up(exporter.stats());
    EXPECT_EQ(exporter.stats().adopted.spooled, 0u);
}

/// @return how many spans the round promised, negative when it could not run
int one_round(unsigned seed) {
    std::minstd_rand random(seed + 1);
    const int delays[] = {20, 200, 5000, 60000};
    const int mood = static_cast<int>(random() % 6);  // 5: nobody listens
    const int delay = delays[random() % 4];
    const std::chrono::milliseconds life{300 + random() % 1500};  // of spans, after the first one
    test::temporary_folder folder;
    auto* ended = map_file(folder / "ended");
    if (!ended) return -1;
    keeper kept;
    std::atomic<unsigned> chance = seed;
    test::http_receiver receiver([&](const test::received_request& r) { return answer(kept, mood, ++chance, r); });
    const auto child = spawn_child(folder.path(), mood == 5 ? "http://127.0.0.1:1/v1/traces" : receiver.url(), delay);
    const bool began = eventually([&] { return ended->count > 0; }, 30s);
    std::this_thread::sleep_for(promise + life);
    const auto killed_at = now_ns();
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    receiver.stop();
    succeed(folder.path(), kept);
    int promised = began ? 0 : -1;
    for (std::uint32_t i = 0; i < ended->count && ended->at_ns[i] < killed_at - promise / 1ns; ++i) {
        ++promised;
        EXPECT_TRUE(kept.has(i)) << "span " << i << " of round " << seed << " (mood " << mood << ", batch delay "
                                 << delay << " ms) had ended " << (killed_at - ended->at_ns[i]) / 1000000
                                 << " ms before";
        if (testing::Test::HasFailure()) break;
    }
    ::munmap(ended, sizeof(ended_spans));
    return promised;
}

TEST(KillNine, LosesNoSpanThatEndedOverASecondBefore) {
    const char* wanted = std::getenv("OUTRIDER_KILLS");
    const int rounds = wanted ? std::atoi(wanted) : 40;
    std::atomic<int> next = 0;
    std::atomic<std::uint64_t> promised = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < rounds_at_once; ++i)
        threads.emplace_back([&] {
            for (int round = next++; round < rounds; round = next++) {
                const auto count = one_round(static_cast<unsigned>(round));
                EXPECT_GT(count, 0) << "a round without a promise shows nothing";
                promised += static_cast<std::uint64_t>(std::max(0, count));
            }
        });
    for (auto& thread : threads) thread.join();
    RecordProperty("promised", std::to_string(promised));
    std::cout << rounds << " kills, " << promised << " spans promised\n";
}

}  // namespace
}  // namespace outrider::exporting
