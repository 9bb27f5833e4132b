#include "tests/support/chain_generator.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>

#include "tracing/stitch/attribute_names.hpp"

namespace outrider::test {
namespace {

using tracing::attribute;
using tracing::attribute_value;
using tracing::span_data;
using tracing::span_key;
using tracing::span_kind;
using what = true_span::what;
namespace names = tracing::chain_attributes;

constexpr std::int64_t epoch_ns = 1'790'000'000'000'000'000;
constexpr std::int64_t export_every_ns = 200'000'000;

bool enters(what is) { return is == what::entry || is == what::server || is == what::process; }

/// Tells what happened as the sidecars would.
class narrator {
  public:
    narrator(const topology& system, const traffic_class& kind, const generator_options& options,
             const true_history& history)
        : system_(system),
          kind_(kind),
          options_(options),
          history_(history),
          random_(options.seed ^ 0x5eed),
          ids_(options.seed) {
        for (const auto& each : system_.services) add_process(each);
    }

    generated_chains tell() {
        identify();
        receive();
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            if (!received_[i]) continue;
            out_.spans.push_back({arrival(history_.spans[i]), describe(i)});
            out_.chain_of.emplace_back(keys_[i], history_.spans[i].request);
            judge(i);
        }
        std::stable_sort(out_.spans.begin(), out_.spans.end(), [](auto& a, auto& b) { return a.at_ns < b.at_ns; });
        std::sort(out_.chain_of.begin(), out_.chain_of.end());
        out_.chains = history_.requests;
        out_.busiest_in_flight = history_.busiest_in_flight;
        out_.mean_in_flight = history_.mean_in_flight;
        return std::move(out_);
    }

  private:
    struct process_facts {
        std::shared_ptr<const tracing::span_origin> origin;
        double offset_ns = 0, drift = 0;
        std::int64_t export_phase_ns = 0;
    };

    static attribute text(std::string_view key, std::string value) {
        return {std::string{key}, attribute_value{std::move(value)}};
    }
    static attribute number(std::string_view key, std::int64_t value) {
        return {std::string{key}, attribute_value{value}};
    }

    void add_process(const service& of) {
        auto origin = std::make_shared<tracing::span_origin>();
        origin->resource.attributes = {text("service.name", of.name), text("service.instance.id", of.name + "-1"),
                                       text("host.name", "host-of-" + of.name)};
        origin->scope_name = "outrider";
        processes_.push_back({std::move(origin), random_.uniform(-1, 1) * kind_.clock_offset_ns,
                              random_.uniform(-1, 1) * kind_.clock_drift,
                              static_cast<std::int64_t>(random_.below(export_every_ns))});
    }

    /// Whose context a sidecar continues.
    std::size_t continued(std::size_t i) const {
        const auto& span = history_.spans[i];
        if (span.is == what::server && system_.services[span.service].bare) return nothing;
        return span.parent;
    }

    void identify() {
        for (std::size_t i = 0; i < history_.spans.size(); ++i) {
            auto from = continued(i);
            if (from == nothing) from = history_.spans[i].first_attempt;
            keys_.push_back({from == nothing ? ids_.new_trace_id() : keys_[from].trace, ids_.new_span_id()});
        }
    }

    void receive() {
        for (const auto& key : keys_) {
            std::uint64_t low = 0;
            std::memcpy(&low, key.trace.bytes.data() + 8, 8);
            const bool sampled = kind_.head_sampling >= 1 || static_cast<double>(low) < kind_.head_sampling * 0x1p64;
            received_.push_back(sampled && !random_.chance(kind_.lost));
        }
    }

    std::uint64_t clock(const process_facts& at, std::int64_t ns) const {
        return static_cast<std::uint64_t>(epoch_ns + ns + static_cast<std::int64_t>(at.offset_ns) +
                                          static_cast<std::int64_t>(at.drift * static_cast<double>(ns)));
    }

