#include "sidecar/export/spool.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/export/spool_format.hpp"
#include "tests/support/certificates.hpp"

namespace outrider::exporting {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t everything = ~std::uint64_t{0};

class Spool : public testing::Test {
  protected:
    spool::settings how(const std::string& service = "orders", std::uint64_t bytes = 1 << 20) {
        return {folder / "spool", service, "resource of " + service, bytes};
    }

    static spool_position put(spool& to, const std::string& entries, std::uint32_t spans = 1) {
        spool_position at;
        const auto ec = to.append(entries, spans, at);
        EXPECT_FALSE(ec) << ec.message();
        return at;
    }

    static std::vector<std::string> entries_of(const spool_batch& batch) {
        std::vector<std::string> out;
        for (const auto& record : batch.records) out.emplace_back(record.entries);
        return out;
    }

    /// Delivers everything, as the sender would.
    static std::vector<std::string> deliver_all(spool& from) {
        std::vector<std::string> out;
        while (true) {
            const auto batch = from.next(everything, everything);
            if (batch.empty()) return out;
            for (auto& entries : entries_of(batch)) out.push_back(std::move(entries));
            from.acknowledge(batch.records);
        }
    }

    std::vector<fs::path> segments() const {
        std::vector<fs::path> out;
        for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
            if (entry.path().extension() == ".spans") out.push_back(entry.path());
        std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.filename() < b.filename(); });
        return out;
    }

    static void expect_pending(const spool& in, std::uint64_t own, std::uint64_t adopted) {
        EXPECT_EQ(in.counts().pending.own, own);
        EXPECT_EQ(in.counts().pending.adopted, adopted);
    }

    test::temporary_folder folder;
};

using Strings = std::vector<std::string>;

TEST_F(Spool, ReturnsWhatWasAppendedInOrder) {
    spool s(how());
    ASSERT_FALSE(s.open());
    put(s, "one", 1);
    put(s, "two", 2);
    const auto batch = s.next(everything, everything);
    EXPECT_EQ(entries_of(batch), (Strings{"one", "two"}));
    EXPECT_EQ(batch.spans, 3u);
    EXPECT_EQ(batch.resource, "resource of orders");
    EXPECT_FALSE(batch.adopted);
    EXPECT_TRUE(s.next(everything, everything).empty()) << "everything is under way";
}

TEST_F(Spool, KeepsToTheBounds) {
    spool s(how());
    ASSERT_FALSE(s.open());
    for (int i = 0; i < 5; ++i) put(s, std::string(10, static_cast<char>('a' + i)), 10);
    auto batch = s.next(25, everything);
    EXPECT_EQ(batch.records.size(), 2u);
    s.acknowledge(batch.records);
    batch = s.next(everything, 15);
    EXPECT_EQ(batch.records.size(), 1u);
    s.acknowledge(batch.records);
    batch = s.next(1, 1);
    EXPECT_EQ(batch.records.size(), 1u) << "one at least";
    s.acknowledge(batch.records);
    EXPECT_EQ(deliver_all(s), Strings{std::string(10, 'e')});
}

TEST_F(Spool, ReturnsAgainWhatWasPutBack) {
    spool s(how());
    ASSERT_FALSE(s.open());
    for (const auto* entries : {"one", "two", "three"}) put(s, entries);
    s.acknowledge(s.next(1, everything).records);
    const auto batch = s.next(1, everything);
    EXPECT_EQ(entries_of(batch), Strings{"two"});
    s.put_back(batch);
    EXPECT_EQ(deliver_all(s), (Strings{"two", "three"}));
}

TEST_F(Spool, RemovesASegmentWhenAllOfItIsAcknowledged) {
    spool s(how());
    ASSERT_FALSE(s.open());
    put(s, "one");
    put(s, "two");
    const auto batch = s.next(everything, everything);
    EXPECT_EQ(s.acknowledge({batch.records[1]}).own, 1u);
    EXPECT_EQ(segments().size(), 1u);
    expect_pending(s, 1, 0);
    EXPECT_EQ(s.acknowledge({batch.records[0]}).own, 1u);
    EXPECT_TRUE(segments().empty());
    EXPECT_EQ(s.counts().bytes, 0u);
    put(s, "three");
    EXPECT_EQ(deliver_all(s), Strings{"three"});
}

