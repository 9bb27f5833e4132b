// The counters add up at any moment, whatever the receiver and the disk do; and disks or files that hang stall nobody.

#include <filesystem>
#include <future>
#include <random>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/sidecar/export/exporter_fixture.hpp"

namespace outrider::exporting {
namespace {

using test::http_receiver;
using test::received_request;
using test::reply;

class Accounting : public SpanExporter {
  protected:
    std::string only_segment() const {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
            if (entry.path().extension() == ".spans") return entry.path();
        return {};
    }
};

TEST_F(Accounting, AddsUpAtEveryMoment) {
    std::atomic<unsigned> count = 0;
    http_receiver receiver([&](const received_request& r) {
        switch (++count % 7) {
            case 0:
                return reply{.status = 503};
            case 1:
                return reply{.close = true};
            case 2:
                return reply{.status = 400};
            case 3:
                return reply{.body = std::string("\x0a\x02\x08\x03", 4)};  // partial success: 3 rejected
            default:
                return accept(r);
        }
    });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.batch_size = 50;
    settings.tracing.queue_size = 200;
    settings.tracing.spool_bytes = 256 << 10;
    tuning.journal_age = 3ms;
    tuning.first_backoff = 1ms;
    tuning.longest_backoff = 20ms;
    tracing::span_buffer second(4, 2000);
    span_exporter exporter(settings, {&buffer, &second}, tuning);
    exporter.start();
    std::atomic<int> working = 2;
    const auto work = [&](tracing::span_buffer& into, unsigned seed) {
        std::minstd_rand random(seed);
        for (int i = 0; i < 20'000; ++i) {
            put_span(into, "s");
            if (random() % 50 == 0) into.flush();
            if (random() % 200 == 0) ::usleep(1000);
        }
        into.flush();
        --working;
    };
    std::thread one(work, std::ref(buffer), 1), two(work, std::ref(second), 2);
    std::uint64_t looks = 0;
    for (; working > 0; ++looks) expect_adds_up(exporter.stats());
    one.join();
    two.join();
    exporter.stop(2s);
    const auto end = exporter.stats();
    expect_adds_up(end);
    EXPECT_EQ(end.finished, 40'000u);
    EXPECT_EQ(end.queued, 0u);
    EXPECT_GT(end.delivered, 0u);
    EXPECT_GT(end.dropped_for(drop_reason::rejected), 0u);
    EXPECT_GT(looks, 100u);
}

TEST_F(Accounting, ADiskThatHangsStallsNobody) {
    std::promise<void> answer;
    const auto may_answer = answer.get_future().share();
    http_receiver receiver([&](const received_request& r) {
        may_answer.wait();
        return accept(r);
    });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.batch_delay = 0ms;
    tuning.journal_age = 100ms;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(10, "a");
    ASSERT_TRUE(eventually([&] { return receiver.request_count() == 1 && exporter.stats().spooled == 10; }))
        << "in flight, and on disk";
    // From now on the disk hangs: who opens the segment to mark its records as delivered waits for a reader of the
    // pipe.
    const auto segment = only_segment();
    std::filesystem::rename(segment, segment + ".moved");
    ASSERT_EQ(::mkfifo(segment.c_str(), 0600), 0);
    answer.set_value();
    ASSERT_TRUE(eventually([&] { return exporter.stats().exports == 1; }));
    for (int i = 0; i < 5; ++i) {
        put(600, "b" + std::to_string(i) + "-");
        ASSERT_TRUE(eventually([&] { return distinct_accepted() >= 600u * static_cast<unsigned>(i + 1); }))
            << "the sender waits for the disk; accepted " << distinct_accepted() << " in round " << i;
    }
    expect_adds_up(exporter.stats());
    const auto begin = std::chrono::steady_clock::now();
    exporter.stop(300ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
    expect_adds_up(exporter.stats());
    EXPECT_EQ(exporter.stats().finished, 3010u);
    EXPECT_EQ(exporter.stats().dropped_for(drop_reason::buffer_full), 0u);
    const int release = ::open(segment.c_str(), O_RDWR | O_NONBLOCK);
    std::this_thread::sleep_for(50ms);  // only so that the thread left behind is gone before the folder
    ::close(release);
}

TEST_F(Accounting, AFileThatHangsStallsNobody) {
    settings.tracing.exporter = config::exporter::file;
    settings.tracing.file = folder / "pipe";
    settings.tracing.request_timeout = 100ms;
    ASSERT_EQ(::mkfifo(settings.tracing.file.c_str(), 0600), 0);
    tuning.journal_age = 10ms;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(10);
    ASSERT_TRUE(eventually([&] { return exporter.stats().failed_exports >= 2; })) << "nobody reads the pipe";
    EXPECT_TRUE(eventually([&] { return exporter.stats().spooled == 10; }));
    exporter.stop(100ms);
    EXPECT_EQ(exporter.stats().spooled, 10u);
    expect_adds_up(exporter.stats());
    const int release = ::open(settings.tracing.file.c_str(), O_RDONLY | O_NONBLOCK);
    std::this_thread::sleep_for(50ms);
    ::close(release);
}

TEST_F(Accounting, HonoursRetryAfterAsADate) {
    std::atomic<int> count = 0;
    std::atomic<std::time_t> not_before = 0;
    const auto clock = [] { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); };
    http_receiver receiver([&](const received_request& r) {
        if (++count > 1) {
            EXPECT_GE(clock(), not_before);
            return accept(r);
        }
        not_before = clock() + 2;
        const std::time_t at = not_before;
        char text[64];
        std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&at));
        return reply{.status = 429, .headers = {{"Retry-After", text}}};
    });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(1);
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 1; }));
}

}  // namespace
}  // namespace outrider::exporting
