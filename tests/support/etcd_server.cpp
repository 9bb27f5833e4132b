#include "tests/support/etcd_server.hpp"

#include <thread>

#include "sidecar/net/http_client.hpp"
#include "tracing/base64.hpp"

namespace outrider::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string base64(const std::string& text) { return tracing::encode_base64(text); }

}  // namespace

std::unique_ptr<etcd_server> etcd_server::start(const certificate_files& tls, const std::string& ca) {
    std::unique_ptr<etcd_server> out(new etcd_server);
    out->tls_ = tls;
    out->ca_ = ca;
    // etcd does not choose ports; one that was free may be taken by the time it listens.
    for (int tries = 0; tries < 3; ++tries) {
        out->port_ = free_port();
        out->peers_ = free_port();
        if (out->start_process()) return out;
        ++out->generation_;
    }
    return nullptr;
}

std::string etcd_server::url() const {
    return (tls_.certificate.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port_);
}

bool etcd_server::start_again(bool data) {
    kill();
    if (!data) ++generation_;
    return start_process();
}

bool etcd_server::start_process() {
    const auto peers = "http://127.0.0.1:" + std::to_string(peers_);
    std::vector<std::string> words{"etcd",
                                   "--data-dir",
                                   folder_ / ("data" + std::to_string(generation_)),
                                   "--listen-client-urls",
                                   url(),
                                   "--advertise-client-urls",
                                   url(),
                                   "--listen-peer-urls",
                                   peers,
                                   "--initial-advertise-peer-urls",
                                   peers,
                                   "--initial-cluster",
                                   "default=" + peers};
    if (!tls_.certificate.empty()) words.insert(words.end(), {"--cert-file", tls_.certificate, "--key-file", tls_.key});
    if (!process_.start(words, port_)) return false;
    // It accepts before it has a leader.
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (std::chrono::steady_clock::now() < until) {
        const auto answer = call("/kv/range", {{"key", base64("x")}});
        if (answer.is_object() && (answer.contains("header") || answer.contains("error"))) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

json etcd_server::call(const std::string& path, const json& body, const std::string& token) const {
    net::http_client_options options;
    if (!ca_.empty()) options.tls = std::make_shared<net::tls_context>(config::tls_client{.ca = ca_});
    net::http_client client(std::move(options));
    const auto text = body.dump();
    net::http_request request{"POST", *net::parse_url(url() + "/v3" + path), {}, {text}};
    if (!token.empty()) request.headers.emplace_back("Authorization", token);
    const auto answer = client.request(request, seconds(5));
    return answer ? json::parse(answer->body, nullptr, false) : json();
}

void etcd_server::put(const std::string& key, const std::string& value) const {
    call("/kv/put", {{"key", base64(key)}, {"value", base64(value)}});
}

void etcd_server::remove(const std::string& key) const { call("/kv/deleterange", {{"key", base64(key)}}); }

std::string etcd_server::get(const std::string& key, const std::string& token) const {
    const auto answer = call("/kv/range", {{"key", base64(key)}}, token);
    if (!answer.is_object() || !answer.contains("kvs")) return {};
    return tracing::decode_base64(answer["kvs"][0].value("value", "")).value_or("");
}

}  // namespace outrider::test