    std::int64_t arrival(const true_span& span) {
        const auto phase = processes_[span.service].export_phase_ns;
        const auto batches = (span.end_ns - phase) / export_every_ns + 1;
        return phase + batches * export_every_ns + static_cast<std::int64_t>(random_.uniform(1e6, 5e6));
    }

    span_data describe(std::size_t i) {
        const auto& from = history_.spans[i];
        const auto& at = processes_[from.service];
        span_data out;
        out.trace = keys_[i].trace;
        out.span = keys_[i].span;
        if (auto parent = continued(i); parent != nothing) {
            out.parent = from.foreign_parent ? ids_.new_span_id() : keys_[parent].span;
            if (from.foreign_parent) out.tracestate = "outrider=" + keys_[parent].span.hex();
        }
        out.start_unix_ns = clock(at, from.start_ns);
        out.end_unix_ns = clock(at, from.end_ns);
        out.origin = at.origin;
        if (from.error) out.status = tracing::status_code::error;
        from.is == what::entry || from.is == what::server || from.is == what::client ? http(out, from)
                                                                                     : messaging(out, from);
        captured(out, from);
        return out;
    }

    void http(span_data& out, const true_span& from) {
        const bool client = from.is == what::client;
        const auto& callee = system_.services[client ? from.peer : from.service];
        const auto& code = callee.endpoints[from.endpoint];
        auto path = "/" + code.name;
        if (code.id_in_path) path += "/" + std::to_string(10'000 + from.request % 90'000);
        out.kind = client ? span_kind::client : span_kind::server;
        out.name = "GET";
        out.attributes = {text("http.request.method", "GET"), text("network.protocol.name", "http"),
                          text("server.address", callee.name), number("server.port", 8080)};
        if (!from.error) out.attributes.push_back(number("http.response.status_code", 200));
        if (client) {
            out.attributes.push_back(text("url.full", "http://" + callee.name + ":8080" + path));
            if (from.attempt > 0) out.attributes.push_back(number("http.request.resend_count", from.attempt));
        } else {
            out.attributes.push_back(text("url.scheme", "http"));
            out.attributes.push_back(text("url.path", path));
        }
    }

    void messaging(span_data& out, const true_span& from) {
        const auto& topic = system_.topics[from.topic].name;
        const auto [operation, type, kind] = from.is == what::send ? std::tuple{"send", "send", span_kind::producer}
                                             : from.is == what::process
                                                 ? std::tuple{"process", "process", span_kind::consumer}
                                                 : std::tuple{"poll", "receive", span_kind::client};
        out.kind = kind;
        out.name = std::string{operation} + " " + topic;
        out.attributes = {text("messaging.system", "kafka"),
                          text("messaging.operation.name", operation),
                          text("messaging.operation.type", type),
                          text("messaging.destination.name", topic),
                          text("messaging.destination.partition.id", std::to_string(from.partition)),
                          number("messaging.kafka.offset", from.offset),
                          text(names::kafka_cluster, "cluster-1")};
        if (from.links.size() > 1)
            out.attributes.push_back(
                number("messaging.batch.message_count", static_cast<std::int64_t>(from.links.size())));
        for (auto each : from.links) {
            if (out.links.size() == tracing::span_item_limit) break;
            out.links.push_back({keys_[each].trace, keys_[each].span, {}, {}, 0, 0});
        }
        if (from.is == what::process && from.parent != nothing)
            out.links.push_back({keys_[from.parent].trace, keys_[from.parent].span, {}, {}, 0, 0});
    }

    void captured(span_data& out, const true_span& from) {
        const bool leaves = from.is == what::client || from.is == what::send;
        if (options_.inbound_open && leaves && !out.parent.valid())
            out.attributes.push_back(number(names::inbound_open, static_cast<std::int64_t>(from.open)));
        if (from.request == nothing) return;
        if (options_.echo) {
            // The order, which is rare; its customer, who has others; its kind, which everything has.
            std::string bytes;
            for (std::uint64_t value : {from.request, 1'000'000 + from.request % 50, 2'000'000 + from.request % 3}) {
                const auto hashed = dice{value}.next();
                for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(hashed >> shift));
            }
            out.attributes.push_back({std::string{names::echo}, attribute_value{tracing::byte_string{bytes}}});
        }
        if (options_.keys) {
            const auto order = std::to_string(from.request);
            out.attributes.push_back(text(names::correlation_id, "order-" + order));
            out.attributes.push_back(text(std::string{names::key_prefix} + "order", order));
        }
    }