TEST_F(Spool, FilesArePrivate) {
    spool s(how());
    ASSERT_FALSE(s.open());
    put(s, "one");
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
        struct stat status {};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, entry.is_directory() ? 0700u : 0600u) << entry.path();
    }
}

TEST_F(Spool, DropsTheOldestWhenItIsFull) {
    spool s(how("orders", 128 << 10));  // eight segments of 16 KiB
    ASSERT_FALSE(s.open());
    std::uint64_t spans = 0;
    for (int i = 0; i < 300; ++i, spans += 3) put(s, std::to_string(i) + std::string(1000, '.'), 3);
    EXPECT_LE(s.counts().bytes, 128u << 10);
    const auto dropped = s.counts().dropped_full.own;
    EXPECT_GT(dropped, 0u);
    EXPECT_EQ(dropped + s.counts().pending.own, spans);
    const auto left = deliver_all(s);
    EXPECT_EQ(left.size() * 3, spans - dropped);
    EXPECT_TRUE(left.front().starts_with(std::to_string(dropped / 3) + "."));
    EXPECT_TRUE(left.back().starts_with("299."));
}

TEST_F(Spool, AnAcknowledgementOfADroppedRecordFindsNothing) {
    spool s(how("orders", 128 << 10));
    ASSERT_FALSE(s.open());
    put(s, std::string(1000, '.'));
    const auto batch = s.next(everything, everything);
    for (int i = 0; i < 300; ++i) put(s, std::string(1000, '.'));
    EXPECT_EQ(s.acknowledge(batch.records).own, 0u);
    EXPECT_EQ(s.counts().dropped_full.own + s.counts().pending.own, 301u);
}

TEST_F(Spool, ANewProcessAdoptsWithTheFormerResource) {
    {
        auto settings = how();
        settings.resource = "former";
        spool former(settings);
        ASSERT_FALSE(former.open());
        put(former, "one", 1);
        put(former, "two", 2);
        put(former, "three", 3);
        const auto batch = former.next(1, everything);
        former.acknowledge(batch.records);
    }
    spool s(how());
    ASSERT_FALSE(s.open());
    expect_pending(s, 0, 5);
    EXPECT_EQ(s.counts().adopted_found, 5u);
    put(s, "mine");
    const auto batch = s.next(everything, everything);
    EXPECT_EQ(entries_of(batch), (Strings{"two", "three"})) << "what was acknowledged is not delivered again";
    EXPECT_EQ(batch.resource, "former");
    EXPECT_TRUE(batch.adopted);
    EXPECT_EQ(s.acknowledge(batch.records).adopted, 5u);
    EXPECT_EQ(deliver_all(s), Strings{"mine"});
    s.close();
    EXPECT_TRUE(fs::is_empty(folder / "spool"));
}

TEST_F(Spool, LeavesOtherServicesAlone) {
    for (const std::string other : {"orders-eu", "order", "orders/..", "ORDERS", ""}) {
        spool s(how(other));
        ASSERT_FALSE(s.open()) << other;
        put(s, "theirs");
    }
    spool s(how());
    ASSERT_FALSE(s.open());
    expect_pending(s, 0, 0);
    EXPECT_EQ(segments().size(), 5u);
    for (const auto& path : segments()) EXPECT_EQ(path.parent_path().parent_path(), folder / "spool");
}

TEST_F(Spool, LeavesALivingProcessAlone) {
    int to_child[2], from_child[2];
    ASSERT_EQ(::pipe(to_child), 0);
    ASSERT_EQ(::pipe(from_child), 0);
    const auto child = ::fork();
    if (child == 0) {  // lives until the pipe closes
        spool s(how());
        spool_position at;
        const char ok = !s.open() && !s.append("child's", 1, at) ? 'y' : 'n';
        char byte;
        if (::write(from_child[1], &ok, 1) != 1) ::_exit(1);
        ::close(to_child[1]);
        if (::read(to_child[0], &byte, 1) < 0) ::_exit(1);
        ::_exit(0);
    }
    ::close(to_child[0]);
    char ok = 0;
    ASSERT_EQ(::read(from_child[0], &ok, 1), 1);
    ASSERT_EQ(ok, 'y');
    spool s(how());
    ASSERT_FALSE(s.open());
    expect_pending(s, 0, 0);
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_FALSE(s.open());
    expect_pending(s, 0, 1);
    EXPECT_EQ(deliver_all(s), Strings{"child's"});
    for (const int fd : {to_child[1], from_child[0], from_child[1]}) ::close(fd);
}

