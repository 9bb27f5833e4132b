#include "sidecar/discovery/dns_service.hpp"

#include <gtest/gtest.h>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/discovery/dns_channel.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using outcome = dns_reply::outcome;

dns_reply addresses(std::vector<std::string> list, std::uint32_t ttl = 60) {
    return {outcome::answered, {std::move(list), {}, ttl}, ""};
}
dns_reply services(std::vector<srv_record> list, std::uint32_t ttl = 60) {
    return {outcome::answered, {{}, std::move(list), ttl}, ""};
}
const dns_reply nobody{outcome::nobody, {}, ""};
const dns_reply failed{outcome::failed, {}, "timeout"};

/// DNS as the test says; nothing known is NXDOMAIN.
struct scripted {
    std::map<std::pair<std::string, dns_type>, dns_reply> says;
    std::vector<std::string> asked;
    std::shared_ptr<dns_service> service;

    explicit scripted(const std::string& name) : service(std::make_shared<dns_service>(name)) {}
    void set(const std::string& name, dns_type type, dns_reply reply) { says[{name, type}] = std::move(reply); }
    dns_round round() {
        std::optional<dns_round> out;
        std::vector<std::function<void()>> later;
        asked.clear();
        service->ask(
            [&](const std::string& name, dns_type type, std::function<void(dns_reply)> then) {
                asked.push_back(name);
                const auto found = says.find({name, type});
                later.push_back(
                    [then = std::move(then), reply = found == says.end() ? nobody : found->second] { then(reply); });
            },
            [&](dns_round ended) { out = std::move(ended); });
        // Answers come in any order: the last question's first.
        while (!later.empty()) {
            auto next = std::move(later.back());
            later.pop_back();
            next();
        }
        EXPECT_TRUE(out);
        return out.value_or(dns_round{});
    }
};

std::string text_of(const dns_round& round) {
    if (!round.failure.empty()) return "failed: " + round.failure;
    std::string out;
    for (const auto& each : round.members) out += (out.empty() ? "" : " ") + config::to_text(each);
    return out;
}

TEST(DnsService, AsksForTheAddressesOfAHost) {
    scripted dns{"stock.internal:8080"};
    dns.set("stock.internal", dns_type::a, addresses({"10.0.0.2", "10.0.0.1"}, 30));
    dns.set("stock.internal", dns_type::aaaa, addresses({"fd00::1"}, 90));
    const auto round = dns.round();
    EXPECT_EQ(text_of(round), "10.0.0.1:8080 10.0.0.2:8080 [fd00::1]:8080");
    EXPECT_EQ(round.good_for, 30s);
}

