#include "sidecar/kafka/share_fetch_request.hpp"

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

std::optional<share_fetch_head> read_share_fetch_head(std::string_view body, std::int16_t version) {
    if (version < 1 || version > 2) return std::nullopt;
    wire_reader in{body};
    (void)in.string(encoding::flexible);  // group
    (void)in.string(encoding::flexible);  // member
    share_fetch_head out;
    out.session_epoch = in.int32();
    out.max_wait_at = in.position();
    out.max_wait_ms = in.int32();
    in.skip(4 + 4);  // the least and the most bytes
    out.max_records_at = in.position();
    (void)in.int32();
    return in.failed() ? std::nullopt : std::optional{out};
}

}  // namespace outrider::kafka
