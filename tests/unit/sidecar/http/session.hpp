#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/http/data_path.hpp"
#include "sidecar/net/listener.hpp"
#include "tests/support/faulty_layer.hpp"
#include "tracing/span_data.hpp"

namespace outrider::http {

/// What the origin of a test got.
struct received {
    std::string head;
    std::string method;
    std::string target;
    std::string body;
    std::string trailers;
    int connection = 0;  ///< the how-manieth of the origin, from 0
    int request = 0;     ///< the how-manieth on its connection, from 0
};

/// What it answers.
struct reply {
    std::string bytes;
    bool close = false;  ///< after the bytes
    bool reset = false;
};

/// A real origin on loopback, on the io_context of the test.
class origin_server {
  public:
    /// `early(head)` is asked when a head has been read; what it returns is sent before the body is read.
    std::function<std::string(const received&)> on_head;
    std::function<reply(const received&)> on_request = [](const received&) {
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    };

    explicit origin_server(net::executor ex);
    std::uint16_t port() const { return port_; }
    void stop();
    bool stopped() const { return tasks_.running() == 0; }

    std::vector<received> requests;
    int connections = 0;
    int ended = 0;  ///< connections whose other side has closed

  private:
    net::awaitable<void> serve(net::stream stream, int number);

    net::task_group tasks_;
    std::uint16_t port_ = 0;
    std::unique_ptr<net::acceptor> acceptor_;
};

/// The client's side of a session.
struct session_client {
    explicit session_client(net::stream s) : stream(std::move(s)) {}
    net::stream stream;
    std::string seen;    ///< everything that was read
    bool ended = false;  ///< the sidecar closed, or broke off
};

/// A data path between a client in memory and an origin on loopback, turned by the test's own thread.
class session {
  public:
    explicit session(std::function<void(config::settings&)> configure = {});
    ~session();

    std::shared_ptr<session_client> connect() { return connect(role); }
    std::shared_ptr<session_client> connect(const listener_role& to);
    /// A client of a connection that the path has been given already.
    std::shared_ptr<session_client> reading(net::stream ours);
    void send(const std::shared_ptr<session_client>& client, std::string bytes);
    /// Sends and then half-closes; `written` tells when that is done.
    void send_and_end(const std::shared_ptr<session_client>& client, std::string bytes, bool& written);
    /// Half-closes.
    void end(const std::shared_ptr<session_client>& client) { client->stream.shutdown_send(); }

    /// Turns the loop until `happened` says so. @return false when that took longer than ten seconds
    bool turn_until(const std::function<bool()>& happened);
    /// One whole conversation: sends, half-closes, reads to the end.
    std::string converse(std::string bytes);
    /// Until every connection and every task has ended.
    bool turn_until_idle();
    /// Closes what waits in the pool.
    void empty_pool();
    /// The spans finished so far, taken.
    std::vector<tracing::span_data> spans();

    net::worker worker{0};
    origin_server origin{worker.get_executor()};
    tracing::span_buffer span_sink;
    std::shared_ptr<shared_setup> setup;
    std::unique_ptr<data_path> path;
    listener_role role;
    std::shared_ptr<test::fault_plan> client_faults, upstream_faults;

  private:
    net::task_group clients_{worker.get_executor()};
};

/// How often `part` is in `whole`.
std::size_t occurrences(std::string_view whole, std::string_view part);

/// A whole GET, with further header lines.
std::string get(std::string_view path = "/", std::string_view more = "");

std::uint64_t requests_counted(const session& s);
std::uint64_t failures(const session& s, exchange::failure_code code);

}  // namespace outrider::http