TEST(DnsService, TimesToLiveHaveBounds) {
    scripted dns{"s:80"};
    dns.set("s", dns_type::a, addresses({"10.0.0.1"}, 0));
    EXPECT_EQ(dns.round().good_for, 1s);
    dns.set("s", dns_type::a, addresses({"10.0.0.1"}, 86'400));
    EXPECT_EQ(dns.round().good_for, 300s);
    dns.set("s", dns_type::a, nobody);
    EXPECT_EQ(dns.round().good_for, 5s);
}

TEST(DnsService, ANameThatIsNotThereIsAnAnswer) {
    scripted dns{"s:80"};
    EXPECT_EQ(text_of(dns.round()), "");
}

TEST(DnsService, OneFailureOfTwoKeepsWhatWasKnown) {
    scripted dns{"s:80"};
    dns.set("s", dns_type::a, addresses({"10.0.0.1"}));
    dns.set("s", dns_type::aaaa, addresses({"fd00::1"}));
    dns.round();
    dns.set("s", dns_type::a, addresses({"10.0.0.2"}));
    dns.set("s", dns_type::aaaa, failed);
    const auto round = dns.round();
    EXPECT_EQ(text_of(round), "10.0.0.2:80 [fd00::1]:80");
    EXPECT_EQ(round.good_for, 5s) << "asked again soon";
    dns.set("s", dns_type::a, failed);
    EXPECT_EQ(text_of(dns.round()), "failed: s AAAA: timeout");
}

TEST(DnsService, ANameThatIsNotThereWhileTheOtherFamilyFailsIsNoAnswer) {
    scripted dns{"s:80"};
    dns.set("s", dns_type::aaaa, failed);
    EXPECT_EQ(text_of(dns.round()), "failed: s AAAA: timeout");
}

TEST(DnsService, ServicesOfTheLowestPriorityAreAsked) {
    scripted dns{"_http._tcp.stock"};
    dns.set("_http._tcp.stock", dns_type::srv,
            services({{20, 0, 80, "backup"}, {10, 5, 8080, "s1"}, {10, 1, 8081, "s2"}, {10, 5, 8082, "s1"}}, 40));
    dns.set("s1", dns_type::a, addresses({"10.0.0.1"}, 50));
    dns.set("s2", dns_type::a, addresses({"10.0.0.2"}, 20));
    dns.set("backup", dns_type::a, addresses({"10.0.0.9"}));
    const auto round = dns.round();
    EXPECT_EQ(text_of(round), "10.0.0.1:8080 10.0.0.1:8082 10.0.0.2:8081");
    EXPECT_EQ(round.good_for, 20s);
    EXPECT_TRUE(dns.service->ignores_weights());
    EXPECT_EQ(dns.asked, (std::vector<std::string>{"_http._tcp.stock", "s1", "s1", "s2", "s2"}));
}

TEST(DnsService, AServiceThatIsDecidedlyNotThereHasNoMember) {
    scripted dns{"_http._tcp.stock"};
    dns.set("_http._tcp.stock", dns_type::srv, services({{0, 0, 0, ""}}));
    EXPECT_EQ(text_of(dns.round()), "");
}

TEST(DnsService, ATargetThatCannotBeAskedIsAsItWas) {
    scripted dns{"_http._tcp.stock"};
    dns.set("_http._tcp.stock", dns_type::srv, services({{1, 0, 80, "s1"}, {1, 0, 80, "s2"}}));
    dns.set("s1", dns_type::a, addresses({"10.0.0.1"}));
    dns.set("s2", dns_type::a, addresses({"10.0.0.2"}));
    dns.round();
    dns.set("s2", dns_type::a, failed);
    dns.set("s2", dns_type::aaaa, failed);
    EXPECT_EQ(text_of(dns.round()), "10.0.0.1:80 10.0.0.2:80");
    dns.set("s1", dns_type::a, failed);
    dns.set("s1", dns_type::aaaa, failed);
    EXPECT_TRUE(text_of(dns.round()).starts_with("failed: "));
    dns.set("_http._tcp.stock", dns_type::srv, failed);
    EXPECT_EQ(text_of(dns.round()), "failed: _http._tcp.stock SRV: timeout");
}

TEST(DnsService, ATargetThatIsNoHostIsPassedOver) {
    scripted dns{"_http._tcp.stock"};
    dns.set("_http._tcp.stock", dns_type::srv,
            services({{1, 0, 80, "evil host\n"}, {1, 0, 0, "s0"}, {1, 0, 80, "s1"}}));
    dns.set("s1", dns_type::a, addresses({"10.0.0.1"}));
    EXPECT_EQ(text_of(dns.round()), "10.0.0.1:80");
}

TEST(DnsService, TargetsHaveABound) {
    scripted dns{"_http._tcp.stock"};
    std::vector<srv_record> many;
    for (int i = 0; i < 4'000; ++i) many.push_back({1, 0, 80, "h" + std::to_string(i)});
    dns.set("_http._tcp.stock", dns_type::srv, services(many));
    dns.round();
    EXPECT_EQ(dns.asked.size(), 1 + 2 * dns_service::most_targets);
}

TEST(DnsService, TellsNobodyWhenItIsGone) {
    auto service = std::make_shared<dns_service>("s:80");
    std::vector<std::function<void(dns_reply)>> open;
    service->ask([&](const std::string&, dns_type, std::function<void(dns_reply)> then) { open.push_back(then); },
                 [](const dns_round&) { ADD_FAILURE(); });
    service.reset();
    for (const auto& each : open) each(nobody);
}

}  // namespace
}  // namespace outrider::discovery
