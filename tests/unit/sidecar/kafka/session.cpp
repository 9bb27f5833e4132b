#include "tests/unit/sidecar/kafka/session.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/kafka/api_versions.hpp"
#include "sidecar/net/tcp.hpp"
#include "tracing/otlp.hpp"

namespace outrider::kafka::testing {
namespace {

constexpr std::chrono::seconds patience{10};
constexpr auto classic = encoding::classic;

net::awaitable<void> write_to(client_ptr client, std::string bytes, bool and_end) {
    auto ec = co_await client->stream.write(boost::asio::buffer(bytes));
    if (!ec && and_end && client->stream.is_open()) client->stream.shutdown_send();
}

net::awaitable<void> read_from(client_ptr client) {
    std::vector<char> buffer(65'536);
    while (true) {
        auto [ec, n] = co_await client->stream.read_some(boost::asio::buffer(buffer));
        if (ec) break;
        client->seen.append(buffer.data(), n);
    }
    client->ended = true;
}

net::awaitable<void> connect_and_read(client_ptr client, net::tcp_endpoint to) {
    auto ec = co_await net::connect(client->stream.lower(), to);
    EXPECT_FALSE(ec) << ec.message();
    co_await read_from(client);
}

/// The next whole frame, without its size.
std::optional<std::string> take_frame(net::io_buffer& in) {
    if (in.size() < 4) return std::nullopt;
    auto size = static_cast<std::uint32_t>(wire_reader{in.data()}.int32());
    if (in.size() - 4 < size) return std::nullopt;
    std::string frame{in.data().substr(4, size)};
    in.consume(4 + std::size_t{size});
    return frame;
}

/// What brokers from 3.7 on say, so far as tests need it, and one API that clients are not to see.
std::string api_versions_body() {
    std::string body;
    wire_writer out{body};
    constexpr std::array<std::array<std::int16_t, 3>, 8> ranges{
        {{0, 0, 20}, {1, 4, 20}, {3, 0, 20}, {8, 2, 9}, {10, 0, 6}, {17, 0, 1}, {18, 0, 4}, {52, 0, 1}}};
    out.int16(0);
    out.array(static_cast<std::int32_t>(ranges.size()), classic);
    for (const auto& each : ranges)
        for (auto number : each) out.int16(number);
    return body;
}

}  // namespace

scripted_broker::scripted_broker(net::executor ex) : tasks_(ex) {
    on_frame = [this](const got_frame& of) { return usual(of); };
    auto listening = net::listening_socket::open({boost::asio::ip::address_v4::loopback(), 0}, "broker", false);
    port_ = listening.bound().port();
    acceptor_ = std::make_unique<net::acceptor>(ex, std::move(listening),
                                                [this](net::stream accepted, const net::tcp_endpoint&) {
                                                    tasks_.spawn(serve(std::move(accepted), connections++));
                                                });
    acceptor_->start(tasks_);
}

broker_reply scripted_broker::usual(const got_frame& of) const {
    if (of.key() == 18) return {answer(of.correlation(), api_versions_body())};
    if (of.key() != 3) return {answer(of.correlation(), "ok")};
    std::string body;
    wire_writer out{body};
    const auto version = of.version();
    if (version >= 3) out.int32(0);  // throttle time
    out.array(2, classic);
    for (std::int32_t node : {3, 7}) {
        out.int32(node);
        out.string("127.0.0.1", classic);
        out.int32(port_);
        if (version >= 1) out.string({}, classic);  // rack
    }
    if (version >= 2) out.string("cluster-of-tests", classic);
    if (version >= 1) out.int32(3);  // controller
    out.array(0, classic);
    if (version >= 8) out.int32(0);
    return {answer(of.correlation(), body)};
}

void scripted_broker::say(std::string bytes) {
    net::error_code ec;
    boost::asio::const_buffer out{bytes.data(), bytes.size()};
    ASSERT_FALSE(streams_.empty());
    EXPECT_EQ(streams_.back()->write_now({&out, 1}, ec), bytes.size());
}

net::awaitable<void> scripted_broker::serve(net::stream stream, int number) {
    streams_.push_back(&stream);
    net::io_buffer in;
    bool more = true;
    if (deaf) {
        // Only the end of the test ends it.
        auto [ec] = co_await stream.lower().async_wait(net::socket::wait_error, net::use_tuple);
        more = !ec;
    }
    while (more) {
        auto frame = take_frame(in);
        if (!frame) {
            in.make_room(65'536);
            auto [ec, n] = co_await stream.read_some(in.room());
            more = !ec;
            in.commit(n);
            continue;
        }
        got_frame got{std::move(*frame), number};
        auto reply = on_frame(got);
        frames.push_back(std::move(got));
        auto ec = co_await stream.write(boost::asio::buffer(reply.bytes));
        if (reply.reset) stream.reset();
        more = !ec && !reply.close && !reply.reset;
    }
    ++ended;
    // Nothing sets this but a stop; the end of the other side's sending is no error.
    if (!closes_at_end && stream.is_open()) co_await stream.lower().async_wait(net::socket::wait_error, net::use_tuple);
    std::erase(streams_, &stream);
}

void scripted_broker::stop() {
    acceptor_->stop();
    for (auto* each : streams_) each->cancel();
}

std::vector<std::string> session_client::answers() const {
    std::vector<std::string> out;
    std::string_view rest = seen;
    while (rest.size() >= 4) {
        auto size = static_cast<std::uint32_t>(wire_reader{rest}.int32());
        if (rest.size() - 4 < size) break;
        out.emplace_back(rest.substr(4, size));
        rest.remove_prefix(4 + std::size_t{size});
    }
    return out;
}

kafka_session::kafka_session(const std::function<void(config::settings&, config::kafka_cluster&)>& configure) {
    config::settings settings;
    config::kafka_cluster of;
    of.brokers.push_back({"127.0.0.1", broker.port()});
    of.protocol = config::broker_protocol::plaintext;
    if (configure) configure(settings, of);
    tracing = std::make_unique<exchange::tracing_setup>(settings);
    cluster = std::make_unique<kafka::cluster>("main", of, *tracing, ::testing::TempDir() + "no-state-is-kept");
    path = std::make_unique<cluster_path>(worker, *cluster, &span_sink, governor);
    path->on_broker_connected = [this](net::stream& made) {
        if (broker_faults) made.set_layer(std::make_unique<test::faulty_layer>(broker_faults));
    };
    auto listening = net::listening_socket::open_loopback(0, "clients", false);
    port_ = listening.bound().port();
    cluster->listening_on(listening.bound());
    acceptor_ = std::make_unique<net::acceptor>(
        worker.get_executor(), std::move(listening), [this](net::stream accepted, const net::tcp_endpoint& peer) {
            if (client_faults) accepted.set_layer(std::make_unique<test::faulty_layer>(client_faults));
            path->accept(std::move(accepted), peer);
        });
    acceptor_->start(clients_);
}

kafka_session::~kafka_session() {
    acceptor_->stop();
    path->abort();
    EXPECT_TRUE(turn_until_idle());
    EXPECT_TRUE(nothing_held());
    EXPECT_EQ(worker.tasks().escaped(), 0U);
    EXPECT_EQ(metrics().connections_open.value(), 0U);
    broker.stop();
    EXPECT_TRUE(turn_until([this] { return broker.stopped() && clients_.running() == 0; }));
    path.reset();
}

bool kafka_session::nothing_held() {
    // The whole budget can be had.
    constexpr std::size_t parts = 8;
    std::size_t had = 0;
    while (had < parts && path->may_hold(cluster_path::most_held_frame)) ++had;
    for (std::size_t i = 0; i < had; ++i) path->give_back_hold(cluster_path::most_held_frame);
    return had == parts;
}

client_ptr kafka_session::reading(net::stream ours, bool reads) {
    auto client = std::make_shared<session_client>(std::move(ours));
    if (reads) clients_.spawn(read_from(client));
    return client;
}

client_ptr kafka_session::connect(bool reads) {
    auto [ours, theirs] = net::connected_pair(worker.get_executor());
    if (client_faults) theirs.set_layer(std::make_unique<test::faulty_layer>(client_faults));
    path->accept(std::move(theirs), {});
    return reading(std::move(ours), reads);
}

client_ptr kafka_session::connect_to_node(std::int32_t id) {
    auto client = std::make_shared<session_client>(net::stream{worker.get_executor()});
    auto where = cluster->plan.advertise({node_kind::broker, id});
    clients_.spawn(connect_and_read(client, {boost::asio::ip::make_address(where->host), port_}));
    settle();
    return client;
}

void kafka_session::send(const client_ptr& client, std::string bytes) {
    clients_.spawn(write_to(client, std::move(bytes), false));
}

void kafka_session::send_and_end(const client_ptr& client, std::string bytes) {
    clients_.spawn(write_to(client, std::move(bytes), true));
}

std::string kafka_session::take(const client_ptr& client, std::size_t size) {
    std::string out(size, ' ');
    std::size_t had = 0;
    auto taken = [&] {
        auto n = ::recv(client->stream.lower().native_handle(), out.data() + had, size - had, MSG_DONTWAIT);
        if (n > 0) had += static_cast<std::size_t>(n);
        if (n <= 0) settle();
        return had == size;
    };
    EXPECT_TRUE(turn_until(taken));
    return out;
}

void kafka_session::read_on(const client_ptr& client) { clients_.spawn(read_from(client)); }

bool kafka_session::turn_until(const std::function<bool()>& happened) {
    auto until = net::steady_clock::now() + patience;
    auto& context = worker.get_executor().context();
    while (!happened() && net::steady_clock::now() < until) context.run_one_until(until);
    return happened();
}

void kafka_session::settle() {
    while (worker.get_executor().context().run_one_for(std::chrono::milliseconds{5}) > 0) {
    }
}

std::vector<std::string> kafka_session::answers(const client_ptr& client, std::size_t count) {
    EXPECT_TRUE(turn_until([&] { return client->ended || client->answers().size() >= count; }));
    auto all = client->answers();
    EXPECT_EQ(all.size(), count);
    return all;
}

std::vector<std::string> kafka_session::converse(const client_ptr& client, std::string bytes, std::size_t count) {
    send(client, std::move(bytes));
    return answers(client, count);
}

bool kafka_session::turn_until_idle() {
    return turn_until([this] { return path->sessions() == 0 && worker.tasks().running() == 0; });
}

std::vector<tracing::span_data> kafka_session::spans() {
    path->tracer.flush();
    std::string entries;
    while (auto chunk = span_sink.take()) {
        entries += chunk->bytes;
        span_sink.give_back(std::move(chunk));
    }
    return tracing::decode_otlp(tracing::otlp_request({}, entries)).value().spans;
}

}  // namespace outrider::kafka::testing