TEST_F(Spool, EveryTruncationIsAdoptedUpToTheTornRecord) {
    std::string whole;
    {
        spool former(how());
        ASSERT_FALSE(former.open());
        put(former, "first", 1);
        put(former, "second", 2);
        std::ifstream in(segments().at(0), std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(in), {});
        former.acknowledge(former.next(everything, everything).records);
        former.close();
    }
    for (std::size_t size = 0; size <= whole.size(); size += 3) {
        const auto dead = folder / "spool/orders-0123456789abcdef";
        fs::create_directories(dead);
        std::ofstream(dead + "/0000000000000001-0123456789abcdef.spans", std::ios::binary) << whole.substr(0, size);
        spool s(how());
        ASSERT_FALSE(s.open());
        const auto found = deliver_all(s);
        EXPECT_TRUE(found.empty() || found == Strings{"first"} || found == (Strings{"first", "second"})) << size;
        expect_pending(s, 0, 0);
        EXPECT_EQ(s.counts().dropped_corrupted.adopted, 0u);
        s.close();
        EXPECT_TRUE(segments().empty()) << size;
    }
}

TEST_F(Spool, ADamagedRecordIsSkippedAndCounted) {
    spool s(how());
    ASSERT_FALSE(s.open());
    put(s, "first", 1);
    const auto at = put(s, "second", 20);
    put(s, "third", 300);
    std::fstream file(segments().at(0), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at.offset + record_header_bytes));
    file << 'X';
    file.close();
    EXPECT_EQ(deliver_all(s), (Strings{"first", "third"}));
    EXPECT_EQ(s.counts().dropped_corrupted.own, 20u);
    EXPECT_EQ(s.counts().corrupted_records, 1u);
    expect_pending(s, 0, 0);
    EXPECT_TRUE(segments().empty());
}

TEST_F(Spool, SpansOfAVanishedFolderAreCountedAndANewOneIsMade) {
    spool s(how());
    ASSERT_FALSE(s.open());
    put(s, "gone", 4);
    fs::remove_all(folder / "spool");
    ASSERT_FALSE(s.open());
    EXPECT_EQ(s.counts().dropped_corrupted.own, 4u);
    put(s, "here");
    EXPECT_EQ(deliver_all(s), Strings{"here"});
}

TEST_F(Spool, AFolderThatCannotBeMadeIsAnError) {
    std::ofstream(folder / "spool") << "a file";
    spool s(how());
    EXPECT_TRUE(s.open());
    spool_position at;
    EXPECT_TRUE(s.append("x", 1, at));
}

/// Fills a 256 KiB file system. Needs the right to mount; the next test works everywhere.
TEST_F(Spool, AFullDiskFailsCleanlyAndRecovers) {
    if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0)
        GTEST_SKIP() << "no right to mount a tmpfs; covered by AFileSizeLimitFailsCleanly";
    {
        spool s(how("orders", 64 << 20));
        ASSERT_FALSE(s.open());
        Strings kept;
        boost::system::error_code ec;
        while (!ec) {
            const auto entries = std::to_string(kept.size()) + std::string(5000, '.');
            spool_position at;
            ec = s.append(entries, 1, at);
            if (!ec) kept.push_back(entries);
        }
        EXPECT_EQ(ec.value(), ENOSPC);
        spool_position at;
        EXPECT_EQ(s.append(std::string(5000, 'x'), 1, at).value(), ENOSPC) << "again, without harm";
        const auto first = s.next(20, everything);
        s.acknowledge(first.records);
        EXPECT_EQ(s.counts().pending.own, kept.size() - first.records.size());
        EXPECT_EQ(deliver_all(s), Strings(kept.begin() + 20, kept.end()));
        put(s, "after");
        EXPECT_EQ(deliver_all(s), Strings{"after"});
        s.close();
    }
    ::umount2(folder.path().c_str(), MNT_DETACH);
}

TEST_F(Spool, AFileSizeLimitFailsCleanly) {
    const auto child = ::fork();
    if (child == 0) {  // the limit can't be taken back, so it is a child's
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{10'000, 10'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        spool s(how());
        spool_position at;
        int kept = 0;
        if (s.open()) ::_exit(1);
        while (!s.append(std::string(3000, '.'), 1, at)) ++kept;
        ::_exit(kept == 3 && deliver_all(s).size() == 3 ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace outrider::exporting
