#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/http_receiver.hpp"

namespace outrider::test {

/// EndpointSlices as Kubernetes' API serves them: list and watch with a label selector, resource versions, bookmarks,
/// 410 Gone, bearer tokens, over TLS. It behaves as the documentation says; no Kubernetes code is in it.
class kube_server {
  public:
    /// @param files  certificate of the server
    explicit kube_server(const certificate_files& files);
    ~kube_server();

    std::string url() const { return receiver_->url(""); }
    std::uint16_t port() const { return receiver_->port(); }
    std::vector<received_request> requests() const { return receiver_->requests(); }

    /// Creates or changes a slice. @param more  fields beside metadata: addressType, endpoints, ports
    void apply(const std::string& space, const std::string& service, const std::string& name, nlohmann::json more);
    void remove(const std::string& space, const std::string& name);
    /// Versions up to now cannot be watched from any more; watches under way are told so.
    void forget_history();
    void end_watches();
    void bookmark();
    /// What a request has to carry; empty: nothing.
    void set_token(const std::string& token);

  private:
    struct change {
        std::uint64_t version = 0;
        std::string type;
        nlohmann::json object;
    };
    reply answer(const received_request& request);
    reply list(const std::string& space, const std::string& service);
    void watch(const std::string& space, const std::string& service, std::uint64_t from, int seconds,
               const raw_writer& write);
    void record(const std::string& type, nlohmann::json object);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, nlohmann::json> slices_;  ///< by namespace/name
    std::vector<change> history_;
    std::uint64_t version_ = 100, oldest_ = 0, ends_ = 0, bookmarks_ = 0;
    std::string token_;
    bool stopping_ = false;
    std::unique_ptr<http_receiver> receiver_;
};

}  // namespace outrider::test
