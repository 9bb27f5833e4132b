#include "sidecar/kafka/push_steps.hpp"

namespace outrider::kafka::push {

bool text_step::advance(push_input& in) {
    if (!sized) {
        std::string_view prefix;
        if (flexible ? !compact.advance(in) : !in.take(2, prefix)) return false;
        auto length = flexible ? std::int64_t{compact.value()} - 1 : std::int64_t{wire_reader{prefix}.int16()};
        if (length < -1) return in.fail();
        if (length == -1) return true;
        size = static_cast<std::size_t>(std::min<std::int64_t>(length, push_input::most_held));
        rest = static_cast<std::uint64_t>(length) - size;
        sized = true;
    }
    // The beginning of a string that is cut has to outlive the pieces its rest comes in.
    if (!have_text) {
        if (rest != 0 ? !in.copy(size, text) : !in.take(size, text)) return false;
        if (size == 0) text = std::string_view{"", 0};
        have_text = true;
    }
    return in.pass(rest);
}

bool tags_step::advance(push_input& in) {
    for (;;) {
        if (next == part::end) return true;
        if (next == part::body) {
            if (!in.pass(body)) return false;
            next = --left == 0 ? part::end : part::number;
            continue;
        }
        if (!number.advance(in)) return false;
        auto read = std::exchange(number, {}).value();
        if (next == part::count) {
            left = read;
            next = left == 0 ? part::end : part::number;
        } else if (next == part::number) {
            next = part::size;
        } else {
            body = read;
            next = part::body;
        }
    }
}

}  // namespace outrider::kafka::push
