#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/session.hpp"
#include "sidecar/net/listener.hpp"
#include "tests/support/faulty_layer.hpp"
#include "tests/unit/sidecar/kafka/messages.hpp"
#include "tracing/span_data.hpp"

namespace outrider::kafka::testing {

/// A frame that the scripted broker got, without its size.
struct got_frame {
    std::string bytes;
    int connection = 0;  ///< the how-manieth of the broker, from 0
    std::int16_t key() const { return wire_reader{bytes}.int16(); }
    std::int16_t version() const { return wire_reader{std::string_view{bytes}.substr(2)}.int16(); }
    std::int32_t correlation() const { return wire_reader{std::string_view{bytes}.substr(4)}.int32(); }
};

/// What it does then.
struct broker_reply {
    std::string bytes;   ///< whole frames, or what else is to be sent
    bool close = false;  ///< after the bytes
    bool reset = false;
};

/// A broker that answers as a test says, on the io_context of the test: for order and faults.
class scripted_broker {
  public:
    /// The default answers ApiVersions, Metadata (two nodes, both this broker) and anything else with "ok".
    std::function<broker_reply(const got_frame&)> on_frame;

    explicit scripted_broker(net::executor ex);
    std::uint16_t port() const { return port_; }
    void stop();
    bool stopped() const { return tasks_.running() == 0; }
    broker_reply usual(const got_frame& of) const;
    /// Sends what nobody asked for, on the connection that came last.
    void say(std::string bytes);

    std::vector<got_frame> frames;
    int connections = 0;
    int ended = 0;              ///< connections whose other side has closed
    bool closes_at_end = true;  ///< of the other side's sending; false: stays until it is stopped
    bool deaf = false;          ///< nothing is read from connections made from now on

  private:
    net::awaitable<void> serve(net::stream stream, int number);

    net::task_group tasks_;
    std::uint16_t port_ = 0;
    std::unique_ptr<net::acceptor> acceptor_;
    std::vector<net::stream*> streams_;
};

/// The client's side of a session.
struct session_client {
    explicit session_client(net::stream s) : stream(std::move(s)) {}
    net::stream stream;
    std::string seen;    ///< everything that was read
    bool ended = false;  ///< the sidecar closed, or broke off
    /// The answers so far, without their sizes; a part of one is left out.
    std::vector<std::string> answers() const;
};

using client_ptr = std::shared_ptr<session_client>;

/// One worker's path to one cluster between clients and a scripted broker, turned by the test's own thread.
class kafka_session {
  public:
    explicit kafka_session(const std::function<void(config::settings&, config::kafka_cluster&)>& configure = {});
    ~kafka_session();

    /// A client that came to the bootstrap address.
    client_ptr connect(bool reads = true);
    /// A client that came to the address of a node.
    client_ptr connect_to_node(std::int32_t id);
    void send(const client_ptr& client, std::string bytes);
    /// Sends and then half-closes.
    void send_and_end(const client_ptr& client, std::string bytes);

    /// Takes so many bytes of a client that does not read by itself.
    std::string take(const client_ptr& client, std::size_t size);
    /// From now on it does.
    void read_on(const client_ptr& client);

    bool turn_until(const std::function<bool()>& happened);
    /// Until `count` answers have been seen or the client's connection ended.
    std::vector<std::string> answers(const client_ptr& client, std::size_t count);
    /// Sends and takes that many answers.
    std::vector<std::string> converse(const client_ptr& client, std::string bytes, std::size_t count);
    /// Turns the loop while there is anything to do at once.
    void settle();
    /// Until every connection and every task has ended.
    bool turn_until_idle();
    std::vector<tracing::span_data> spans();
    exchange::messaging_metrics& metrics() { return path->metrics; }
    /// Whether nothing is counted as held any more.
    bool nothing_held();

    net::worker worker{0};
    scripted_broker broker{worker.get_executor()};
    tracing::span_buffer span_sink;
    std::unique_ptr<exchange::tracing_setup> tracing;
    exchange::governor governor;
    std::unique_ptr<kafka::cluster> cluster;
    std::unique_ptr<cluster_path> path;
    std::shared_ptr<test::fault_plan> client_faults, broker_faults;

  private:
    client_ptr reading(net::stream ours, bool reads);

    net::task_group clients_{worker.get_executor()};
    std::unique_ptr<net::acceptor> acceptor_;
    std::uint16_t port_ = 0;
};

}  // namespace outrider::kafka::testing
