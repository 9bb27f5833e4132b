#include "sidecar/discovery/consul_registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sidecar/discovery/consul_members.hpp"
#include "sidecar/discovery/threaded_registry.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::discovery {
namespace {

/// Between two queries of a watch: a service that changes without rest is read five times a second.
constexpr std::chrono::milliseconds spacing{200};

/// What the threads of one registry share.
struct consul_parts {
    consul_options options;
    net::url agent;
    std::shared_ptr<net::tls_context> tls;
};

/// Requests to the agent. One thread's, but cancel().
class consul_client {
  public:
    explicit consul_client(std::shared_ptr<const consul_parts> parts)
        : parts_(std::move(parts)), http_({.tls = parts_->tls, .response_bytes = answer_bytes}) {}

    net::http_result send(const std::string& method, const std::string& target, const json& body,
                          std::chrono::milliseconds timeout) {
        net::http_request request;
        request.method = method;
        request.url = parts_->agent;
        request.url.target += target;
        if (!parts_->options.token.empty()) request.headers.emplace_back("X-Consul-Token", parts_->options.token);
        const auto text = body.is_null() ? std::string{} : write_json(body);
        if (!text.empty()) request.body = {text};
        return http_.request(request, timeout);
    }

    std::string refusal(const net::http_response& answer, const std::string& what) const {
        return parts_->agent.authority() + " answers " + what + " with HTTP " + std::to_string(answer.status) +
               (answer.body.empty() ? "" : ", " + shown(answer.body));
    }

    void cancel() { http_.cancel(); }

  private:
    const std::shared_ptr<const consul_parts> parts_;
    net::http_client http_;
};

class consul_follower final : public follower {
  public:
    consul_follower(std::shared_ptr<const consul_parts> parts, std::string service)
        : parts_(std::move(parts)), client_(parts_), service_(std::move(service)) {}

    std::string follow(watch_news& news) override {
        index_.reset();
        while (!bell_.closed()) {
            const auto began = std::chrono::steady_clock::now();
            if (auto failed = query(news); !failed.empty()) return failed;
            bell_.sleep(began + (index_.value() == 0 ? std::chrono::milliseconds(1'000) : spacing));
        }
        return {};
    }

    void cancel() override {
        bell_.close();
        client_.cancel();
    }

  private:
    std::string query(watch_news& news) {
        const auto& how = parts_->options;
        auto target = "v1/health/service/" + percent_encoded(service_);
        const char* joint = "?";
        if (!how.datacenter.empty()) target += std::exchange(joint, "&") + ("dc=" + percent_encoded(how.datacenter));
        auto patience = how.timeout;
        if (index_.value() != 0) {
            target += std::string(joint) + "index=" + std::to_string(index_.value()) +
                      "&wait=" + std::to_string(how.wait.count()) + "s";
            patience += how.wait + how.wait / 16 + std::chrono::seconds(1);  // Consul adds up to a sixteenth
        }
        const auto got = client_.send("GET", target, nullptr, patience);
        if (!got) return got.error().text;
        if (got->status != 200) return client_.refusal(*got, "the query for " + service_);
        const auto document = read_json(got->body);
        auto list = document ? read_consul_list(*document) : std::nullopt;
        if (!list) return parts_->agent.authority() + " answers with no list of instances within bounds";
        index_.take(got->header("X-Consul-Index"));
        news.members(std::move(list->members), list->skipped, list->why_skipped, list->any_out);
        return {};
    }

    const std::shared_ptr<const consul_parts> parts_;
    consul_client client_;
    const std::string service_;
    consul_index index_;
    net::bell bell_;
};

class consul_registrar final : public registrar {
  public:
    explicit consul_registrar(std::shared_ptr<const consul_parts> parts)
        : parts_(std::move(parts)), client_(parts_), id_(id_of(parts_->options.self)) {}

    step_result enrol(const publication& verdict) override {
        const auto& how = parts_->options;
        const auto service =
            consul_service(id_, how.self.service, how.self.address, how.ttl, how.deregister_after, verdict);
        const auto put =
            client_.send("PUT", "v1/agent/service/register?replace-existing-checks=true", service, how.timeout);
        if (auto failed = judge(put, "the registration"); failed.how != step_result::kind::done) return failed;
        return tell(verdict);  // the output of the check is not the registration's to say
    }

    step_result tell(const publication& verdict) override {
        const auto put = client_.send("PUT", "v1/agent/check/update/" + percent_encoded("service:" + id_),
                                      consul_check(verdict), parts_->options.timeout);
        return judge(put, "the check");
    }

    step_result refresh(const publication& verdict) override { return tell(verdict); }
    std::chrono::milliseconds refresh_every() const override { return parts_->options.ttl / 3; }

    step_result withdraw() override {
        const auto put = client_.send("PUT", "v1/agent/service/deregister/" + percent_encoded(id_), nullptr,
                                      parts_->options.timeout);
        return judge(put, "the deregistration");
    }

    void cancel() override { client_.cancel(); }

  private:
    /// Of all services of an agent, not only of this one.
    static std::string id_of(const instance& self) {
        return self.service + "-" + (self.id.empty() ? self.address.address.text() : self.id);
    }

    /// An agent that was started anew without its data knows neither check nor service: 404, in older versions 500.
    step_result judge(const net::http_result& got, const std::string& what) const {
        if (!got) return {step_result::kind::failed, got.error().text};
        if (got->status / 100 == 2) return {};
        const auto says = [&](const char* text) { return got->body.find(text) != std::string::npos; };
        const bool unknown = got->status == 404 || says("Unknown check") || says("Unknown service") ||
                             says("does not have associated TTL");
        return {unknown ? step_result::kind::lost : step_result::kind::failed, client_.refusal(*got, what)};
    }

    const std::shared_ptr<const consul_parts> parts_;
    consul_client client_;
    const std::string id_;
};

}  // namespace

std::unique_ptr<registry> make_consul(consul_options options) {
    auto parts = std::make_shared<consul_parts>();
    auto url = net::parse_url(options.address);
    if (!url) throw std::runtime_error("Consul address '" + options.address + "': " + net::describe(url.error()));
    if (!url->target.ends_with('/')) url->target += '/';
    if (url->tls) parts->tls = std::make_shared<net::tls_context>(options.tls);
    options.ttl = std::max(options.ttl, std::chrono::milliseconds(1'000));
    parts->agent = std::move(*url);
    parts->options = std::move(options);
    registry_ways ways{
        "consul", [parts](const std::string& service) { return std::make_unique<consul_follower>(parts, service); },
        nullptr};
    if (!parts->options.self.service.empty())
        ways.enrol = [parts] { return std::make_unique<consul_registrar>(parts); };
    return make_threaded_registry(std::move(ways));
}

}  // namespace outrider::discovery
