#include "sidecar/kafka/push_parser.hpp"

#include <cassert>
#include <new>

namespace outrider::kafka {
namespace {

/// Free frames of a thread by size. A frame may come back on another thread than the one it was taken on.
class frame_store {
  public:
    static constexpr std::size_t step = 128, classes = 16, most_kept = 16;

    ~frame_store() {
        gone = true;
        for (auto* frame : free_)
            while (frame) ::operator delete(std::exchange(frame, frame->next));
    }
    void* take(std::size_t size) {
        auto at = (size - 1) / step;
        if (at >= classes) return ::operator new(size);
        if (!free_[at]) return ::operator new((at + 1) * step);
        --kept_[at];
        return std::exchange(free_[at], free_[at]->next);
    }
    void give(void* frame, std::size_t size) {
        auto at = (size - 1) / step;
        if (at >= classes || kept_[at] == most_kept) return ::operator delete(frame);
        ++kept_[at];
        free_[at] = ::new (frame) free_frame{free_[at]};
    }

    static thread_local bool gone;  ///< parsers may outlive the thread's store at its end

  private:
    struct free_frame {
        free_frame* next;
    };
    std::array<free_frame*, classes> free_{};
    std::array<std::uint8_t, classes> kept_{};
};

thread_local bool frame_store::gone = false;
thread_local frame_store store;

}  // namespace

void* take_frame(std::size_t size) { return frame_store::gone ? ::operator new(size) : store.take(size); }

void give_frame(void* frame, std::size_t size) noexcept {
    if (frame_store::gone) return ::operator delete(frame);
    store.give(frame, size);
}

bool push_input::gather(std::size_t size, std::string_view& out) {
    assert(size <= most_held);
    if (held_ >= size && held_ != 0) return out = {kept_.data(), size}, true;
    auto now = std::min(size - held_, left());
    if (now != 0) std::memcpy(kept_.data() + held_, at_, now);
    at_ += now;
    held_ += now;
    out = {kept_.data(), held_};
    return held_ == size;
}

void push_parser::start(push_parse parse) {
    root_ = std::move(parse);
    input_.restart();
    leaf_ = root_.frame_;
    leaf_.promise().driver_ = this;
    step_ = nullptr;
    passes_ = nullptr;
    state_ = parse_state::wants_more;
}

parse_state push_parser::feed(std::string_view piece) {
    if (state_ != parse_state::wants_more) return state_;
    input_.give(piece);
    state_ = parse_state::malformed;  // what is left behind when a parser's caller throws out of it
    if (advance()) {
        state_ = parse_state::finished;
    } else if (!input_.failed()) {
        state_ = parse_state::wants_more;
    }
    return state_;
}

/// @return whether the outermost parser has come to its end
bool push_parser::advance() {
    if (step_ && !step_(waiting_, input_)) return false;
    passes_ = nullptr;
    do {
        step_ = nullptr;
        leaf_.resume();
        if (step_) return false;
    } while (leaf_);
    return true;
}

}  // namespace outrider::kafka
