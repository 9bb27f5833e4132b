#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/discovery/registry_json.hpp"

namespace outrider::discovery {

/// What a key's value says of a member.
struct etcd_value {
    std::optional<config::upstream_endpoint> member;  ///< none: unreadable
    bool ready = true;
    std::string why{};  ///< unreadable: in what way
};

/// Reads {"address": "host:port", "scheme": "http", "ready": true}, of which only the address is needed; or an endpoint
/// as configurations have it, "https://stock-1:8443".
etcd_value read_etcd_value(std::string_view value);

/// What is written there; read by people too.
std::string write_etcd_value(const config::upstream_endpoint& address, const publication& verdict,
                             const std::string& since);

/// The end of the range of all keys that begin with `prefix`.
std::string range_end_of(std::string prefix);

/// A service's keys, as a range and then events tell them.
class etcd_members {
  public:
    /// Takes the place of all that is known. @return what is wrong with the answer; empty: nothing
    std::string take_range(const json& answer);

    /// What one message of a watch means.
    enum class effect {
        none,
        changed,     ///< read members() again
        list_again,  ///< the watch has missed something, or begins too late
        broken,      ///< why() says what
    };
    effect take_message(const json& message);
    const std::string& why() const { return why_; }

    /// Those that are ready, in the order of their keys.
    member_list members() const;
    /// There are some that are not ready.
    bool any_out() const;
    std::size_t skipped() const;
    std::string why_skipped() const;
    /// The range's revision; what comes later is for the watch.
    std::uint64_t revision() const { return revision_; }

  private:
    std::string take_pair(const json& pair);
    effect take_event(const json& event);

    std::map<std::string, etcd_value> keys_;
    std::uint64_t revision_ = 0;
    bool more_ = false;  ///< than are taken
    std::string why_;
};

}  // namespace outrider::discovery
