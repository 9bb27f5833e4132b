#include "sidecar/discovery/kubernetes_registry.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "sidecar/discovery/json_lines.hpp"
#include "sidecar/discovery/kubernetes_slices.hpp"
#include "sidecar/discovery/threaded_registry.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t secret_bytes = 64 * 1024;
constexpr std::size_t error_bytes = 64 * 1024;

/// What the threads of one registry share.
struct kubernetes_parts {
    kubernetes_options options;
    net::url server;
    std::shared_ptr<net::tls_context> tls;
};

/// A small file without the blanks around its text; nothing when it cannot be read.
std::optional<std::string> text_in(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(secret_bytes, '\0');
    if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof()) return std::nullopt;
    text.resize(static_cast<std::size_t>(file.gcount()));
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return std::nullopt;
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

class kubernetes_follower final : public follower {
  public:
    kubernetes_follower(std::shared_ptr<const kubernetes_parts> parts, const std::string& service)
        : parts_(std::move(parts)),
          http_({.tls = parts_->tls, .response_bytes = answer_bytes}),
          wrong_(read_kubernetes_service(service, parts_->options.own_namespace, service_)),
          seen_(service_.port) {}

    std::string follow(watch_news& news) override {
        if (!wrong_.empty()) return wrong_;
        if (auto failed = list(); !failed.empty()) return failed;
        tell(news);
        // A watch that the server ends is begun where it ended; one that ends at once is a reason to pause.
        while (true) {
            const auto began = clock::now();
            const auto end = watch(news);
            if (!end.go_on || clock::now() - began < std::chrono::seconds(1)) return end.why;
        }
    }

    void cancel() override { http_.cancel(); }

  private:
    using effect = kubernetes_slices::effect;
    struct watch_end {
        bool go_on = false;
        std::string why{};
    };

    void tell(watch_news& news) {
        news.members(seen_.members(), seen_.skipped(), seen_.why_skipped(), seen_.any_out());
    }

    /// @param rest  of the query
    std::optional<net::http_request> request(const std::string& rest, std::string& why) const {
        net::http_request out;
        out.url = parts_->server;
        out.url.target += "apis/discovery.k8s.io/v1/namespaces/" + service_.space + "/endpointslices?labelSelector=" +
                          percent_encoded("kubernetes.io/service-name=" + service_.name) + rest;
        out.headers.emplace_back("Accept", "application/json");
        const auto& file = parts_->options.token_file;
        if (file.empty()) return out;
        const auto token = text_in(file);
        if (token) out.headers.emplace_back("Authorization", "Bearer " + *token);
        why = token ? "" : "cannot read a token from " + file;
        return token ? std::optional(out) : std::nullopt;
    }

    std::string refusal(unsigned status, std::string_view body) const {
        const auto document = read_json(body);
        const auto said = document ? text_of(*document, "message") : std::string(body);
        return parts_->server.authority() + " answers the request for " + service_.name + "." + service_.space +
               " with HTTP " + std::to_string(status) + (said.empty() ? "" : ", " + shown(said));
    }

    std::string list() {
        std::string why;
        const auto asked = request("", why);
        if (!asked) return why;
        const auto got = http_.request(*asked, parts_->options.timeout);
        if (!got) return got.error().text;
        if (got->status != 200) return refusal(got->status, got->body);
        const auto document = read_json(got->body);
        why = document ? seen_.take_list(*document) : "what is no JSON within bounds";
        return why.empty() ? why : parts_->server.authority() + " answers with " + why;
    }

    watch_end watch(watch_news& news) {
        std::string why;
        const auto asked =
            request("&watch=1&allowWatchBookmarks=true&resourceVersion=" + percent_encoded(seen_.version()) +
                        "&timeoutSeconds=" + std::to_string(parts_->options.watch.count()),
                    why);
        if (!asked) return {false, why};
        unsigned status = 0;
        std::string error;
        json_lines lines(answer_bytes);
        auto last = effect::none;
        bool changed = false;
        const auto line = [&](std::string_view one) {
            const auto document = read_json(one);
            last = document ? seen_.take_event(*document) : effect::broken;
            if (!document) why = "an event is no JSON within bounds";
            changed = changed || last == effect::changed;
            return last == effect::none || last == effect::changed;
        };
        const net::http_sink sink{[&](const net::http_response& head) {
                                      status = head.status;
                                      return true;
                                  },
                                  [&](std::string_view piece) {
                                      if (status != 200) error += piece;
                                      if (status != 200) return error.size() < error_bytes;
                                      const bool more = lines.feed(piece, line);
                                      if (std::exchange(changed, false)) tell(news);
                                      return more;
                                  }};
        const auto silence = parts_->options.watch + parts_->options.watch / 4 + std::chrono::seconds(1);
        const auto got = http_.stream(*asked, sink, {.head = parts_->options.timeout, .idle = silence});
        if (status == 410 || last == effect::list_again) return {};
        if (status != 0 && status != 200) return {false, refusal(status, error)};
        if (lines.too_long()) return {false, "an event of more than 16 MiB"};
        if (last == effect::broken) return {false, why.empty() ? seen_.why() : why};
        return {got.has_value()};  // one that broke: the list that is asked for next says what is wrong
    }

    const std::shared_ptr<const kubernetes_parts> parts_;
    net::http_client http_;
    kubernetes_service service_;
    const std::string wrong_;  ///< with the name of the service
    kubernetes_slices seen_;
};

/// What a pod is given.
void complete(kubernetes_options& options) {
    const auto of_environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value != nullptr ? value : "");
    };
    if (options.server.empty()) {
        const auto host = of_environment("KUBERNETES_SERVICE_HOST"), port = of_environment("KUBERNETES_SERVICE_PORT");
        if (host.empty() || port.empty())
            throw std::runtime_error("Kubernetes: no server, and KUBERNETES_SERVICE_HOST and _PORT are not set either");
        options.server = "https://" + (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + port;
        if (options.token_file.empty()) options.token_file = options.account + "/token";
        if (options.tls.ca.empty()) options.tls.ca = options.account + "/ca.crt";
    }
    if (options.own_namespace.empty())
        options.own_namespace = text_in(options.account + "/namespace").value_or("default");
}

}  // namespace

std::unique_ptr<registry> make_kubernetes(kubernetes_options options) {
    complete(options);
    auto parts = std::make_shared<kubernetes_parts>();
    auto url = net::parse_url(options.server);
    if (!url) throw std::runtime_error("Kubernetes server '" + options.server + "': " + net::describe(url.error()));
    if (!url->target.ends_with('/')) url->target += '/';
    if (url->tls) parts->tls = std::make_shared<net::tls_context>(options.tls);
    parts->server = std::move(*url);
    parts->options = std::move(options);
    return make_threaded_registry(
        {"kubernetes",
         [parts](const std::string& service) { return std::make_unique<kubernetes_follower>(parts, service); },
         nullptr});
}

}  // namespace outrider::discovery
