#include "sidecar/discovery/kafka_probe.hpp"

#include <algorithm>

namespace outrider::discovery {
namespace {

constexpr std::int16_t api_metadata = 3, api_api_versions = 18;
/// From 1 on an empty list of topics means none of them; 8 is the last without flexible encoding.
constexpr std::int16_t lowest_metadata = 1, highest_metadata = 8;
constexpr std::int32_t correlation = 0x6f757472;

/// Big-endian numbers out of bytes that nobody vouches for: fails sticky.
class reader {
  public:
    explicit reader(std::string_view in) : in_(in) {}
    bool failed() const { return failed_; }
    std::int16_t int16() { return static_cast<std::int16_t>(number(2)); }
    std::int32_t int32() { return static_cast<std::int32_t>(number(4)); }
    std::string_view take(std::size_t size) {
        if (failed_ || in_.size() < size) return failed_ = true, std::string_view{};
        const auto out = in_.substr(0, size);
        in_.remove_prefix(size);
        return out;
    }
    /// Length -1 is null, and empty here.
    std::string_view string() {
        const auto size = int16();
        if (size < -1) failed_ = true;
        return take(static_cast<std::size_t>(std::max<std::int16_t>(size, 0)));
    }

  private:
    std::uint32_t number(std::size_t size) {
        std::uint32_t out = 0;
        for (const auto byte : take(size)) out = out << 8 | static_cast<std::uint8_t>(byte);
        return out;
    }
    std::string_view in_;
    bool failed_ = false;
};

void append(std::string& to, std::uint32_t value, unsigned size) {
    while (size-- > 0) to.push_back(static_cast<char>(value >> 8 * size));
}

std::string question(std::int16_t key, std::int16_t version, const std::string& body) {
    static constexpr std::string_view client = "outrider-probe";
    std::string out;
    append(out, static_cast<std::uint32_t>(2 + 2 + 4 + 2 + client.size() + body.size()), 4);
    append(out, static_cast<std::uint16_t>(key), 2);
    append(out, static_cast<std::uint16_t>(version), 2);
    append(out, correlation, 4);
    append(out, static_cast<std::uint32_t>(client.size()), 2);
    return out.append(client).append(body);
}

/// One answer, without its size.
net::awaitable<std::string> ask(probe_connection& connection, const std::string& what, std::string& answer) {
    auto failure = co_await connection.send(what);
    answer.clear();
    std::size_t whole = 4;
    while (failure.empty() && answer.size() < whole) {
        failure = co_await connection.receive(answer);
        if (answer.size() >= 4) whole = 4 + static_cast<std::uint32_t>(reader{answer}.int32());
        if (whole > most_answer) failure = "it does not speak Kafka's protocol, or answers more than 64 KiB";
    }
    if (failure.empty()) answer = answer.substr(4, whole - 4);
    co_return failure;
}

net::awaitable<probe_result> ask_broker(probe_io& io, const config::endpoint& broker, net::tls_context* tls) {
    probe_connection connection{io};
    probe_result out;
    out.text = co_await connection.connect(broker, tls);
    if (!out.text.empty()) co_return out;
    std::string answer;
    const auto first = api_versions_question();
    out.text = co_await ask(connection, first, answer);
    if (!out.text.empty()) co_return out;
    const auto version = metadata_version(answer, out.text);
    if (!version) co_return out;
    const auto second = metadata_question(*version);
    out.text = co_await ask(connection, second, answer);
    if (out.text.empty()) {
        out = judge_metadata(answer, *version);
    } else if (connection.ended() && answer.empty()) {
        out = {true, "answers, and wants its clients to authenticate"};
    }
    co_return out;
}

/// A broker that says nothing must leave time for the others.
net::awaitable<probe_result> ask_in_a_share(probe_io& io, std::size_t shares, const config::endpoint& broker,
                                            net::tls_context* tls) {
    const auto left = std::chrono::floor<std::chrono::milliseconds>(io.time.end() - net::steady_clock::now());
    probe_time share{io.worker.wheel(), left / static_cast<int>(shares)};
    probe_io own{io.worker, io.resolver, share};
    io.time.when_over([&share] { share.finish(); });
    auto out = co_await ask_broker(own, broker, tls);
    io.time.when_over(nullptr);
    co_return out;
}

}  // namespace

std::string api_versions_question() { return question(api_api_versions, 0, {}); }

std::string metadata_question(std::int16_t version) {
    std::string body;
    append(body, 0, 4);                    // no topics
    if (version >= 4) append(body, 0, 1);  // nothing is created
    if (version >= 8) append(body, 0, 2);  // no authorized operations
    return question(api_metadata, version, body);
}

std::optional<std::int16_t> metadata_version(std::string_view answer, std::string& why) {
    reader in{answer};
    const bool ours = in.int32() == correlation;
    const auto error = in.int16();
    const auto count = in.int32();
    std::optional<std::int16_t> found;
    for (std::int32_t i = 0; i < count && !in.failed(); ++i) {
        const auto key = in.int16();
        const auto lowest = in.int16(), highest = in.int16();
        if (key == api_metadata && lowest <= highest_metadata && highest >= lowest_metadata)
            found = std::min(highest, highest_metadata);
    }
    if (in.failed() || !ours) {
        why = "it does not speak Kafka's protocol";
        return std::nullopt;
    }
    if (error != 0)
        why = "it refuses ApiVersions with error " + std::to_string(error);
    else if (!found)
        why = "it offers no version of Metadata that is known here";
    return error == 0 ? found : std::nullopt;
}

probe_result judge_metadata(std::string_view answer, std::int16_t version) {
    reader in{answer};
    const bool ours = in.int32() == correlation;
    if (version >= 3) in.int32();  // throttle time
    const auto brokers = in.int32();
    for (std::int32_t i = 0; i < brokers && !in.failed(); ++i) {
        in.int32();   // node
        in.string();  // host
        in.int32();   // port
        in.string();  // rack
    }
    if (version >= 2) in.string();  // cluster
    const auto controller = in.int32();
    if (in.failed() || !ours) return {false, "its answer to Metadata cannot be read"};
    if (brokers < 1) return {false, "it knows no broker of its cluster"};
    auto text = std::to_string(brokers) + (brokers == 1 ? " broker" : " brokers");
    return {true, text + (controller < 0 ? ", no controller" : ", controller " + std::to_string(controller))};
}

net::awaitable<probe_result> probe_kafka(probe_io& io, const std::vector<config::endpoint>& brokers, std::size_t& first,
                                         net::tls_context* tls) {
    probe_result out{false, "no broker is listed"};
    const auto begin = first;
    for (std::size_t i = 0; i < brokers.size() && !io.time.over(); ++i) {
        const auto index = (begin + i) % brokers.size();
        const auto others = brokers.size() - i - 1;
        if (others == 0)
            out = co_await ask_broker(io, brokers[index], tls);
        else
            out = co_await ask_in_a_share(io, others + 1, brokers[index], tls);
        if (!out.good) out.text = brokers[index].text() + ": " + out.text;
        if (!out.good) continue;
        first = index;
        break;
    }
    co_return out;
}

}  // namespace outrider::discovery
