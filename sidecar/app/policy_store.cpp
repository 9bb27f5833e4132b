#include "sidecar/app/policy_store.hpp"

#include <nlohmann/json.hpp>

#include "sidecar/app/policies_page.hpp"
#include "sidecar/config/changes.hpp"
#include "sidecar/config/policy_diff.hpp"
#include "sidecar/config/yaml_files.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/short_hash.hpp"

namespace outrider::app {
namespace {

std::vector<std::string> lines(const config::diagnostics& findings) {
    std::vector<std::string> out;
    for (const auto& each : findings) out.push_back(config::to_text(each));
    return out;
}

std::string joined(const std::vector<std::string>& texts, const char* between) {
    std::string out;
    for (const auto& each : texts) out += (out.empty() ? "" : between) + each;
    return out;
}

/// The same for the same policies on every sidecar, wherever their files lie.
std::string version_of(const std::vector<governance::policy>& policies) {
    return net::short_hash(config::to_text(config::policy_diff({}, policies)));
}

}  // namespace

policy_store::policy_store(config::load_input input, const config::loaded& running, reading first, publisher publish,
                           fleet::fleet_client* fleet)
    : input_(std::move(input)), running_(running), publish_(std::move(publish)), fleet_(fleet) {
    for (const auto& each : first.policies.warnings) spdlog::warn("{}", config::to_text(each));
    (void)take(std::move(first));
    counts_.applied = 0;
}

std::shared_ptr<const governance::policy_set> policy_store::current() const {
    const std::lock_guard lock{mutex_};
    return current_;
}

/// Takes what was read over, as a whole or not at all. With the mutex held, or from the constructor.
policy_store::outcome policy_store::take(reading read) {
    outcome out;
    config_stamp_ = read.stamp;
    if (read.configuration) files_ = std::move(read.files);
    errors_ = out.errors = lines(read.errors);
    out.applied = read.errors.empty();
    ++(out.applied ? counts_.applied : counts_.failed);
    if (!out.applied) return out;
    out.warnings = lines(read.policies.warnings);
    restart_ = out.restart = config::compare(running_.value, read.configuration->value).restart;
    counts_.policies = out.policies = read.policies.value.size();
    compile(std::move(read.policies.value), read.configuration->value.fleet.replicas);
    publish_(current_);
    return out;
}

void policy_store::compile(std::vector<governance::policy> policies, std::uint32_t replicas) {
    governance::policy_set::options with;
    with.now = governance::steady_clock::now();
    with.version = version_of(policies);
    with.fleet_share = 1.0 / replicas;
    if (fleet_) {
        fleet_->set_replicas(replicas);
        with.fleet = [this, &with](const governance::policy& of, std::size_t index,
                                   const governance::limit_rule& rule) {
            return fleet_->limiter_for(of.name, index, rule, with.now);
        };
    }
    current_ = governance::policy_set::compile(std::move(policies), current_.get(), with);
}

void policy_store::log(const outcome& what, const std::string& why) const {
    for (const auto& each : what.warnings) spdlog::warn("{}", each);
    if (!what.applied) {
        for (const auto& each : what.errors) spdlog::error("{}", each);
        spdlog::error("{}: nothing was taken over, the former policies ({}) stay in force", why, current_->version());
        return;
    }
    spdlog::info("{}: {} policies in force, version {}", why, what.policies, current_->version());
    if (!what.restart.empty())
        spdlog::warn("{}: these settings changed and need a restart: {}", why, joined(what.restart, ", "));
}

void policy_store::look() {
    const std::lock_guard lock{mutex_};
    const bool changed = config::fingerprint(files_) != files_.fingerprint ||
                         (input_.file && config::file_stamp(*input_.file) != config_stamp_);
    if (changed) log(take(read_all(input_)), "files changed");
}

admin::reload_report policy_store::reload(const std::string& why) {
    const std::lock_guard lock{mutex_};
    const auto what = take(read_all(input_));
    log(what, why);
    nlohmann::json body{{"applied", what.applied}, {"version", current_->version()}};
    if (what.applied) {
        body["policies"] = what.policies;
        body["restart_needed"] = what.restart;
        body["warnings"] = what.warnings;
    } else {
        body["errors"] = what.errors;
    }
    return {what.applied, body.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

std::string policy_store::page() const {
    const std::lock_guard lock{mutex_};
    const nlohmann::json out{{"version", current_->version()},
                             {"last_errors", errors_},
                             {"restart_needed", restart_},
                             {"policies", policies_json(*current_, governance::steady_clock::now())}};
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string policy_store::force(const admin::breaker_order& order) const {
    const auto wrong = force_breaker(*current(), order, governance::steady_clock::now());
    if (wrong.empty())
        spdlog::warn("breaker '{}' of policy '{}' is set to {} by the admin interface", order.breaker, order.policy,
                     order.state);
    return wrong;
}

policy_store::counts policy_store::count() const {
    const std::lock_guard lock{mutex_};
    auto out = counts_;
    out.restart_needed = restart_.size();
    return out;
}

}  // namespace outrider::app
