#include "sidecar/app/command_line.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/app/parsed.hpp"

namespace outrider::app::test {
namespace {

TEST(CommandLine, TurnsTheFlagsOfRunIntoSettings) {
    const auto run = must_be<run_command>({"run",          "--service",
                                           "orders",       "--inbound",
                                           "0.0.0.0:8080", "--app=127.0.0.1:9000",
                                           "--outbound",   "127.0.0.1:7901",
                                           "--route",      "stock=127.0.0.1:8081,127.0.0.1:8082",
                                           "--route",      "pay=https://pay.example",
                                           "--otlp",       "http://127.0.0.1:4318",
                                           "--admin",      "127.0.0.1:7900",
                                           "--set",        "timeouts.first_byte=3s",
                                           "--set",        "drain=1s"});
    EXPECT_FALSE(run.input.file);
    EXPECT_EQ(as_text(run.input.sets),
              (strings{"service=orders by --service", "inbound.0.listen=0.0.0.0:8080 by --inbound",
                       "inbound.0.app=127.0.0.1:9000 by --app", "outbound.listen=127.0.0.1:7901 by --outbound",
                       "tracing.otlp=http://127.0.0.1:4318 by --otlp", "admin.listen=127.0.0.1:7900 by --admin",
                       "upstreams.'stock'.endpoints=127.0.0.1:8081,127.0.0.1:8082 by --route stock",
                       "upstreams.'pay'.endpoints=https://pay.example by --route pay", "timeouts.first_byte=3s by ",
                       "drain=1s by "}));
}

TEST(CommandLine, ARouteMayNameWhoKnowsTheMembers) {
    const auto run =
        must_be<run_command>({"run", "--route", "stock=discover:etcd", "--route",
                              "bills=discover:dns:bills.internal:8080", "--route", "pay=discover:file:/etc/pay.yaml"});
    EXPECT_EQ(as_text(run.input.sets),
              (strings{"upstreams.'stock'.discover.by=etcd by --route stock",
                       "upstreams.'bills'.discover.by=dns by --route bills",
                       "upstreams.'bills'.discover.service=bills.internal:8080 by --route bills",
                       "upstreams.'pay'.discover.by=file by --route pay",
                       "upstreams.'pay'.discover.file=/etc/pay.yaml by --route pay"}));
}

TEST(CommandLine, GivesTheDevBrokerItsTopics) {
    const auto options = must_be<tools::dev_broker_options>(
        {"dev-broker", "--listen", "127.0.0.1:0", "--brokers=3", "--topic", "orders:12", "--topic", "audit.v1_x-y"});
    EXPECT_EQ(options.listen, "127.0.0.1:0");
    EXPECT_EQ(options.brokers, 3);
    EXPECT_EQ(options.topics, (std::vector<tools::mock_topic>{{"orders", 12}, {"audit.v1_x-y", 1}}));
    const auto plain = must_be<tools::dev_broker_options>({"dev-broker"});
    EXPECT_EQ(plain.listen, "127.0.0.1:9092");
    EXPECT_EQ(plain.brokers, 1);
    EXPECT_TRUE(plain.topics.empty());
}

TEST(CommandLine, RefusesADevBrokerThatMakesNoSense) {
    EXPECT_NE(refusal({"dev-broker", "--listen", ":9092"}).find("dev-broker: --listen: "), std::string::npos);
    for (const auto* bad : {"0", "-1", "17"})
        EXPECT_NE(refusal({"dev-broker", "--brokers", bad}).find("--brokers: "), std::string::npos) << bad;
    for (const auto* bad :
         {"", ":3", "a b", "..", "a/b", "t:0", "t:-1", "t:", "t:1x", "t:1001", "t:99999999999", "t:1:2"})
        EXPECT_NE(refusal({"dev-broker", "--topic", bad}).find("--topic "), std::string::npos) << bad;
    EXPECT_NE(refusal({"dev-broker", "--topics", "a"}).find("did you mean '--topic'"), std::string::npos);
}

TEST(CommandLine, TellsWaitWhatToWaitForAndWhatToBecome) {
    const auto plain = must_be<tools::wait_options>({"wait"});
    EXPECT_EQ(plain.target.text(), "http://127.0.0.1:7900/startupz");
    EXPECT_EQ(plain.timeout, std::chrono::seconds{30});
    EXPECT_TRUE(plain.command.empty());
    const auto full = must_be<tools::wait_options>(
        {"wait", "--timeout=5s", "--admin", "[::1]:7910", "--", "sh", "-c", "exit 3", "--", "--timeout"});
    EXPECT_EQ(full.target.text(), "http://[::1]:7910/startupz");
    EXPECT_EQ(full.timeout, std::chrono::seconds{5});
    EXPECT_EQ(full.command, (strings{"sh", "-c", "exit 3", "--", "--timeout"}));
    EXPECT_EQ(must_be<tools::wait_options>({"wait", "--for", "https://a.example/ok"}).target.text(),
              "https://a.example/ok");
}

TEST(CommandLine, RefusesAWaitThatMakesNoSense) {
    EXPECT_NE(refusal({"wait", "--"}).find("no command stands behind '--'"), std::string::npos);
    EXPECT_NE(refusal({"wait", "./orders"}).find("unexpected argument './orders'"), std::string::npos);
    EXPECT_NE(refusal({"wait", "--timeout", "30"}).find("'30' is not a duration"), std::string::npos);
    EXPECT_NE(refusal({"wait", "--admin", ":7900"}).find("--admin: "), std::string::npos);
    EXPECT_NE(refusal({"wait", "--for", "localhost:80"}).find("--for: 'localhost:80' is no URL"), std::string::npos);
    EXPECT_NE(refusal({"wait", "--for", "http://a", "--admin", "a:1"}).find("either --admin or --for"),
              std::string::npos);
}

TEST(CommandLine, OfTheReadmeLeadsToAConfiguration) {
    const auto run = must_be<run_command>({"run",
                                           "--service",
                                           "orders",
                                           "--inbound",
                                           "0.0.0.0:8080",
                                           "--app",
                                           "127.0.0.1:9000",
                                           "--outbound",
                                           "127.0.0.1:7901",
                                           "--route",
                                           "stock=127.0.0.1:8081",
                                           "--otlp",
                                           "http://127.0.0.1:4318",
                                           "--admin",
                                           "127.0.0.1:7900",
                                           "--trust",
                                           "restart",
                                           "--access-log",
                                           "json",
                                           "--workers",
                                           "1",
                                           "--log-level",
                                           "debug",
                                           "--probes",
                                           "0.0.0.0:7910",
                                           "--state",
                                           "/tmp/x",
                                           "--unknown-host",
                                           "refuse"});
    const auto result = config::load(run.input);
    ASSERT_TRUE(std::holds_alternative<config::loaded>(result));
    const auto& value = std::get<config::loaded>(result).value;
    EXPECT_EQ(value.inbound.at(0).trust, config::trust::restart);
    EXPECT_EQ(value.upstreams.at("stock").endpoints.at(0).address.port, 8081);
    EXPECT_EQ(value.access_log.format, config::log_format::json);
    EXPECT_EQ(value.workers, 1U);
}

TEST(CommandLine, NamesTheFlagWhoseValueIsWrong) {
    const auto run = must_be<run_command>({"run", "--service", "a", "--inbound", ":8080", "--app", "127.0.0.1:9000",
                                           "--route", "stock=stock:x", "--set", "timeouts.total=3"});
    const auto result = config::load(run.input);
    ASSERT_TRUE(std::holds_alternative<config::diagnostics>(result));
    std::string said;
    for (const auto& each : std::get<config::diagnostics>(result)) said += config::to_text(each) + "\n";
    EXPECT_EQ(said,
              "--inbound: 'inbound.0.listen': ':8080' has no host; write 127.0.0.1:8080 for this machine only or "
              "0.0.0.0:8080 for every interface\n"
              "--route stock: 'upstreams.stock.endpoints.0': 'x' is not a port; a port is a number from 1 to 65535\n"
              "--set timeouts.total: 'timeouts.total': '3' has no unit; write 3ms or 3s\n");
}

TEST(CommandLine, TakesTheFileFromTheFlagBeforeTheVariable) {
    const config::environment variables{{"OUTRIDER_CONFIG", "/etc/b.yaml"}, {"OUTRIDER_DRAIN", "1s"}};
    EXPECT_EQ(must_be<run_command>({"run", "--config", "a.yaml"}, variables).input.file, "a.yaml");
    const auto run = must_be<run_command>({"run"}, variables);
    EXPECT_EQ(run.input.file, "/etc/b.yaml");
    EXPECT_EQ(run.input.environment, (config::environment{{"OUTRIDER_DRAIN", "1s"}}));
}

TEST(CommandLine, ChoosesWhatCheckPrints) {
    EXPECT_EQ(must_be<check_command>({"check", "--config", "a.yaml"}).output, check_output::verdict);
    EXPECT_EQ(must_be<check_command>({"check", "--config", "a.yaml", "--print"}).output, check_output::yaml);
    EXPECT_EQ(must_be<check_command>({"check", "--print", "--json"}).output, check_output::json);
    EXPECT_EQ(must_be<check_command>({"check", "--schema"}).output, check_output::schema);
    EXPECT_EQ(must_be<check_command>({"check", "--settings-reference"}).output, check_output::reference);
    EXPECT_EQ(must_be<check_command>({"check", "--policies-schema"}).output, check_output::policies_schema);
    EXPECT_EQ(must_be<check_command>({"check", "--policies-reference"}).output, check_output::policies_reference);
}

TEST(CommandLine, JudgesFlowsWithOrWithoutAConfiguration) {
    const auto alone = must_be<check_command>({"check", "--flows", "flows.yaml", "--flows", "flows.d"});
    EXPECT_TRUE(alone.flows_alone);
    EXPECT_EQ(alone.flows, (std::vector<std::string>{"flows.yaml", "flows.d"}));
    EXPECT_FALSE(must_be<check_command>({"check", "--flows", "a", "--config", "a.yaml"}).flows_alone);
    EXPECT_FALSE(must_be<check_command>({"check", "--config", "a.yaml"}).flows_alone);
    EXPECT_EQ(must_be<check_command>({"check", "--flows-schema"}).output, check_output::flows_schema);
}

TEST(CommandLine, ShowsFlowsOfACollectorOrOfFiles) {
    const auto asked = must_be<tools::flows_options>({"flows", "--flow", "orders", "--run", "4711", "--as", "json"});
    EXPECT_EQ(asked.flow, "orders");
    EXPECT_EQ(asked.run, "4711");
    EXPECT_TRUE(asked.json);
    const auto read = must_be<tools::flows_options>({"flows", "--file", "a.json", "--flows", "f.yaml", "--fail"});
    EXPECT_EQ(read.expected.paths, std::vector<std::string>{"f.yaml"});
    EXPECT_TRUE(read.fail);
    for (const auto& wrong : std::vector<std::vector<std::string>>{{"flows", "--run", "4711"},
                                                                   {"flows", "--file", "a.json"},
                                                                   {"flows", "--flows", "f.yaml"},
                                                                   {"flows", "--as", "svg"}})
        EXPECT_EQ(must_be<answer>(wrong).code, usage) << wrong.back();
    EXPECT_EQ(must_be<collector::collect_options>({"collect", "--flows", "a", "--flows", "b"}).flows.paths,
              (std::vector<std::string>{"a", "b"}));
}

TEST(CommandLine, JudgesPoliciesWithOrWithoutAConfiguration) {
    const auto alone = must_be<check_command>({"check", "--policies", "policies.d"});
    EXPECT_TRUE(alone.policies_alone);
    EXPECT_EQ(alone.input.sets.at(0).value, "policies.d");
    EXPECT_FALSE(must_be<check_command>({"check", "--policies", "a", "--config", "b"}).policies_alone);
    EXPECT_FALSE(must_be<check_command>({"check", "--policies", "a", "--service", "b"}).policies_alone);
    EXPECT_FALSE(must_be<check_command>({"check", "--config", "b"}).policies_alone);
    const auto run = must_be<run_command>({"run", "--policies", "policies.d"});
    EXPECT_EQ(run.input.sets.at(0).path, "policies");
    EXPECT_EQ(run.input.sets.at(0).flag, "--policies");
}

TEST(CommandLine, ComparesTwoSetsOfPolicies) {
    const auto diff = must_be<diff_command>({"diff", "old.d", "new.d"});
    EXPECT_EQ(diff.before, "old.d");
    EXPECT_EQ(diff.after, "new.d");
    EXPECT_EQ(refusal({"diff", "old.d"}),
              "outrider diff: give OLD and NEW, a file or a folder each\n'outrider diff --help' lists the flags.\n");
    EXPECT_EQ(refusal({"diff", "a", "b", "c"}),
              "outrider diff: unexpected argument 'c'\n'outrider diff --help' lists the flags.\n");
}

TEST(CommandLine, SaysWhichFlagIsWrongAndWhichIsNearest) {
    EXPECT_EQ(refusal({"run", "--inbund", "0.0.0.0:1", "--servce=a"}),
              "outrider run: unknown flag '--inbund'; did you mean '--inbound'?\n"
              "outrider run: unknown flag '--servce'; did you mean '--service'?\n"
              "'outrider run --help' lists the flags.\n");
    EXPECT_EQ(refusal({"run", "--timeouts.total=3s"}),
              "outrider run: unknown flag '--timeouts.total'; write --set timeouts.total=VALUE\n"
              "'outrider run --help' lists the flags.\n");
    EXPECT_EQ(refusal({"check", "sidecar.yaml"}),
              "outrider check: unexpected argument 'sidecar.yaml'\n'outrider check --help' lists the flags.\n");
    EXPECT_EQ(refusal({"collect", "--sevice", "x"}),
              "outrider collect: unknown flag '--sevice'\n'outrider collect --help' lists the flags.\n");
    EXPECT_EQ(
        refusal({"chain", "aa", "--width", "-5"}),
        "outrider chain: --width: '-5' is not a number that it takes\n'outrider chain --help' lists the flags.\n");
}

TEST(CommandLine, SaysWhatAFlagTakes) {
    EXPECT_EQ(refusal({"run", "--route", "stock"}),
              "outrider run: --route stock: write NAME=HOST:PORT, such as stock=127.0.0.1:8081\n"
              "'outrider run --help' lists the flags.\n");
    EXPECT_EQ(refusal({"run", "--set", "=3"}),
              "outrider run: --set =3: write PATH=VALUE, such as timeouts.first_byte=3s\n"
              "'outrider run --help' lists the flags.\n");
    EXPECT_NE(refusal({"run", "--service"}).find("--service"), std::string::npos);
    EXPECT_NE(refusal({"run", "--service", "a", "--service", "b"}).find("--service"), std::string::npos);
    EXPECT_NE(refusal({"collect", "--listen", "4318"}).find("--listen: '4318' is a port alone"), std::string::npos);
    EXPECT_NE(refusal({"collect", "--memory", "lots"}).find("--memory: 'lots' is not a size"), std::string::npos);
    EXPECT_NE(refusal({"collect", "--max-traces", "x"}).find("--max-traces"), std::string::npos);
    EXPECT_NE(refusal({"chain"}).find("give either a TRACE_ID, --service NAME or --key NAME=VALUE"), std::string::npos);
    EXPECT_NE(refusal({"chain", "xyz"}).find("'xyz' is not a trace id"), std::string::npos);
    EXPECT_NE(refusal({"chain", "abc", "--as", "xml"}).find("none of tree, sequence, flow and json"),
              std::string::npos);
    EXPECT_NE(refusal({"chain", "abc", "--draw", "png"}).find("neither mermaid nor svg"), std::string::npos);
    EXPECT_NE(refusal({"chain", "abc", "--as", "json", "--draw", "svg"}).find("not for json"), std::string::npos);
    EXPECT_NE(refusal({"chain", "--key", "4711"}).find("no NAME=VALUE"), std::string::npos);
    EXPECT_NE(refusal({"chain", "abc", "--key", "a=b"}).find("give either"), std::string::npos);
    EXPECT_NE(refusal({"chain", "--from", "http://j", "--file", "a"}).find("--from or --file"), std::string::npos);
    EXPECT_NE(refusal({"chain", "--file", "a", "--wait", "5s"}).find("files do not change"), std::string::npos);
    EXPECT_NE(refusal({"chain", "abc", "--wait", "5"}).find("'5' is not a duration"), std::string::npos);
}

TEST(CommandLine, NamesTheCommandsThereAre) {
    EXPECT_EQ(
        refusal({"rnu"}),
        "outrider: unknown command 'rnu'; did you mean 'run'?\n"
        "There are run, check, explain, diff, collect, chain, topology, flows, dev-broker, wait, intercept and inject; "
        "'outrider --help' tells more.\n");
    EXPECT_NE(refusal({}).find("Usage: outrider"), std::string::npos);
}

TEST(CommandLine, HelpsAndTellsItsVersion) {
    const auto version = must_be<answer>({"--version"});
    EXPECT_EQ(version.code, ok);
    EXPECT_EQ(version.text, "outrider " OUTRIDER_VERSION "\n");
    for (const auto& arguments :
         {strings{"--help"}, strings{"run", "--help"}, strings{"check", "-h"}, strings{"diff", "-h"},
          strings{"collect", "-h"}, strings{"chain", "-h"}, strings{"dev-broker", "-h"}}) {
        const auto help = must_be<answer>(arguments);
        EXPECT_EQ(help.code, ok);
        EXPECT_NE(help.text.find("Usage: outrider"), std::string::npos) << help.text;
        EXPECT_NE(help.text.find("Example"), std::string::npos) << help.text;
    }
}

}  // namespace
}  // namespace outrider::app::test
