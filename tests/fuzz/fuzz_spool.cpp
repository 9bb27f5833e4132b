// A segment of the spool that somebody damaged: reading it must find only what its own sums vouch for, and end.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sidecar/export/delivery_queue.hpp"
#include "sidecar/export/spool_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace outrider::exporting;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto header = parse_segment_header(bytes);
    if (header && header->bytes > size) std::abort();
    const auto first = header ? header->bytes : 0;
    const auto checked = parse_records(bytes, first, true), unchecked = parse_records(bytes, first, false);
    if (checked.intact.size() > unchecked.intact.size()) std::abort();
    std::size_t end = first;
    for (const auto& record : checked.intact) {
        if (record.offset < end || record.offset + record_header_bytes + record.payload.size() > size) std::abort();
        end = record.offset + record_header_bytes + record.payload.size();
        // What is intact is what we would have written ourselves.
        if (!record.settled && encode_record_header(record.payload, record.spans).substr(0, record_state_offset) !=
                                   bytes.substr(record.offset, record_state_offset))
            std::abort();
        if (split_at(record.payload, record.spans) > record.payload.size()) std::abort();
    }
    return 0;
}
