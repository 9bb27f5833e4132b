#pragma once

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace outrider::kafka {

enum class parse_state : std::uint8_t {
    wants_more,  ///< the piece is used up
    finished,    ///< what follows position() is not the message's
    malformed,   ///< stays so
};

/// The bytes at hand of a message that arrives in pieces, and the little that was kept of earlier pieces.
class push_input {
  public:
    /// The most that one hold() can give.
    static constexpr std::size_t most_held = 1024;

    void restart() {
        at_ = end_ = nullptr;
        end_position_ = 0;
        held_ = 0;
        failed_ = false;
    }
    void give(std::string_view piece) {
        at_ = piece.data();
        end_ = at_ + piece.size();
        end_position_ += piece.size();
    }
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    /// How many bytes of the message lie before the next one that is taken.
    std::uint64_t position() const { return end_position_ - left() - held_; }

    /// Gives the next `size` bytes in one view without taking them, from the piece itself where it has them all.
    /// Without release() in between, sizes may only grow; the view is valid until the next call, and until the piece
    /// goes.
    bool hold(std::size_t size, std::string_view& out) {
        if (held_ != 0 || left() < size) return gather(size, out);
        out = {at_, size};
        return true;
    }
    /// Takes what was held last, all of it.
    void release(std::size_t size) {
        if (held_ == 0) at_ += size;
        held_ = 0;
    }
    bool take(std::size_t size, std::string_view& out) {
        if (!hold(size, out)) return false;
        release(size);
        return true;
    }
    /// Takes into what is kept even where the piece has it all: the view outlives the piece.
    bool copy(std::size_t size, std::string_view& out) {
        if (!gather(size, out)) return false;
        held_ = 0;
        return true;
    }
    bool byte(std::uint8_t& out) {
        if (at_ == end_) return false;
        out = static_cast<std::uint8_t>(*at_++);
        return true;
    }
    /// Passes up to `size` bytes, which it counts down. @return whether that was all
    bool pass(std::uint64_t& size) {
        auto now = std::min<std::uint64_t>(size, left());
        at_ += now;
        size -= now;
        return size == 0;
    }

    /// So many bytes went by without being given.
    void went_by(std::uint64_t size) { end_position_ += size; }

    bool failed() const { return failed_; }
    bool fail() { return failed_ = true, false; }

  private:
    bool gather(std::size_t size, std::string_view& out);

    const char* at_ = nullptr;
    const char* end_ = nullptr;
    std::uint64_t end_position_ = 0;
    std::size_t held_ = 0;
    bool failed_ = false;
    std::array<char, most_held> kept_;
};

/// Frames of parsers are taken from a small store of the thread, so that a parse per message does not allocate.
void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

/// A parser of a message that arrives in pieces, written as straight-line code: a coroutine that awaits the steps of
/// push_steps.hpp (`auto size = co_await push::int32();`) and other parsers. It is resumed when the bytes a step wants
/// are there; after bytes that make no sense it is never resumed, so that a parser checks nothing but its own rules.
/// What a step gives as a view is valid until the next co_await.
class [[nodiscard]] push_parse {
  public:
    class promise_type;
    using handle = std::coroutine_handle<promise_type>;

    push_parse() = default;
    explicit push_parse(handle frame) : frame_(frame) {}
    push_parse(push_parse&& from) noexcept : frame_(std::exchange(from.frame_, {})) {}
    push_parse& operator=(push_parse&& from) noexcept {
        std::swap(frame_, from.frame_);
        return *this;
    }
    ~push_parse() {
        if (frame_) frame_.destroy();
    }

  private:
    friend class promise_type;
    friend class push_parser;
    handle frame_;
};

/// Drives one parser. Neither copied nor moved: the parser points into it. A little over 1 KiB.
class push_parser {
  public:
    push_parser() = default;
    explicit push_parser(push_parse parse) { start(std::move(parse)); }
    push_parser(const push_parser&) = delete;
    push_parser& operator=(const push_parser&) = delete;

    /// Begins a new message; what was left of the former is forgotten.
    void start(push_parse parse);
    /// Parses on. Views that the parser hands out point into `piece`, or into what was kept.
    parse_state feed(std::string_view piece);
    parse_state state() const { return state_; }
    /// Bytes parsed since the start.
    std::uint64_t position() const { return input_.position(); }

    /// How many of the bytes that come next it passes without a look at them, as far as it knows.
    std::uint64_t passes() const { return passes_ ? *passes_ : 0; }
    /// The next `size` of those went by without being fed.
    parse_state went_by(std::uint64_t size) {
        *passes_ -= size;
        input_.went_by(size);
        return feed({});
    }

  private:
    friend class push_parse::promise_type;
    bool advance();

    push_input input_;
    push_parse root_;
    push_parse::handle leaf_;  ///< the innermost parser, which is the one that runs
    bool (*step_)(void* step, push_input& in) = nullptr;
    void* waiting_ = nullptr;          ///< the step that wants more, in the leaf's frame
    std::uint64_t* passes_ = nullptr;  ///< of that step, when it looks at nothing
    parse_state state_ = parse_state::finished;
};

class push_parse::promise_type {
  public:
    static void* operator new(std::size_t size) { return take_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { give_frame(frame, size); }

    push_parse get_return_object() { return push_parse{handle::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct ending {
        bool await_ready() noexcept { return false; }
        void await_suspend(handle self) noexcept {
            auto& own = self.promise();
            own.driver_->leaf_ = own.parent_;
        }
        void await_resume() noexcept {}
    };
    ending final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { throw; }

    /// A step runs at once when its bytes are there; otherwise it waits in the driver.
    template <typename Step>
    struct stepping {
        Step step;
        push_parser* driver;
        bool await_ready() { return step.advance(driver->input_); }
        void await_suspend(handle) {
            driver->waiting_ = &step;
            if constexpr (requires { step.passes(); }) driver->passes_ = step.passes();
            driver->step_ = [](void* waiting, push_input& in) { return static_cast<Step*>(waiting)->advance(in); };
        }
        auto await_resume() { return step.value(); }
    };
    template <typename Step>
    stepping<Step> await_transform(Step step) {
        return {step, driver_};
    }

    /// An inner parser is resumed by the driver's loop, as is the outer one after it: the stack does not grow.
    struct nesting {
        handle inner;
        bool await_ready() { return false; }
        void await_suspend(handle outer) {
            inner.promise().parent_ = outer;
            inner.promise().driver_ = outer.promise().driver_;
            inner.promise().driver_->leaf_ = inner;
        }
        void await_resume() {}
    };
    nesting await_transform(const push_parse& inner) { return {inner.frame_}; }

  private:
    friend class push_parser;
    push_parser* driver_ = nullptr;
    handle parent_;
};

}  // namespace outrider::kafka
