#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/discovery/registry_json.hpp"

namespace outrider::discovery {

/// "name", "name.namespace" or "namespace/name", each with ":port": by its name, or by the number that the pods listen
/// on, which is what slices tell.
struct kubernetes_service {
    std::string name, space, port;
    bool operator==(const kubernetes_service&) const = default;
};
/// @param own_namespace  where it is when the text has none
/// @return what is wrong with the text; empty: nothing
std::string read_kubernetes_service(const std::string& text, const std::string& own_namespace, kubernetes_service& out);

/// The EndpointSlices of one service, as a list and then events tell them.
class kubernetes_slices {
  public:
    /// @param port  name or number; empty: the one named http or https, else the first
    explicit kubernetes_slices(std::string port) : port_(std::move(port)) {}

    /// Takes the place of all that is known. @return what is wrong with the answer; empty: nothing
    std::string take_list(const json& answer);

    /// What one event of a watch means.
    enum class effect {
        none,
        changed,     ///< read members() again
        list_again,  ///< 410 Gone: the version is too old to be watched from
        broken,      ///< why() says what
    };
    effect take_event(const json& event);
    const std::string& why() const { return why_; }
    /// From where to watch on.
    const std::string& version() const { return version_; }

    /// All that are ready, ordered by address. Where nobody is, those that still serve while they end, as kube-proxy
    /// does. A service of both IP families is read by its IPv4 slices: the pods are the same.
    member_list members() const;
    /// There are some that are not ready.
    bool any_out() const;
    std::size_t skipped() const;
    std::string why_skipped() const;

  private:
    enum class state : std::uint8_t { ready, serving, out };
    struct member {
        config::upstream_endpoint where;
        state is = state::ready;
    };
    struct slice {
        unsigned family = 0;
        std::vector<member> members;
        std::size_t skipped = 0;
        std::string why_skipped;
        void skip(std::string why);
    };
    struct port_choice {
        std::uint16_t number = 0;
        bool tls = false;
    };

    bool take_slice(const json& object);
    slice read_slice(const json& object) const;
    void read_endpoint(const json& endpoint, port_choice port, slice& into) const;
    std::optional<port_choice> choose_port(const json& object) const;
    static state state_of(const json& endpoint);
    member_list members_of(unsigned family, state wanted) const;

    const std::string port_;
    std::map<std::string, slice> slices_;
    std::string version_, why_;
    bool more_ = false;  ///< slices than are taken
};

}  // namespace outrider::discovery
