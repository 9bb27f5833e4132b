#include "sidecar/collector/run.hpp"

#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sidecar/net/http_server.hpp"
#include "tests/support/raw_http_client.hpp"

namespace outrider::collector {
namespace {

using testing::HasSubstr;

collect_options on_port(std::uint16_t port) {
    collect_options options;
    options.listen = {"127.0.0.1", port};
    return options;
}

/// `outrider collect` in a process of its own, as it is meant to run.
class collector_process {
  public:
    explicit collector_process(const collect_options& options) {
        int ends[2];
        if (pipe(ends) != 0) std::abort();
        std::fflush(nullptr);  // what this process has yet to say is not the child's to say
        child_ = fork();
        if (child_ == 0) {
            dup2(ends[1], STDOUT_FILENO);
            dup2(ends[1], STDERR_FILENO);
            close(ends[0]);
            _exit(run_collector(options));
        }
        close(ends[1]);
        output_ = ends[0];
    }
    ~collector_process() {
        if (child_ > 0) finish(SIGKILL);
        close(output_);
    }
    collector_process(const collector_process&) = delete;
    collector_process& operator=(const collector_process&) = delete;

    std::string line() {
        std::string text;
        for (char c = 0; read(output_, &c, 1) == 1 && c != '\n';) text += c;
        return text;
    }
    /// The exit code, after this signal (0: it ends by itself).
    int finish(int signal) {
        if (signal != 0) kill(child_, signal);
        int status = 0;
        waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

  private:
    pid_t child_ = -1;
    int output_ = -1;
};

std::uint16_t port_in(const std::string& line) {
    const auto at = line.find("127.0.0.1:");
    return at == std::string::npos ? 0 : static_cast<std::uint16_t>(std::atoi(line.c_str() + at + 10));
}

TEST(RunCollector, PrintsItsAddressServesAndStopsBySignalWithCode0) {
    for (const int signal : {SIGTERM, SIGINT}) {
        collector_process collector{on_port(0)};
        const auto said = collector.line();
        const auto port = port_in(said);
        ASSERT_NE(port, 0) << said;
        outrider::test::raw_http_client client{port};
        EXPECT_EQ(client.get("/readyz").status, 200);
        EXPECT_EQ(client.post("/v1/traces", "application/x-protobuf", "").status, 200);
        EXPECT_EQ(collector.finish(signal), 0);
    }
}

TEST(RunCollector, NamesAddressAndFlagWhenThePortIsInUse) {
    net::http_server_options other;
    other.listen = {"127.0.0.1", 0};
    net::http_server server{other, [](const net::server_request&) { return net::server_response{}; }};
    collector_process collector{on_port(server.port())};
    EXPECT_EQ(collector.line(), "outrider collect: cannot listen on 127.0.0.1:" + std::to_string(server.port()) +
                                    " (--listen): Address already in use");
    EXPECT_EQ(collector.finish(0), 1);
}

TEST(RunCollector, RefusesOptionsThatMakeNoSense) {
    auto options = on_port(0);
    options.memory_bytes = 1000;
    collector_process too_small{options};
    EXPECT_THAT(too_small.line(), HasSubstr("--memory"));
    EXPECT_EQ(too_small.finish(0), 2);
    options = on_port(0);
    options.max_traces = 0;
    collector_process none{options};
    EXPECT_THAT(none.line(), HasSubstr("--max-traces"));
    EXPECT_EQ(none.finish(0), 2);
}

}  // namespace
}  // namespace outrider::collector
