#pragma once

#include "sidecar/net/io_buffer.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/task_group.hpp"

namespace outrider::net {

/// Who is told what a relay does, on its worker's thread.
class relay_watch {
  public:
    virtual ~relay_watch() = default;
    /// A side is waited for from now on: a limit to the silence counts from here.
    virtual void waits() = 0;
    /// So many bytes went on: from the first side to the second, or back.
    virtual void passed(bool back, std::size_t bytes) = 0;
    /// Whether nothing is to be waited for any more.
    virtual bool over() const = 0;
};

/// One side of a relay: where bytes come from, and those of them that have been read already.
struct relay_side {
    stream& from;
    lent_buffer& held;
};

/// Carries bytes both ways until both have ended, with half-closes passed on. A failure of either way ends both. While
/// it waits it holds no memory but its own. @return whether both have ended in order
awaitable<bool> relay(executor ex, task_group& tasks, relay_side one, relay_side other, relay_watch& watch);

}  // namespace outrider::net
