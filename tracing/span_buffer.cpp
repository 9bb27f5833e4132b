#include "tracing/span_buffer.hpp"

#include <atomic>
#include <vector>

namespace outrider::tracing {
namespace {

constexpr std::size_t cache_line = 64;
/// Room behind the hand-over mark, so that the span that crosses it rarely reallocates.
constexpr std::size_t slack_bytes = 4 * 1024;
/// Empty chunks kept for the worker; more than these are freed after a burst.
constexpr std::size_t spare_chunks = 4;

/// A bounded queue of chunks between exactly two threads. It can't overflow: it has a place for every chunk there is.
class chunk_ring {
  public:
    explicit chunk_ring(std::size_t capacity) : slots_(capacity + 1) {}
    ~chunk_ring() {
        while (auto* chunk = pop()) delete chunk;
    }
    chunk_ring(const chunk_ring&) = delete;
    chunk_ring& operator=(const chunk_ring&) = delete;

    void push(span_chunk* chunk) {
        const auto tail = tail_.load(std::memory_order_relaxed);
        slots_[tail] = chunk;
        tail_.store(next(tail), std::memory_order_release);
    }

    span_chunk* pop() {
        const auto head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire)) return nullptr;
        auto* chunk = slots_[head];
        head_.store(next(head), std::memory_order_release);
        return chunk;
    }

    /// Exact for the pushing side up to pops under way.
    std::size_t size() const {
        const auto tail = tail_.load(std::memory_order_relaxed);
        const auto head = head_.load(std::memory_order_acquire);
        return tail >= head ? tail - head : tail + slots_.size() - head;
    }

  private:
    std::size_t next(std::size_t index) const { return index + 1 == slots_.size() ? 0 : index + 1; }

    std::vector<span_chunk*> slots_;
    alignas(cache_line) std::atomic<std::size_t> head_{0};
    alignas(cache_line) std::atomic<std::size_t> tail_{0};
};

/// A counter that one thread writes and any thread reads.
class owned_counter {
  public:
    void increment() { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
    std::uint64_t get() const { return value_.load(std::memory_order_acquire); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace

struct span_buffer::rings {
    rings(std::size_t chunks, std::size_t bytes) : limit(chunks), chunk_bytes(bytes), full(chunks), empty(chunks) {}

    const std::size_t limit;
    const std::size_t chunk_bytes;
    chunk_ring full;
    chunk_ring empty;
    alignas(cache_line) std::atomic<std::size_t> allocated{0};  ///< the worker adds, the exporter subtracts

    // The worker's own, on a cache line of its own.
    alignas(cache_line) std::unique_ptr<span_chunk> current;
    std::size_t complete_bytes = 0;  ///< of `current`: up to the end of the last closed span
    owned_counter finished;
    owned_counter dropped;

    bool obtain() {
        if (auto* chunk = empty.pop()) {
            current.reset(chunk);
        } else if (allocated.load(std::memory_order_acquire) < limit) {
            allocated.fetch_add(1, std::memory_order_relaxed);
            current = std::make_unique<span_chunk>();
        } else {
            return false;
        }
        current->bytes.clear();
        current->bytes.reserve(chunk_bytes + slack_bytes);
        current->spans = 0;
        complete_bytes = 0;
        return true;
    }

    void hand_over() {
        current->bytes.resize(complete_bytes);
        full.push(current.release());
    }
};

span_buffer::span_buffer(std::size_t chunks, std::size_t chunk_bytes)
    : rings_(std::make_unique<rings>(chunks, chunk_bytes)) {}

span_buffer::~span_buffer() = default;

std::string* span_buffer::open() {
    auto& r = *rings_;
    if (!r.current && !r.obtain()) {
        r.dropped.increment();
        return nullptr;
    }
    if (r.current->spans == 0) r.current->oldest = std::chrono::steady_clock::now();
    if (r.current->bytes.size() != r.complete_bytes) r.current->bytes.resize(r.complete_bytes);
    return &r.current->bytes;
}

void span_buffer::close() {
    auto& r = *rings_;
    r.complete_bytes = r.current->bytes.size();
    ++r.current->spans;
    r.finished.increment();
    if (r.complete_bytes >= r.chunk_bytes) r.hand_over();
}

void span_buffer::flush() {
    auto& r = *rings_;
    if (r.current && r.current->spans != 0) r.hand_over();
}

std::unique_ptr<span_chunk> span_buffer::take() { return std::unique_ptr<span_chunk>(rings_->full.pop()); }

void span_buffer::give_back(std::unique_ptr<span_chunk> chunk) {
    auto& r = *rings_;
    // A string that one huge span has blown up is not worth keeping.
    const bool keep = r.empty.size() < spare_chunks && chunk->bytes.capacity() <= 4 * (r.chunk_bytes + slack_bytes);
    if (keep) {
        r.empty.push(chunk.release());
    } else {
        chunk.reset();
        r.allocated.fetch_sub(1, std::memory_order_release);
    }
}

std::uint64_t span_buffer::finished() const { return rings_->finished.get(); }
std::uint64_t span_buffer::dropped() const { return rings_->dropped.get(); }

}  // namespace outrider::tracing
