#pragma once

#include <functional>
#include <memory>

#include "sidecar/net/stream.hpp"

namespace outrider::test {

/// Counts the operations of one or several streams and breaks the one whose turn it is.
struct fault_plan {
    std::size_t fail_at = 0;  ///< the operation that fails, from 1; 0: none
    std::size_t seen = 0;
    std::function<void()> after_write;  ///< the other side has it, and this thread does not go on yet
    bool fired() const { return fail_at != 0 && seen >= fail_at; }
};

/// Breaks the connection at the operation that the plan names, as a reset by the peer does: this operation and all
/// later ones fail, and the other side reads the end. Reads and writes count alike.
class faulty_layer final : public net::stream_layer {
  public:
    explicit faulty_layer(std::shared_ptr<fault_plan> plan) : plan_(std::move(plan)) {}

    net::awaitable<net::io_result> read_some(net::socket& lower, boost::asio::mutable_buffer into) override;
    std::size_t write_now(net::socket& lower, std::span<const boost::asio::const_buffer> from,
                          net::error_code& ec) override;
    net::awaitable<net::error_code> wait_writable(net::socket& lower) override;
    void shutdown_send(net::socket&) override {}

  private:
    bool breaks(net::socket& lower);

    std::shared_ptr<fault_plan> plan_;
    bool broken_ = false;
};

}  // namespace outrider::test
