// What etcd, Consul and Kubernetes answer, whole and cut into pieces: the first byte says which. Whatever is taken must
// be an endpoint that can be connected to.
#include <cstdint>
#include <cstdlib>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/discovery/consul_members.hpp"
#include "sidecar/discovery/etcd_members.hpp"
#include "sidecar/discovery/json_lines.hpp"
#include "sidecar/discovery/kubernetes_slices.hpp"

using namespace outrider;
using namespace outrider::discovery;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const member_list& members) {
    require(members.size() <= most_members);
    for (const auto& one : members) {
        config::upstream_endpoint again;
        require(config::parse_upstream_endpoint(config::to_text(one), again).empty() && again == one);
    }
}

/// The first line is a list, the others are events of a watch.
template <typename Take>
void each_line(std::string_view input, Take take) {
    json_lines lines(64 * 1024);
    const auto line = [&](std::string_view text) {
        if (const auto document = read_json(text)) take(*document);
        return true;
    };
    const auto cut = input.size() / 3;
    if (lines.feed(input.substr(0, cut), line)) lines.feed(input.substr(cut), line);
    lines.feed("\n", line);
}

void etcd(std::string_view input) {
    etcd_members seen;
    bool listed = false;
    each_line(input, [&](const json& document) {
        if (!std::exchange(listed, true))
            (void)seen.take_range(document);
        else
            (void)seen.take_message(document);
        check(seen.members());
        require((seen.skipped() == 0) == seen.why_skipped().empty());
    });
    const auto value = read_etcd_value(input);
    if (value.member) check({*value.member});
}

void kubernetes(std::string_view input) {
    kubernetes_slices seen("");
    bool listed = false;
    each_line(input, [&](const json& document) {
        if (!std::exchange(listed, true))
            (void)seen.take_list(document);
        else
            (void)seen.take_event(document);
        check(seen.members());
        require((seen.skipped() == 0) == seen.why_skipped().empty());
    });
    kubernetes_service service;
    (void)read_kubernetes_service(std::string(input), "default", service);
}

void consul(std::string_view input) {
    each_line(input, [](const json& document) {
        if (const auto list = read_consul_list(document)) check(list->members);
    });
    consul_index index;
    index.take(input);
    require(index.value() != 0 || input != "1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] == 'e') etcd(input);
    if (data[0] == 'k') kubernetes(input);
    if (data[0] == 'c') consul(input);
    return 0;
}
