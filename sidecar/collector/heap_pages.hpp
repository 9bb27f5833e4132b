#pragma once

#include <cstdint>

namespace outrider::collector {

/// Keeps what the process has of memory near what it holds. Requests, answers and tables that grew come and go between
/// what stays, and the allocator keeps the pages that they leave behind; these go back to the system here, before they
/// are much more than a sixtieth of what is held.
class heap_pages {
  public:
    /// Before the first thread is started. What is as large as a table gets pages of its own, which go back with it.
    static void set_up();

    /// Looks, and gives back when it pays. Milliseconds at most, by the one thread that calls it.
    /// @param held    bytes that are held, by the books
    /// @param now_ns  of a steady clock
    void look(std::uint64_t held, std::int64_t now_ns);

  private:
    std::int64_t next_ns_ = 0;
};

}  // namespace outrider::collector
