#include "sidecar/kafka/records_field.hpp"

#include <algorithm>

#include "sidecar/kafka/push_steps.hpp"

namespace outrider::kafka {
namespace {

// Every magic begins with an offset, an int32 length of what follows it, four bytes (epoch or CRC), and the magic.
constexpr std::size_t length_at = 8, behind_length = 12, common_head = 17;

/// Looks at the length before it decides how much of the batch belongs to the head.
struct batch_head_step {
    std::uint64_t left;  ///< of the field
    seen_batch batch{};

    bool advance(push_input& in) {
        batch.position = in.position();
        batch.available = left;
        auto common = at_most(common_head);
        if (!in.hold(common, batch.head)) return false;
        if (common < common_head) return finish(in, true);
        auto size = std::int64_t{wire_reader{batch.head.substr(length_at)}.int32()} + std::int64_t{behind_length};
        auto least = batch.magic() == 2 ? seen_batch::head_size : common_head;
        if (size < static_cast<std::int64_t>(least)) return batch.garbled = true, finish(in, false);
        batch.size = static_cast<std::uint64_t>(size);
        batch.available = std::min(left, batch.size);
        if (!in.hold(at_most(seen_batch::head_size), batch.head)) return false;
        return finish(in, batch.size > left);
    }
    seen_batch value() const { return batch; }

  private:
    std::size_t at_most(std::size_t size) const {
        return static_cast<std::size_t>(std::min<std::uint64_t>(size, batch.available));
    }
    bool finish(push_input& in, bool cut) {
        batch.cut = cut;
        in.release(batch.head.size());
        return true;
    }
};

}  // namespace

push_parse parse_records_field(records_visitor& to, encoding how) {
    records_field field;
    field.length_at = co_await push::position();
    auto size = co_await push::length(how);
    field.at = co_await push::position();
    field.null = size < 0;
    field.size = field.null ? 0 : static_cast<std::uint64_t>(size);
    to.on_records(field);
    for (auto left = field.size; left > 0;) {
        auto batch = co_await batch_head_step{left};
        auto wanted = to.on_batch(batch);
        auto body = batch.available - batch.head.size();
        left -= batch.available;
        while (wanted && body > 0) {
            auto piece = co_await push::some(body);
            body -= piece.size();
            to.on_batch_bytes(piece);
        }
        co_await push::skip(body);
        to.on_batch_end();
    }
}

}  // namespace outrider::kafka
