#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {

/// On which of a session's connections the fault is.
enum class side { client, upstream };

inline std::string name_of(side where) { return where == side::client ? "client" : "upstream"; }

/// One whole conversation in which the Nth operation on a side fails.
struct faulty_conversation {
    faulty_conversation(session& on, std::string bytes, side where, std::size_t nth)
        : s(on),
          text(std::move(bytes)),
          what("operation " + std::to_string(nth) + " of the " + name_of(where) + " in: " + text.substr(0, 60)) {
        plan->fail_at = nth;
        (where == side::client ? s.client_faults : s.upstream_faults) = plan;
    }
    /// Until nothing of it is left.
    void run() {
        auto client = s.connect();
        bool written = false;
        s.send_and_end(client, text, written);
        EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << what;
        client->stream.close();
        EXPECT_TRUE(s.turn_until([&] { return written; })) << what;
        EXPECT_TRUE(s.turn_until_idle()) << what;
    }

    session& s;
    std::string text;
    std::string what;
    std::shared_ptr<test::fault_plan> plan = std::make_shared<test::fault_plan>();
};

}  // namespace outrider::http
