#include "sidecar/app/dev_broker_flags.hpp"

#include <CLI/CLI.hpp>

#include "sidecar/config/endpoint.hpp"

namespace outrider::app {

const char* const dev_broker_footer =
    "For trying things out and for tests: everything is in memory, and gone when it ends. Topics that a client asks\n"
    "for are made with four partitions. Needs the package librdkafka1, whose mock cluster it is.\n"
    "\nExamples:\n"
    "  outrider dev-broker\n"
    "  outrider dev-broker --listen 127.0.0.1:9092 --brokers 3 --topic orders:12 --topic audit";

void add_dev_broker_flags(CLI::App& app, dev_broker_flags& into) {
    app.add_option("--listen", into.options.listen, "where clients bootstrap from (default 127.0.0.1:9092)")
        ->type_name("ADDR");
    app.add_option("--brokers", into.options.brokers, "how many brokers it plays (default 1)")->type_name("N");
    app.add_option("--topic", into.topics, "make this topic, with one partition or as many as said; repeatable")
        ->type_name("NAME[:N]")
        ->allow_extra_args(false);
}

tools::dev_broker_options to_options(dev_broker_flags flags, std::vector<std::string>& wrong) {
    config::endpoint listen;
    if (auto bad = config::parse_listen(flags.options.listen, listen); !bad.empty())
        wrong.push_back("--listen: " + bad);
    if (flags.options.brokers < 1 || flags.options.brokers > tools::most_dev_brokers)
        wrong.push_back("--brokers: between 1 and " + std::to_string(tools::most_dev_brokers));
    for (const auto& text : flags.topics) {
        auto& topic = flags.options.topics.emplace_back();
        if (auto bad = tools::parse_topic(text, topic); !bad.empty()) wrong.push_back("--topic " + text + ": " + bad);
    }
    return flags.options;
}

}  // namespace outrider::app
