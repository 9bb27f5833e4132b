#include "sidecar/discovery/etcd_client.hpp"

#include "sidecar/discovery/json_lines.hpp"

namespace outrider::discovery {
namespace {

using kind = etcd_failure::kind;

constexpr std::size_t error_bytes = 64 * 1024;

net::http_client_options client_options(std::shared_ptr<net::tls_context> tls) {
    net::http_client_options out;
    out.tls = std::move(tls);
    out.response_bytes = answer_bytes;
    return out;
}

bool about_the_token(unsigned status, std::string_view text) {
    return status == 401 || text.find("user name is empty") != std::string_view::npos ||
           text.find("invalid auth token") != std::string_view::npos ||
           text.find("revision of auth store is old") != std::string_view::npos;
}

}  // namespace

etcd_failure read_etcd_failure(unsigned status, std::string_view body) {
    const auto document = read_json(body);
    auto said = document ? text_of(*document, "error") : std::string{};
    if (said.empty() && document) said = text_of(*document, "message");
    const auto why = "HTTP " + std::to_string(status) + (said.empty() ? "" : ", " + shown(said));
    if (about_the_token(status, said)) return {kind::unauthenticated, why};
    if (said.find("lease not found") != std::string::npos) return {kind::not_found, why};
    // 404 without etcd's words: something else listens there, or a gateway without this prefix.
    if (status == 404 || status >= 500 || status / 100 == 3) return {kind::unreachable, why};
    return {kind::refused, why};
}

etcd_client::etcd_client(const etcd_options& options, const std::vector<net::url>& members,
                         std::shared_ptr<net::tls_context> tls)
    : options_(options), members_(members), http_(client_options(std::move(tls))) {}

etcd_client::answer etcd_client::call(const std::string& path, const json& body) {
    etcd_failure last;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        auto got = once(path, body);
        if (!got && got.error().what == kind::unauthenticated && !options_.user.empty()) {
            forget_token();
            got = once(path, body);
        }
        if (got || got.error().what != kind::unreachable) return got;
        last = got.error();
        turn();
    }
    return last;
}

etcd_client::answer etcd_client::once(const std::string& path, const json& body) {
    if (auto failed = authenticate()) return std::move(*failed);
    return send(path, body);
}

etcd_client::answer etcd_client::send(const std::string& path, const json& body) {
    const auto text = write_json(body);
    const auto got = http_.request(request_for(path, text), options_.timeout);
    if (!got) return etcd_failure{kind::unreachable, got.error().text};
    if (got->status != 200) {
        auto failed = read_etcd_failure(got->status, got->body);
        failed.why = member() + " answers " + path + " with " + failed.why;
        return failed;
    }
    auto document = read_json(got->body);
    if (!document || !document->is_object())
        return etcd_failure{kind::unreachable,
                            member() + " answers " + path + " with what is no JSON object within bounds"};
    return answer{boost::system::in_place_value, std::move(*document)};
}

std::optional<etcd_failure> etcd_client::authenticate() {
    if (options_.user.empty() || !token_.empty()) return std::nullopt;
    const auto got = send("/auth/authenticate", {{"name", options_.user}, {"password", options_.password}});
    if (!got) {
        // A wrong password is no reason to ask for a token again; without authentication in etcd none is needed.
        if (got.error().why.find("authentication is not enabled") != std::string::npos) return std::nullopt;
        return etcd_failure{got.error().what == kind::unreachable ? kind::unreachable : kind::refused, got.error().why};
    }
    token_ = text_of(*got, "token");
    if (token_.empty()) return etcd_failure{kind::unreachable, member() + " gives no token"};
    return std::nullopt;
}

net::http_request etcd_client::request_for(const std::string& path, const std::string& body) const {
    net::http_request out;
    out.method = "POST";
    out.url = members_[current_];
    out.url.target += "v3" + path;
    out.headers.emplace_back("Content-Type", "application/json");
    if (!token_.empty()) out.headers.emplace_back("Authorization", token_);
    out.body = {body};
    return out;
}

std::optional<etcd_failure> etcd_client::stream(const std::string& path, const json& body,
                                                const std::function<bool(const json& document)>& take,
                                                const std::function<void()>& taken) {
    if (auto failed = authenticate()) return failed;
    const auto text = write_json(body);
    unsigned status = 0;
    std::string error;
    json_lines lines(answer_bytes);
    bool readable = true;
    const auto line = [&](std::string_view one) {
        const auto document = read_json(one);
        readable = document && document->is_object();
        return readable && take(*document);
    };
    const net::http_sink sink{[&](const net::http_response& head) {
                                  status = head.status;
                                  return true;
                              },
                              [&](std::string_view piece) {
                                  if (status != 200) error += piece;
                                  if (status != 200) return error.size() < error_bytes;
                                  const bool more = lines.feed(piece, line);
                                  taken();
                                  return more;
                              }};
    const auto got = http_.stream(request_for(path, text), sink, {.head = options_.timeout, .idle = options_.silence});
    if (status != 0 && status != 200) return read_etcd_failure(status, error);
    if (lines.too_long()) return etcd_failure{kind::unreachable, member() + " sends an event of more than 16 MiB"};
    if (!readable) return etcd_failure{kind::unreachable, member() + " sends an event that is no JSON within bounds"};
    if (got || (status == 200 && got.error().failure == net::http_failure::timeout)) return std::nullopt;
    return etcd_failure{kind::unreachable, got.error().text};
}

}  // namespace outrider::discovery
