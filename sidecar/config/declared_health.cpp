#include "sidecar/config/declared_health.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// What stands in a request line: an absolute path, perhaps with a query.
class request_target_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
        if (!text.starts_with('/') || !visible || text.size() > most)
            return "'" + std::string{text} + "' is not " + phrase();
        *static_cast<std::string*>(target) = text;
        return {};
    }
    std::string print(const void* value) const override { return *static_cast<const std::string*>(value); }
    std::string phrase() const override { return "a path such as /healthz, of visible ASCII characters"; }
    nlohmann::json schema() const override { return {{"type", "string"}, {"pattern", "^/[!-~]*$"}}; }

  private:
    static constexpr std::size_t most = 2'048;
};

/// A name, or `*` (or nothing) for the server as a whole, which is printed as `*`: nothing would mean that it is not
/// set.
class grpc_service_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        const auto name = trim(text) == "*" ? std::string_view{} : trim(text);
        const bool fits =
            name.size() <= most && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7F'; });
        if (!fits) return "'" + std::string{text} + "' is not " + phrase();
        *static_cast<std::optional<std::string>*>(target) = std::string{name};
        return {};
    }
    std::string print(const void* value) const override {
        const auto& held = *static_cast<const std::optional<std::string>*>(value);
        if (!held) return "";
        return held->empty() ? "*" : *held;
    }
    std::string phrase() const override { return "the name of a gRPC service, or '*' for the server as a whole"; }
    nlohmann::json schema() const override { return {{"type", "string"}}; }

  private:
    static constexpr std::size_t most = 256;
};

type_of<std::string> request_target() { return {std::make_shared<request_target_type>()}; }
type_of<std::optional<std::string>> grpc_service() { return {std::make_shared<grpc_service_type>()}; }

void add_pace(std::vector<setting>& to) {
    to.push_back(value("every", &health_check::every, duration(milliseconds{100}, hours{1}),
                       "pause between two probes, a tenth more or less"));
    to.push_back(value("timeout", &health_check::timeout, duration(milliseconds{10}, minutes{1}),
                       "how long a probe may take; one that takes longer has failed"));
    to.push_back(value("rise", &health_check::rise, count(1, 100), "successes in a row that make it up"));
    to.push_back(value("fall", &health_check::fall, count(1, 100), "failures in a row that make it down"));
}

void add_required(std::vector<setting>& to) {
    to.push_back(value("required", &health_check::required, yes_or_no(),
                       "whether the application is unhealthy without it, instead of degraded"));
}

std::vector<setting> kinds() {
    return {
        value("tcp", &health_check::tcp, yes_or_no(), "probe by connecting; so it is where nothing else is said"),
        value("http", &health_check::http, request_target(), "probe by a GET of this path; 200 to 399 is good"),
        value("grpc", &health_check::grpc, grpc_service(),
              "probe by `grpc.health.v1.Health/Check` of this service, in cleartext; `*` asks for the server as a "
              "whole"),
        list("command", &health_check::command, text(),
             "probe by a program with its arguments, without a shell; exit code 0 is good"),
        value("port", &health_check::port, count(0, 65'535), "port to probe; 0: the one that traffic goes to"),
    };
}

}  // namespace

std::vector<setting> application_health_keys() {
    auto keys = kinds();
    add_pace(keys);
    return keys;
}

std::vector<setting> upstream_health_keys() {
    auto keys = kinds();
    add_pace(keys);
    add_required(keys);
    return keys;
}

std::vector<setting> broker_health_keys() {
    std::vector<setting> keys;
    add_pace(keys);
    add_required(keys);
    return keys;
}

}  // namespace outrider::config