    /// The causes that were received, looking past those that were not.
    void nearest(std::size_t i, std::vector<span_key>& to) const {
        for (auto cause : history_.spans[i].causes) {
            if (received_[cause]) {
                to.push_back(keys_[cause]);
            } else {
                nearest(cause, to);
            }
        }
    }

    void judge(std::size_t i) {
        const auto& span = history_.spans[i];
        if (auto parent = continued(i); parent != nothing && received_[parent] && !span.foreign_parent) return;
        true_root root;
        root.is = span.is == what::client    ? true_root::what::call
                  : span.is == what::send    ? true_root::what::send
                  : span.is == what::process ? true_root::what::record
                  : span.is == what::poll    ? true_root::what::poll
                                             : true_root::what::hop;
        root.root = keys_[i];
        root.chain = span.request;
        for (auto cause : span.causes)
            if (received_[cause]) root.causes.push_back(keys_[cause]);
        if (root.causes.empty()) nearest(i, root.ancestors);
        for (auto send : span.links)
            if (received_[send]) root.ancestors.push_back(keys_[send]);
        out_.roots.push_back(std::move(root));
    }

    const topology& system_;
    const traffic_class& kind_;
    const generator_options& options_;
    const true_history& history_;
    dice random_;
    tracing::id_generator ids_;
    std::vector<process_facts> processes_;
    std::vector<span_key> keys_;
    std::vector<char> received_;
    generated_chains out_;
};

double rate_of(const topology& system, const traffic_class& kind, const generator_options& options) {
    return options.rate > 0 ? options.rate : rate_for(system, kind, options.seed + 1, options.in_flight);
}

}  // namespace

generated_chains generate(const traffic_class& kind, const generator_options& options) {
    const auto system = random_topology(options.seed, kind);
    const auto rate = rate_of(system, kind, options);
    const auto history = simulate(system, kind, options.seed + 2, rate, options.requests);
    auto out = narrator{system, kind, options, history}.tell();
    out.rate = rate;
    return out;
}

void write_csv(std::ostream& out, const traffic_class& kind, const generator_options& options) {
    const auto system = random_topology(options.seed, kind);
    const auto rate = rate_of(system, kind, options);
    const auto history = simulate(system, kind, options.seed + 2, rate, options.requests);
    auto index = [](std::size_t i) { return i == nothing ? std::string{"-"} : std::to_string(i); };
    std::vector<std::size_t> child(history.spans.size(), nothing);
    for (std::size_t i = 0; i < history.spans.size(); ++i)
        if (enters(history.spans[i].is) && !history.spans[i].causes.empty()) child[history.spans[i].causes[0]] = i;
    for (std::size_t i = 0; i < history.spans.size(); ++i) {
        const auto& span = history.spans[i];
        if (span.is == what::poll) continue;
        const bool in = enters(span.is);
        const bool topic = span.is == what::send || span.is == what::process;
        const auto& callee = system.services[in ? span.service : span.peer];
        const auto operation = topic ? system.topics[span.topic].name : callee.endpoints[span.endpoint].name;
        out << (in ? "I," : "O,") << system.services[span.service].name << ',';
        if (!in) out << (topic ? "" : callee.name + ":");
        out << operation << ',' << index(span.request) << ',';
        if (in) {
            out << i;
        } else {
            out << index(span.causes.empty() ? nothing : span.causes[0]) << ',' << index(child[i]);
        }
        out << ',' << span.start_ns / 1000 << ',' << span.end_ns / 1000;
        if (!in) out << ',' << (span.parent != nothing);
        out << '\n';
    }
}

}  // namespace outrider::test
