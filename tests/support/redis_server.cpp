#include "tests/support/redis_server.hpp"

namespace outrider::test {

std::unique_ptr<redis_server> redis_server::start(std::uint16_t port, const std::vector<std::string>& arguments) {
    // Redis does not choose a port; one that was free may be taken by the time it listens.
    for (int tries = 0; tries < 3; ++tries) {
        std::unique_ptr<redis_server> out(new redis_server);
        out->port_ = port != 0 ? port : free_port();
        std::vector<std::string> words{"redis-server",
                                       "--port",
                                       std::to_string(out->port_),
                                       "--bind",
                                       "127.0.0.1",
                                       "--save",
                                       "",
                                       "--appendonly",
                                       "no",
                                       "--dir",
                                       "/tmp",
                                       "--enable-debug-command",
                                       "no"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        if (out->process_.start(words, out->port_)) return out;
    }
    return nullptr;
}

}  // namespace outrider::test
