#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sidecar/collector/dashboard_files.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// The dashboard's files, served from the program itself: a browser needs nothing of any other server, and may load
/// nothing from one.
class dashboard_pages {
  public:
    explicit dashboard_pages(std::span<const dashboard_file> files = dashboard_files()) : files_(files) {}

    /// Whether the request is for one of the files; "/" is, where HTML is asked for.
    bool serves(const net::server_request& request) const { return find(request) != nullptr; }
    /// @param request  that it serves; GET or HEAD
    net::server_response handle(const net::server_request& request) const;

  private:
    const dashboard_file* find(const net::server_request& request) const;

    std::span<const dashboard_file> files_;
};

}  // namespace outrider::collector
