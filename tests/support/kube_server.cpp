#include "tests/support/kube_server.hpp"

#include <chrono>

namespace outrider::test {
namespace {

using nlohmann::json;

const std::string base = "/apis/discovery.k8s.io/v1/namespaces/";
const std::string selector = "kubernetes.io%2Fservice-name%3D";

json status(int code, const std::string& reason, const std::string& message) {
    return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
            {"status", "Failure"}, {"message", message}, {"reason", reason},
            {"code", code}};
}

reply refuse(unsigned code, const std::string& reason, const std::string& message) {
    return {.status = code,
            .headers = {{"Content-Type", "application/json"}},
            .body = status(static_cast<int>(code), reason, message).dump()};
}

/// The value of a query's parameter, as it was sent.
std::string parameter(const std::string& target, const std::string& name) {
    for (const auto* before : {"?", "&"}) {
        const auto found = target.find(before + name + "=");
        if (found == std::string::npos) continue;
        const auto begin = found + name.size() + 2;
        return target.substr(begin, target.find('&', begin) - begin);
    }
    return {};
}

std::string service_of(const json& slice) { return slice["metadata"]["labels"]["kubernetes.io/service-name"]; }

std::string chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

std::string line(const std::string& type, const json& object) {
    return chunk(json{{"type", type}, {"object", object}}.dump() + "\n");
}

}  // namespace

kube_server::kube_server(const certificate_files& files)
    : receiver_(
          std::make_unique<http_receiver>(http_receiver::options{.certificate = files.certificate, .key = files.key},
                                          [this](const received_request& request) { return answer(request); })) {}

kube_server::~kube_server() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    receiver_->stop();
}

void kube_server::record(const std::string& type, json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++version_);
    history_.push_back({version_, type, std::move(object)});
    changed_.notify_all();
}

void kube_server::apply(const std::string& space, const std::string& service, const std::string& name, json more) {
    const std::lock_guard lock(mutex_);
    more["apiVersion"] = "discovery.k8s.io/v1";
    more["kind"] = "EndpointSlice";
    more["metadata"] = {{"name", name}, {"namespace", space}, {"labels", {{"kubernetes.io/service-name", service}}}};
    const bool known = slices_.contains(space + "/" + name);
    record(known ? "MODIFIED" : "ADDED", more);
    slices_[space + "/" + name] = history_.back().object;
}

void kube_server::remove(const std::string& space, const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = slices_.find(space + "/" + name);
    auto object = found->second;
    slices_.erase(found);
    record("DELETED", std::move(object));
}

void kube_server::forget_history() {
    const std::lock_guard lock(mutex_);
    oldest_ = ++version_;
    history_.clear();
    changed_.notify_all();
}

void kube_server::end_watches() {
    const std::lock_guard lock(mutex_);
    ++ends_;
    changed_.notify_all();
}

void kube_server::bookmark() {
    const std::lock_guard lock(mutex_);
    ++version_;  // of something else
    ++bookmarks_;
    changed_.notify_all();
}

void kube_server::set_token(const std::string& token) {
    const std::lock_guard lock(mutex_);
    token_ = token;
}

reply kube_server::answer(const received_request& request) {
    const std::unique_lock lock(mutex_);
    if (!token_.empty() && request.header("authorization") != "Bearer " + token_)
        return refuse(401, "Unauthorized", "Unauthorized");
    const auto& target = request.target;
    const auto space_end = target.find("/endpointslices?", base.size());
    const auto wanted = parameter(target, "labelSelector");
    if (!target.starts_with(base) || space_end == std::string::npos || !wanted.starts_with(selector))
        return refuse(404, "NotFound", "the server could not find the requested resource");
    const auto space = target.substr(base.size(), space_end - base.size());
    const auto service = wanted.substr(selector.size());
    if (parameter(target, "watch").empty()) return list(space, service);
    const auto from = std::stoull(parameter(target, "resourceVersion"));
    if (from < oldest_) return refuse(410, "Expired", "The resourceVersion for the provided watch is too old.");
    reply out;
    out.drip = [this, space, service, from, seconds = std::stoi(parameter(target, "timeoutSeconds"))](
                   const raw_writer& write) { watch(space, service, from, seconds, write); };
    return out;
}

reply kube_server::list(const std::string& space, const std::string& service) {
    json items = json::array();
    for (const auto& [name, slice] : slices_)
        if (slice["metadata"]["namespace"] == space && service_of(slice) == service) items.push_back(slice);
    const json body{{"kind", "EndpointSliceList"},
                    {"apiVersion", "discovery.k8s.io/v1"},
                    {"metadata", {{"resourceVersion", std::to_string(version_)}}},
                    {"items", items}};
    return {.headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

void kube_server::watch(const std::string& space, const std::string& service, std::uint64_t from, int seconds,
                        const raw_writer& write) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    const auto ends = ends_;
    auto bookmarks = bookmarks_;
    std::string out = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    while (!stopping_) {
        if (from < oldest_) out += line("ERROR", status(410, "Expired", "too old resource version"));
        for (const auto& one : history_) {
            if (one.version <= from) continue;
            from = one.version;
            if (one.object["metadata"]["namespace"] == space && service_of(one.object) == service)
                out += line(one.type, one.object);
        }
        if (std::exchange(bookmarks, bookmarks_) != bookmarks_) {
            from = version_;
            out += line("BOOKMARK",
                        {{"kind", "EndpointSlice"}, {"metadata", {{"resourceVersion", std::to_string(from)}}}});
        }
        const bool over = ends != ends_ || from < oldest_ || std::chrono::steady_clock::now() >= until;
        if (over) out += "0\r\n\r\n";
        const auto bytes = std::move(out);
        out.clear();
        lock.unlock();
        if (!write(bytes) || over) return;
        lock.lock();
        changed_.wait_until(lock, until, [&] {
            return stopping_ || ends != ends_ || bookmarks != bookmarks_ || from < oldest_ ||
                   (!history_.empty() && history_.back().version > from);
        });
    }
}

}  // namespace outrider::test
