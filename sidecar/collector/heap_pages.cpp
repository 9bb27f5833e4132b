#include "sidecar/collector/heap_pages.hpp"

#include <algorithm>
#include <fstream>

#include <malloc.h>
#include <unistd.h>

namespace outrider::collector {

namespace {

constexpr int own_pages_from = 1 << 20;
constexpr std::int64_t apart_ns = 5'000'000'000;
constexpr std::uint64_t the_program = 3 << 20;  // what it has of itself: threads, a heap that is used again
constexpr std::uint64_t share = 64;

/// What is no file's: not the code.
std::uint64_t own_memory() {
    std::uint64_t all = 0, resident = 0, shared = 0;
    std::ifstream{"/proc/self/statm"} >> all >> resident >> shared;
    return (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void heap_pages::set_up() {
    ::mallopt(M_MMAP_THRESHOLD, own_pages_from);
    ::mallopt(M_TRIM_THRESHOLD, own_pages_from);
}

void heap_pages::look(std::uint64_t held, std::int64_t now_ns) {
    if (now_ns < next_ns_) return;
    const auto wanted = the_program + held + held / share;
    if (own_memory() > wanted) ::malloc_trim(0);
    next_ns_ = now_ns + apart_ns;
}

}  // namespace outrider::collector
