#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tracing/span_data.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::test {

/// What the sidecars of services that hand no context on tell of orders, with all that sidecars say:
///
///     frontend SERVER    trace 1        frontend -> orders CLIENT, orders SERVER    trace 2
///                                       orders -> stock    CLIENT, stock SERVER     trace 3
///
/// so that a chain is three traces of five spans.
class sidecar_spans {
  public:
    static constexpr std::size_t per_order = 5;

    /// All spans of one order, in the order in which they end. Orders start `apart_ns` after each other.
    std::vector<tracing::span_data> order(std::uint64_t number, std::uint64_t start_ns) {
        using enum tracing::span_kind;
        const auto path = "/orders/" + std::to_string(number);
        const auto id = std::to_string(number);
        std::vector<tracing::span_data> spans;
        spans.push_back(span(stock_, server, number, 3, 5, 4, path + "/reservation", start_ns + 3'000'000, 2'000'000));
        spans.push_back(span(orders_, client, number, 3, 4, 0, path + "/reservation", start_ns + 2'500'000, 3'000'000));
        spans.push_back(span(orders_, server, number, 2, 3, 2, path, start_ns + 1'500'000, 5'000'000));
        spans.push_back(span(frontend_, client, number, 2, 2, 0, path, start_ns + 1'000'000, 6'000'000));
        spans.push_back(span(frontend_, server, number, 1, 1, 0, path, start_ns, 8'000'000));
        for (auto& one : spans) put(one, "chain.key.order", id);
        return spans;
    }

    static tracing::trace_id trace(std::uint64_t order, std::uint8_t number) {
        tracing::trace_id id;
        fill(id.bytes.data(), order * 8 + number);
        fill(id.bytes.data() + 8, order * 8 + number + 0x1234'5678);
        return id;
    }
    static tracing::span_id span_number(std::uint64_t order, std::uint8_t number) {
        tracing::span_id id;
        fill(id.bytes.data(), order * 16 + number);
        return id;
    }

  private:
    using origin = std::shared_ptr<const tracing::span_origin>;

    /// Looks random, is not, and differs for each number.
    static void fill(std::uint8_t* to, std::uint64_t number) {
        number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
        number = (number ^ number >> 27) * 0x94d049bb133111eb;
        number ^= number >> 31;
        for (int i = 0; i < 8; ++i) to[i] = static_cast<std::uint8_t>(number >> 8 * i);
    }

    static origin sidecar_of(const std::string& service) {
        tracing::span_origin from;
        for (const auto& [key, value] : std::initializer_list<std::pair<std::string, std::string>>{
                 {"service.name", service},
                 {"service.namespace", "shop"},
                 {"service.version", "1.4.2"},
                 {"service.instance.id", service + "-7d9f8b6c5-x2x4q"},
                 {"host.name", "node-3.eu-central.internal"},
                 {"telemetry.distro.name", "outrider"}})
            put(from.resource.attributes, key, value);
        from.scope_name = "outrider";
        from.scope_version = "0.1.0";
        return std::make_shared<const tracing::span_origin>(std::move(from));
    }

    template <class T>
    static void put(std::vector<tracing::attribute>& to, std::string key, T value) {
        to.push_back({std::move(key), tracing::attribute_value{std::move(value)}});
    }
    static void put(tracing::span_data& to, std::string key, std::string value) {
        put(to.attributes, std::move(key), std::move(value));
    }

    static tracing::span_data span(const origin& from, tracing::span_kind kind, std::uint64_t order,
                                   std::uint8_t trace_of, std::uint8_t id, std::uint8_t parent, const std::string& path,
                                   std::uint64_t start_ns, std::uint64_t took_ns) {
        tracing::span_data out;
        out.trace = trace(order, trace_of);
        out.span = span_number(order, id);
        if (parent != 0) out.parent = span_number(order, parent);
        out.flags = parent != 0 ? 0x301 : 0x101;
        out.name = "POST";
        out.kind = kind;
        out.start_unix_ns = start_ns + order % 997;
        out.end_unix_ns = out.start_unix_ns + took_ns + order % 1'009 * 1'000;
        out.origin = from;
        describe(out, order, path);
        return out;
    }

    static void describe(tracing::span_data& out, std::uint64_t order, const std::string& path) {
        const auto port = static_cast<std::int64_t>(30'000 + order % 20'000);
        auto& to = out.attributes;
        put(to, "http.request.method", std::string{"POST"});
        put(to, "url.scheme", std::string{"http"});
        put(to, "http.response.status_code", std::int64_t{201});
        put(to, "network.protocol.name", std::string{"http"});
        put(to, "network.protocol.version", std::string{"1.1"});
        put(to, "network.peer.address", std::string{"10.42.3.17"});
        put(to, "server.port", std::int64_t{8080});
        if (out.kind == tracing::span_kind::server) {
            out.tracestate = "outrider=" + out.parent.hex();
            put(to, "url.path", path);
            put(to, "http.route", std::string{"/orders/{order}"});
            put(to, "network.peer.port", port);
            put(to, "client.address", std::string{"10.42.3.17"});
            put(to, "user_agent.original", std::string{"python-requests/2.28.1"});
            put(to, "server.address", std::string{"orders"});
        } else {
            put(to, "url.full", "http://orders.shop.svc.cluster.local:8080" + path);
            put(to, "server.address", std::string{"orders.shop.svc.cluster.local"});
            put(to, "peer.service", std::string{"orders"});
            put(to, std::string{tracing::chain_attributes::inbound_open}, std::int64_t{1});
        }
        std::string echo(8 * 8, '\0');  // eight values
        for (std::size_t i = 0; i < 8; ++i) fill(reinterpret_cast<std::uint8_t*>(echo.data()) + 8 * i, order * 8 + i);
        put(to, std::string{tracing::chain_attributes::echo}, tracing::byte_string{std::move(echo)});
    }

    origin frontend_ = sidecar_of("frontend"), orders_ = sidecar_of("orders"), stock_ = sidecar_of("stock");
};

}  // namespace outrider::test
