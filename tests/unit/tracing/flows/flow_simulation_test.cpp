// An hour of orders, by events and by chains, with spans that arrive late, twice and in any order, from machines whose
// clocks differ: nothing is told of what is well, and every fault that is put in is told with its step within two
// seconds.

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "tests/unit/tracing/flows/flow_spans.hpp"

namespace outrider::flows::test {
namespace {

constexpr std::int64_t two_seconds = 2 * second;

flow_text order_by_events(bool by_key) {
    flow_text out;
    out.name = "order-by-events";
    if (by_key) out.by = "order";
    out.events = {{"order.placed", produced("order-placed")},     {"stock.reserved", produced("stock-reserved")},
                  {"stock.rejected", produced("stock-rejected")}, {"payment.charged", produced("payment-charged")},
                  {"payment.failed", produced("payment-failed")}, {"stock.released", produced("stock-released")}};
    out.expect =
        "order.placed -> stock.reserved | stock.rejected end within 5s -> payment.charged | payment.failed within 30s";
    out.compensate = {{"payment.failed", "stock.released within 10s"}};
    return out;
}

constexpr const char* stock = "stock.reserved | stock.rejected";
constexpr const char* payment = "payment.charged | payment.failed";
constexpr const char* released = "stock.released";

/// A span on its way.
struct delivery {
    unix_ns arrives;
    tracing::span_data span;
    bool operator<(const delivery& other) const { return arrives < other.arrives; }
};

/// Orders as they happen, with their faults, and how their spans arrive.
class order_traffic {
  public:
    order_traffic(unsigned seed, bool by_key) : random_(seed), by_key_(by_key) {
        for (const char* service : {"orders", "inventory", "payment"}) offsets_[service] = between(-50, 50) * ms;
    }

    void run(unix_ns from, std::int64_t seconds, double per_second, double faulty);
    std::vector<delivery> deliveries();
    /// (run, kind, step)
    using expected = std::tuple<std::string, fault_kind, std::string>;
    const std::set<expected>& faults() const { return faults_; }
    /// Where something seems to be stuck until something else comes.
    const std::set<std::string>& seem_stuck() const { return seem_stuck_; }
    /// What the stitcher finds out: (when, trace, of which run).
    const std::map<tracing::trace_id, std::pair<unix_ns, tracing::trace_id>>& joins() const { return joins_; }

  private:
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>{least, most}(random_);
    }
    bool chance(double share) { return std::uniform_real_distribution<double>{}(random_) < share; }
    void order(unix_ns at, bool faulty);
    void event(const char* topic, const char* service, unix_ns at);
    void expect(fault_kind kind, const char* step) { faults_.emplace(name(), kind, step); }
    std::string name() const { return by_key_ ? number_ : first_.hex(); }

