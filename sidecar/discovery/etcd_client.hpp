#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "sidecar/discovery/etcd_registry.hpp"
#include "sidecar/discovery/registry_json.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::discovery {

/// Why a call has no answer.
struct etcd_failure {
    enum class kind {
        unreachable,      ///< no usable answer; another member may have one
        unauthenticated,  ///< the token is missing, unknown or has expired
        not_found,        ///< the lease does not exist
        refused,          ///< anything else that etcd says
    };
    kind what = kind::unreachable;
    std::string why{};
};

/// What an answer that is no 200 says. @param body  {"error": ..., "code": gRPC's number}
etcd_failure read_etcd_failure(unsigned status, std::string_view body);

/// Calls of the gateway, to one member after the other, with a token where there is a user. One thread's, but cancel().
class etcd_client {
  public:
    /// @param options  must outlive it
    etcd_client(const etcd_options& options, const std::vector<net::url>& members,
                std::shared_ptr<net::tls_context> tls);

    using answer = boost::system::result<json, etcd_failure>;
    /// @param path  such as "/kv/range"
    answer call(const std::string& path, const json& body);

    /// One answer without end, from the member that answered last.
    /// @param take   gets each of its documents; false: enough
    /// @param taken  called when all that have come so far are taken
    /// @return how it ended: nothing when `take` had enough or the silence lasted
    std::optional<etcd_failure> stream(const std::string& path, const json& body,
                                       const std::function<bool(const json& document)>& take,
                                       const std::function<void()>& taken);

    /// The next call begins with another member.
    void turn() { current_ = (current_ + 1) % members_.size(); }
    /// The next call asks for a new token.
    void forget_token() { token_.clear(); }
    void cancel() { http_.cancel(); }
    std::string member() const { return members_[current_].authority(); }

  private:
    answer once(const std::string& path, const json& body);
    answer send(const std::string& path, const json& body);
    std::optional<etcd_failure> authenticate();
    net::http_request request_for(const std::string& path, const std::string& body) const;

    const etcd_options& options_;
    const std::vector<net::url> members_;
    net::http_client http_;
    std::size_t current_ = 0;
    std::string token_;
};

}  // namespace outrider::discovery
