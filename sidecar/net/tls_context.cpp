#include "sidecar/net/tls_context.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "sidecar/net/system_roots.hpp"

namespace outrider::net {
namespace {

constexpr std::array<unsigned char, 9> alpn_http11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// The oldest queued error is the cause, later ones wrap it ("system lib").
std::string queued_error() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "unknown error";
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
    const char* reason = ERR_reason_error_string(code);
    return reason ? reason : "error " + std::to_string(code);
}

[[noreturn]] void fail(const std::string& what, const std::string& file) {
    throw std::runtime_error(what + " " + file + ": " + queued_error());
}

void trust(SSL_CTX* context, const std::string& ca) {
    if (ca.empty())
        begin_to_read_system_roots();
    else if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1)
        fail("cannot read CA certificates from", ca);
}

void identify(SSL_CTX* context, const config::tls_client& settings) {
    if (settings.certificate.empty()) return;
    if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1)
        fail("cannot read the client certificate", settings.certificate);
    const auto& key = settings.key.empty() ? settings.certificate : settings.key;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        fail("cannot use the private key", key);
    if (SSL_CTX_check_private_key(context) != 1) fail("the client certificate does not belong to the key", key);
}

std::shared_ptr<SSL_CTX> build(const config::tls_client& settings, alpn offered) {
    ERR_clear_error();
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    if (!context) fail("cannot set up", "TLS");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // Idle connections give their buffers back; partial writes from a moving buffer suit non-blocking descriptors.
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (offered == alpn::http11) SSL_CTX_set_alpn_protos(context.get(), alpn_http11.data(), alpn_http11.size());
    trust(context.get(), settings.ca);
    identify(context.get(), settings);
    return context;
}

bool is_address(const std::string& host) {
    std::array<unsigned char, 16> bytes;
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

tls_context::tls_context(config::tls_client settings, alpn offered)
    : settings_(std::move(settings)), offered_(offered) {
    stamps_ = stamps();  // before the files are read: a change in between is seen at the next look
    context_ = build(settings_, offered_);
}

std::shared_ptr<SSL_CTX> tls_context::current() const {
    const std::lock_guard lock(mutex_);
    return context_;
}

ssl_pointer tls_context::new_connection(const std::string& host) const {
    ssl_pointer ssl(SSL_new(current().get()));
    if (settings_.ca.empty()) SSL_set1_verify_cert_store(ssl.get(), system_roots());
    const auto& name = settings_.server_name.empty() ? host : settings_.server_name;
    if (is_address(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
    } else {
        SSL_set1_host(ssl.get(), name.c_str());
        SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    }
    SSL_set_connect_state(ssl.get());
    return ssl;
}

std::vector<tls_context::file_stamp> tls_context::stamps() const {
    std::vector<file_stamp> out;
    for (const auto& path : {settings_.ca, settings_.certificate, settings_.key}) {
        struct stat status {};
        if (!path.empty() && ::stat(path.c_str(), &status) == 0)
            out.push_back({static_cast<std::int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
                           status.st_mtim.tv_nsec});
        else
            out.emplace_back();
    }
    return out;
}

std::string tls_context::reload_if_changed() {
    const auto now = std::chrono::steady_clock::now();
    {
        const std::lock_guard lock(mutex_);
        if (now - looked_ < std::chrono::seconds(1)) return {};
        looked_ = now;
    }
    auto seen = stamps();
    {
        const std::lock_guard lock(mutex_);
        if (seen == stamps_) return {};
        stamps_ = std::move(seen);
    }
    return reload();
}

std::string tls_context::reload() {
    try {
        auto fresh = build(settings_, offered_);
        const std::lock_guard lock(mutex_);
        context_ = std::move(fresh);
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

std::string tls_failure_text(const SSL* ssl) {
    const auto verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        ERR_clear_error();
        return std::string("certificate not accepted: ") + X509_verify_cert_error_string(verdict);
    }
    return queued_error();
}

}  // namespace outrider::net
