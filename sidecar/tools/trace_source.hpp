#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "sidecar/net/http_client.hpp"
#include "sidecar/net/url.hpp"
#include "tracing/span_data.hpp"

namespace outrider::tools {

/// Why there are no spans to show.
struct fetch_error {
    /// not_found and unreachable may be otherwise in a moment, the others not.
    enum class reason { not_found, unreachable, not_jaeger } why = reason::not_found;
    std::string text{};  ///< a sentence for a person, safe for a terminal
};

/// The spans of one trace.
using fetched_trace = boost::system::result<std::vector<tracing::span_data>, fetch_error>;

/// Which traces to search for: those with a span that has all of this.
struct trace_search {
    std::string service;
    std::vector<std::pair<std::string, std::string>> tags;
    std::uint64_t start_unix_ns = 0, end_unix_ns = 0;  ///< when the span began
    std::size_t limit = 20;                            ///< the last ones
    auto operator<=>(const trace_search&) const = default;
};

/// Reads traces from our collector or from a Jaeger query service: both answer alike.
class trace_source {
  public:
    /// @param base  what stands before /api, e.g. http://jaeger:16686 or https://host/jaeger
    explicit trace_source(net::url base);

    fetched_trace by_id(const std::string& trace_id);
    /// The trace of this service that started last.
    fetched_trace latest_of(const std::string& service);
    /// The spans of all traces that are found, which may be none.
    fetched_trace search(const trace_search& wanted);
    /// The first few names of services there are.
    std::vector<std::string> services();
    /// Any answer, whatever it says. @param target  with a leading slash, below the base
    boost::system::result<net::http_response, fetch_error> get(const std::string& target);
    const net::url& base() const { return base_; }

  private:
    fetched_trace fetch(const std::string& target, const std::string& what);
    fetch_error explain(const net::http_response& answer, const std::string& what) const;
    fetch_error no_trace_of(const std::string& service);

    net::url base_;
    net::http_client client_;
};

/// A base URL as a person writes it; a query makes no sense in it.
boost::system::result<net::url, std::string> parse_base_url(const std::string& text);

/// Everything but RFC 3986's unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace outrider::tools
