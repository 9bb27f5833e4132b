#include "tests/unit/sidecar/http/session.hpp"

#include <gtest/gtest.h>

#include "sidecar/http/body.hpp"
#include "tracing/otlp.hpp"

namespace outrider::http {
namespace {

constexpr std::chrono::seconds patience{10};

std::shared_ptr<shared_setup> make_setup(std::uint16_t origin,
                                         const std::function<void(config::settings&)>& configure) {
    config::settings settings;
    settings.service = "orders";
    settings.upstreams["stock"].endpoints.push_back({{"127.0.0.1", origin}, false});
    if (configure) configure(settings);
    return std::make_shared<shared_setup>(settings);
}

net::awaitable<void> write_to(std::shared_ptr<session_client> client, std::string bytes) {
    co_await client->stream.write(boost::asio::buffer(bytes));
}

net::awaitable<void> write_and_end(std::shared_ptr<session_client> client, std::string bytes, bool& written) {
    co_await client->stream.write(boost::asio::buffer(bytes));
    if (client->stream.is_open()) client->stream.shutdown_send();
    written = true;
}

net::awaitable<void> read_from(std::shared_ptr<session_client> client) {
    std::vector<char> buffer(65'536);
    while (true) {
        auto [ec, n] = co_await client->stream.read_some(boost::asio::buffer(buffer));
        if (ec) break;
        client->seen.append(buffer.data(), n);
    }
    client->ended = true;
}

/// Reads one request. @return false when the connection ended before it was complete
net::awaitable<bool> read_head(net::stream& stream, net::io_buffer& in, request_head& head, received& out) {
    while (parse_request_head(in.data(), {}, head).state != parse_state::complete) {
        in.make_room(4'096);
        auto [ec, n] = co_await stream.read_some(in.room());
        if (ec) co_return false;
        in.commit(n);
    }
    out.head = in.data().substr(0, head.size);
    out.method = head.method;
    out.target = head.target;
    co_return true;
}

net::awaitable<bool> read_body(net::stream& stream, net::io_buffer& in, const framing& how, received& out) {
    body_decoder body;
    body.start(how, 8'192);
    while (true) {
        out.body += body.take(in);
        if (body.ended()) break;
        EXPECT_FALSE(body.malformed());
        if (body.malformed()) co_return false;
        in.make_room(65'536);
        auto [ec, n] = co_await stream.read_some(in.room());
        if (ec) co_return false;
        in.commit(n);
    }
    out.trailers = body.trailers();
    co_return true;
}

}  // namespace

origin_server::origin_server(net::executor ex) : tasks_(ex) {
    auto listening = net::listening_socket::open({boost::asio::ip::address_v4::loopback(), 0}, "origin", false);
    port_ = listening.bound().port();
    acceptor_ = std::make_unique<net::acceptor>(ex, std::move(listening),
                                                [this](net::stream accepted, const net::tcp_endpoint&) {
                                                    tasks_.spawn(serve(std::move(accepted), connections++));
                                                });
    acceptor_->start(tasks_);
}

void origin_server::stop() { acceptor_->stop(); }

net::awaitable<void> origin_server::serve(net::stream stream, int number) {
    auto head = std::make_unique<request_head>();
    net::io_buffer in;
    for (int i = 0;; ++i) {
        received got;
        got.connection = number;
        got.request = i;
        request_facts facts;
        if (!co_await read_head(stream, in, *head, got)) break;
        EXPECT_EQ(check_request(*head, facts), head_error::none) << got.head;
        if (on_head) {
            auto early = on_head(got);
            if (!early.empty() && co_await stream.write(boost::asio::buffer(early))) break;
        }
        in.consume(head->size);
        if (!co_await read_body(stream, in, facts.body, got)) break;
        requests.push_back(got);
        auto answer = on_request(got);
        if (co_await stream.write(boost::asio::buffer(answer.bytes))) break;
        if (answer.reset) stream.reset();
        if (answer.close || answer.reset) break;
    }
    ++ended;
}

session::session(std::function<void(config::settings&)> configure)
    : setup(make_setup(origin.port(), configure)),
      path(std::make_unique<data_path>(worker, setup, &span_sink, nullptr)) {
    config::upstream app;
    app.endpoints.push_back({{"127.0.0.1", origin.port()}, false});
    role.name = "inbound";
    role.fixed = std::make_shared<upstream>("app", 0, app, nullptr);
    path->on_upstream_connected = [this](net::stream& made) {
        if (upstream_faults) made.set_layer(std::make_unique<test::faulty_layer>(upstream_faults));
    };
}

session::~session() {
    path->abort();
    EXPECT_TRUE(turn_until_idle());
    empty_pool();
    origin.stop();
    EXPECT_TRUE(turn_until([this] { return origin.stopped() && clients_.running() == 0; }));
    path.reset();
}

std::shared_ptr<session_client> session::connect(const listener_role& to) {
    auto [ours, theirs] = net::connected_pair(worker.get_executor());
    if (client_faults) theirs.set_layer(std::make_unique<test::faulty_layer>(client_faults));
    path->accept(std::move(theirs), {}, to);
    return reading(std::move(ours));
}

std::shared_ptr<session_client> session::reading(net::stream ours) {
    auto client = std::make_shared<session_client>(std::move(ours));
    clients_.spawn(read_from(client));
    return client;
}

void session::send(const std::shared_ptr<session_client>& client, std::string bytes) {
    clients_.spawn(write_to(client, std::move(bytes)));
}

void session::send_and_end(const std::shared_ptr<session_client>& client, std::string bytes, bool& written) {
    clients_.spawn(write_and_end(client, std::move(bytes), written));
}

bool session::turn_until(const std::function<bool()>& happened) {
    auto until = net::steady_clock::now() + patience;
    auto& context = worker.get_executor().context();
    while (!happened() && net::steady_clock::now() < until) context.run_one_until(until);
    return happened();
}

std::string session::converse(std::string bytes) {
    auto client = connect();
    bool written = false;
    send_and_end(client, std::move(bytes), written);
    EXPECT_TRUE(turn_until([&] { return client->ended; })) << client->seen;
    client->stream.close();
    EXPECT_TRUE(turn_until([&] { return written; }));
    return client->seen;
}

bool session::turn_until_idle() {
    return turn_until([this] { return path->connections() == 0 && worker.tasks().running() == 0; });
}

void session::empty_pool() {
    auto much_later = net::steady_clock::now() + std::chrono::hours{1};
    role.fixed->close_idle(much_later, std::chrono::milliseconds{0});
    path->router.close_idle(much_later);
}

std::vector<tracing::span_data> session::spans() {
    path->tracer.flush();
    std::string entries;
    while (auto chunk = span_sink.take()) {
        entries += chunk->bytes;
        span_sink.give_back(std::move(chunk));
    }
    return tracing::decode_otlp(tracing::otlp_request({}, entries)).value().spans;
}

std::size_t occurrences(std::string_view whole, std::string_view part) {
    std::size_t count = 0;
    for (auto at = whole.find(part); at != std::string_view::npos; at = whole.find(part, at + part.size())) ++count;
    return count;
}

std::string get(std::string_view path, std::string_view more) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: shop\r\n" + std::string{more} + "\r\n";
}

std::uint64_t requests_counted(const session& s) {
    std::uint64_t sum = 0;
    for (const auto& row : s.path->metrics.requests.rows()) sum += row.count;
    return sum;
}

std::uint64_t failures(const session& s, exchange::failure_code code) {
    return s.path->metrics.failures[static_cast<std::size_t>(code)].value();
}

}  // namespace outrider::http
