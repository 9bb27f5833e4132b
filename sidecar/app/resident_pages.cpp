#include "sidecar/app/resident_pages.hpp"

#include <cstdint>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace outrider::app {
namespace {

/// Only what nobody can have written to: dropping pages with relocations in them would bring the file's back.
int forget_segments(dl_phdr_info* of, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (std::uint16_t i = 0; i < of->dlpi_phnum; ++i) {
        const auto& segment = of->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        // Whole pages: the rest of the last one may be another segment's.
        const auto begin = (of->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
        const auto end = (of->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
        if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void forget_the_start() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(forget_segments, nullptr);
}

}  // namespace outrider::app
