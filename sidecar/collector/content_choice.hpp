#pragma once

#include <string_view>

namespace outrider::collector {

/// Whether a field such as Accept or Accept-Encoding names this item itself, and not with `q=0` (RFC 9110, 12.5).
bool names_item(std::string_view field, std::string_view item);

/// Whether the client of this Accept-Encoding can unpack gzip: it says so, or takes whatever comes.
bool accepts_gzip(std::string_view accept_encoding);

/// Whether an If-None-Match lists this ETag; compared weakly, as it is for reads (RFC 9110, 13.1.2).
bool lists_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace outrider::collector