    std::mt19937 random_;
    const bool by_key_;
    std::map<std::string, std::int64_t> offsets_;
    std::vector<delivery> deliveries_;
    std::set<expected> faults_;
    std::set<std::string> seem_stuck_;
    std::map<tracing::trace_id, std::pair<unix_ns, tracing::trace_id>> joins_;
    std::string number_;
    tracing::trace_id first_;
    int orders_ = 0;
};

void order_traffic::event(const char* topic, const char* service, unix_ns at) {
    auto span = sent(topic, number_, at + offsets_[service], service);
    if (!first_.valid()) first_ = span.trace;
    // Within a second; where a chain has to be put together afterwards, in less than half of one.
    const auto longest = by_key_ ? 1'000 : 450;
    const auto arrives = at + between(30, chance(0.1) ? longest : 300) * ms;
    if (span.trace != first_) joins_[span.trace] = {arrives + between(0, 1'250) * ms, first_};
    if (chance(0.02)) deliveries_.push_back({arrives + between(1, 4'000) * ms, span});
    deliveries_.push_back({arrives, std::move(span)});
}

void order_traffic::order(unix_ns at, bool faulty) {
    number_ = std::to_string(++orders_);
    first_ = {};
    std::optional<fault_kind> wrong;
    if (faulty) wrong = static_cast<fault_kind>(between(0, 5));
    const bool rejected = !faulty && chance(0.1), fails = !faulty && chance(0.1);
    event("order-placed", "orders", at);
    auto now = at + between(wrong == fault_kind::out_of_order ? 2'500 : 10, 4'800) * ms;
    if (rejected) return event("stock-rejected", "inventory", now);
    const auto reserved = now;
    if (wrong == fault_kind::missing) {
        expect(fault_kind::missing, stock);
        seem_stuck_.insert(name());
    } else if (wrong != fault_kind::out_of_order) {
        event("stock-reserved", "inventory", reserved);
    }
    if (wrong == fault_kind::duplicate) {
        expect(fault_kind::duplicate, stock);
        event("stock-reserved", "inventory", reserved + between(1, 2'000) * ms);
    }
    if (wrong == fault_kind::stuck) return expect(fault_kind::stuck, payment);
    now += between(150, 29'000) * ms;
    if (wrong == fault_kind::late) {
        expect(fault_kind::late, payment);
        seem_stuck_.insert(name());
        now = reserved + 30 * second + between(300, 20'000) * ms;
    }
    if (wrong == fault_kind::lost_compensation) {
        expect(fault_kind::lost_compensation, released);
        return event("payment-failed", "payment", now);
    }
    if (wrong == fault_kind::out_of_order) {
        expect(fault_kind::out_of_order, payment);
        event("payment-charged", "payment", reserved - between(300, 2'000) * ms);
        return event("stock-reserved", "inventory", reserved);
    }
    if (!fails) return event("payment-charged", "payment", now);
    event("payment-failed", "payment", now);
    event("stock-released", "inventory", now + between(10, 9'800) * ms);
}

void order_traffic::run(unix_ns from, std::int64_t seconds, double per_second, double faulty) {
    const auto count = static_cast<std::int64_t>(static_cast<double>(seconds) * per_second);
    for (std::int64_t i = 0; i < count; ++i) order(from + between(0, seconds * 1'000) * ms, chance(faulty));
}

std::vector<delivery> order_traffic::deliveries() {
    std::sort(deliveries_.begin(), deliveries_.end());
    return std::move(deliveries_);
}

class FlowSimulation : public testing::TestWithParam<std::tuple<unsigned, bool>> {};

TEST_P(FlowSimulation, TellsWhatIsWrongInTimeAndNothingElse) {
    const auto [seed, by_key] = GetParam();
    order_traffic traffic{seed, by_key};
    constexpr std::int64_t hour = 3'600;
    traffic.run(zero, hour, 3, 0.05);
    const auto spans = traffic.deliveries();
    std::map<tracing::trace_id, tracing::trace_id> chains;
    flow_set_options options;
    options.checking.recent = 1'000'000;
    flow_set set{options, [&](const tracing::trace_id& trace) {
                     const auto known = chains.find(trace);
                     return known == chains.end() ? trace : known->second;
                 }};
    std::vector<flow> flows;
    flows.push_back(must_compile(order_by_events(by_key)));
    set.load(std::move(flows), zero - 100 * second);

    std::multimap<unix_ns, tracing::trace_id> joins;
    if (!by_key)
        for (const auto& [trace, join] : traffic.joins()) joins.emplace(join.first, trace);
    auto next = spans.begin();
    auto join = joins.begin();
    for (auto now = zero; now < zero + (hour + 120) * second; now += 100 * ms) {
        for (; next != spans.end() && next->arrives <= now; ++next) set.observe(next->span, next->arrives);
        for (; join != joins.end() && join->first <= now; ++join) {
            chains[join->second] = traffic.joins().at(join->second).second;
            set.regroup(std::array{join->second}, now);
        }
        set.advance(now);
    }
    ASSERT_EQ(next, spans.end());

    const auto* checker = set.find("order-by-events");
    std::set<order_traffic::expected> found;
    for (const auto& one : checker->recent()) {
        const auto& step = checker->what().step_at(one.what.step).text;
        EXPECT_LE(one.told - std::max(one.what.deadline, one.what.at), two_seconds) << one.text << " of " << one.run;
        if (one.retracted) {
            EXPECT_EQ(one.what.kind, fault_kind::stuck) << one.text;
            EXPECT_TRUE(traffic.seem_stuck().contains(one.run)) << "false: " << one.text << " of " << one.run;
        } else {
            found.emplace(one.run, one.what.kind, step);
        }
    }
    for (const auto& [run, kind, step] : traffic.faults())
        EXPECT_TRUE(found.contains({run, kind, step})) << "not told: " << name_of(kind) << " " << step << " of " << run;
    for (const auto& [run, kind, step] : found)
        EXPECT_TRUE(traffic.faults().contains({run, kind, step})) << name_of(kind) << " " << step << " of " << run;
    EXPECT_GT(traffic.faults().size(), 300);
    EXPECT_EQ(checker->running(), 0);
}

INSTANTIATE_TEST_SUITE_P(AnHour, FlowSimulation, testing::Combine(testing::Values(1U, 2U, 3U), testing::Bool()),
                         [](const auto& each) {
                             return "Seed" + std::to_string(std::get<0>(each.param)) +
                                    (std::get<1>(each.param) ? "ByKey" : "ByChain");
                         });

}  // namespace
}  // namespace outrider::flows::test
