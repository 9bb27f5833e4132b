#include "sidecar/discovery/etcd_registry.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sidecar/discovery/etcd_client.hpp"
#include "sidecar/discovery/etcd_members.hpp"
#include "sidecar/discovery/threaded_registry.hpp"
#include "sidecar/net/utc_text.hpp"
#include "tracing/base64.hpp"

namespace outrider::discovery {
namespace {

using kind = etcd_failure::kind;

/// What the threads of one registry share.
struct etcd_parts {
    etcd_options options;
    std::vector<net::url> members;
    std::shared_ptr<net::tls_context> tls;

    std::string folder_of(const std::string& service) const { return options.prefix + "/" + service + "/"; }
};

std::string base64(const std::string& text) { return tracing::encode_base64(text); }

class etcd_follower final : public follower {
  public:
    etcd_follower(std::shared_ptr<const etcd_parts> parts, const std::string& service)
        : parts_(std::move(parts)),
          client_(parts_->options, parts_->members, parts_->tls),
          from_(parts_->folder_of(service)) {}

    std::string follow(watch_news& news) override {
        const auto listed = client_.call("/kv/range", range_request());
        if (!listed) return listed.error().why;
        if (const auto wrong = seen_.take_range(*listed); !wrong.empty()) {
            client_.turn();
            return client_.member() + " answers with " + wrong;
        }
        tell(news);
        return watch(news);
    }

    void cancel() override { client_.cancel(); }

  private:
    using effect = etcd_members::effect;

    json range_request() const {
        return {{"key", base64(from_)}, {"range_end", base64(range_end_of(from_))}, {"limit", most_members}};
    }

    void tell(watch_news& news) {
        news.members(seen_.members(), seen_.skipped(), seen_.why_skipped(), seen_.any_out());
    }

    /// A watch that breaks is no failure yet: the list that is asked for next says.
    std::string watch(watch_news& news) {
        const json request{{"create_request",
                            {{"key", base64(from_)},
                             {"range_end", base64(range_end_of(from_))},
                             {"start_revision", seen_.revision() + 1}}}};
        auto last = effect::none;
        bool changed = false;
        const auto take = [&](const json& message) {
            last = seen_.take_message(message);
            changed = changed || last == effect::changed;
            return last == effect::none || last == effect::changed;
        };
        const auto ended = client_.stream("/watch", request, take, [&] {
            if (std::exchange(changed, false)) tell(news);
        });
        if (ended) {
            client_.turn();
            return ended->what == kind::refused ? ended->why : std::string{};
        }
        if (last != effect::broken) return {};
        client_.forget_token();  // a watch that nobody may have is cancelled as one with an old token is
        return seen_.why();
    }

    const std::shared_ptr<const etcd_parts> parts_;
    etcd_client client_;
    const std::string from_;
    etcd_members seen_;
};

class etcd_registrar final : public registrar {
  public:
    explicit etcd_registrar(std::shared_ptr<const etcd_parts> parts)
        : parts_(std::move(parts)),
          client_(parts_->options, parts_->members, parts_->tls),
          key_(parts_->folder_of(self().service) + (self().id.empty() ? self().address.address.text() : self().id)),
          ttl_(std::max(std::chrono::ceil<std::chrono::seconds>(parts_->options.ttl), std::chrono::seconds(1))) {}

    step_result enrol(const publication& verdict) override {
        lease_ = 0;
        const auto granted = client_.call("/lease/grant", {{"TTL", std::to_string(ttl_.count())}});
        if (!granted) return failed(granted.error());
        lease_ = number_of(*granted, "ID").value_or(0);
        const auto ttl = number_of(*granted, "TTL").value_or(0);
        if (lease_ == 0 || ttl == 0 || ttl > 1U << 30)
            return {step_result::kind::failed, client_.member() + " grants no usable lease"};
        granted_ = std::chrono::seconds(ttl);
        return tell(verdict);
    }

    step_result tell(const publication& verdict) override {
        if (since_.empty() || verdict.ready != ready_)
            since_ = net::utc_text_of_seconds(std::chrono::system_clock::now());
        ready_ = verdict.ready;
        const auto put = client_.call("/kv/put", {{"key", base64(key_)},
                                                  {"value", base64(write_etcd_value(self().address, verdict, since_))},
                                                  {"lease", std::to_string(lease_)}});
        return put ? step_result{} : failed(put.error());
    }

    /// The lease may live while somebody has deleted the key.
    step_result refresh(const publication& verdict) override {
        const auto kept = client_.call("/lease/keepalive", {{"ID", std::to_string(lease_)}});
        if (!kept) return failed(kept.error());
        const auto* result = member_of(*kept, "result");
        if (result == nullptr)
            return {step_result::kind::failed, client_.member() + " answers a keepalive with nothing"};
        if (number_of(*result, "TTL").value_or(0) == 0) return {step_result::kind::lost, "the lease has expired"};
        const auto there = client_.call("/kv/range", {{"key", base64(key_)}, {"count_only", true}});
        if (!there) return failed(there.error());
        return number_of(*there, "count").value_or(0) == 0 ? tell(verdict) : step_result{};
    }

    std::chrono::milliseconds refresh_every() const override { return granted_ / 3; }

    /// The key goes with the lease; one that another process has written meanwhile stays.
    step_result withdraw() override {
        if (lease_ == 0) return {};
        const auto revoked = client_.call("/lease/revoke", {{"ID", std::to_string(lease_)}});
        return revoked || revoked.error().what == kind::not_found ? step_result{} : failed(revoked.error());
    }

    void cancel() override { client_.cancel(); }

  private:
    const instance& self() const { return parts_->options.self; }

    static step_result failed(const etcd_failure& why) {
        return {why.what == kind::not_found ? step_result::kind::lost : step_result::kind::failed, why.why};
    }

    const std::shared_ptr<const etcd_parts> parts_;
    etcd_client client_;
    const std::string key_;
    const std::chrono::seconds ttl_;
    std::uint64_t lease_ = 0;
    std::chrono::milliseconds granted_{3'000};
    std::string since_;  ///< when the verdict began
    bool ready_ = false;
};

}  // namespace

std::unique_ptr<registry> make_etcd(etcd_options options) {
    auto parts = std::make_shared<etcd_parts>();
    if (options.endpoints.empty()) throw std::runtime_error("etcd: no endpoints; write http://host:2379");
    bool secure = false;
    for (const auto& text : options.endpoints) {
        auto url = net::parse_url(text);
        if (!url) throw std::runtime_error("etcd endpoint '" + text + "': " + net::describe(url.error()));
        if (!url->target.ends_with('/')) url->target += '/';
        secure = secure || url->tls;
        parts->members.push_back(std::move(*url));
    }
    while (options.prefix.ends_with('/')) options.prefix.pop_back();
    if (secure) parts->tls = std::make_shared<net::tls_context>(options.tls);
    parts->options = std::move(options);
    registry_ways ways{"etcd",
                       [parts](const std::string& service) { return std::make_unique<etcd_follower>(parts, service); },
                       nullptr};
    if (!parts->options.self.service.empty()) ways.enrol = [parts] { return std::make_unique<etcd_registrar>(parts); };
    return make_threaded_registry(std::move(ways));
}

}  // namespace outrider::discovery
