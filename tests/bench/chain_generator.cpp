// Writes generated traffic as CSV, for whoever tunes the timing model. Seeds from 1 to 999 are for that; tests judge
// with seeds of 10,000 and over.
#include "tests/support/chain_generator.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

int usage() {
    std::cerr << "usage: chain_generator [--class NAME] [--seed N] [--in-flight X] [--requests N]\n"
                 "writes I,service,operation,chain,span,start,end\n"
                 "   and O,service,callee:operation,chain,cause,child,start,end,known\n"
                 "in microseconds; '-' is nobody; known: the context was handed on\n"
                 "classes:\n";
    for (const auto& each : outrider::test::traffic_classes()) std::cerr << "  " << each.name << '\n';
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    outrider::test::generator_options options;
    std::string kind = "sequential";
    for (int i = 1; i < count; i += 2) {
        const std::string name = arguments[i];
        if (i + 1 == count) return usage();
        const char* value = arguments[i + 1];
        if (name == "--class") {
            kind = value;
        } else if (name == "--seed") {
            options.seed = std::strtoull(value, nullptr, 10);
        } else if (name == "--in-flight") {
            options.in_flight = std::strtod(value, nullptr);
        } else if (name == "--requests") {
            options.requests = std::strtoull(value, nullptr, 10);
        } else {
            return usage();
        }
    }
    try {
        outrider::test::write_csv(std::cout, outrider::test::traffic_class_named(kind), options);
    } catch (const std::invalid_argument& error) {
        std::cerr << error.what() << '\n';
        return usage();
    }
}
