#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "governance/clock.hpp"
#include "governance/facts.hpp"

// The model of a policies file: what was written, typed and checked, before it is compiled for the hot path.

namespace outrider::governance {

enum class mode : std::uint8_t {
    enforce,
    shadow,    ///< decides, counts and marks, and lets everything pass
    disabled,  ///< as if it were not there
};

/// Which exchanges a policy is about: all that is given must hold. Names of upstreams, hosts, topics, groups and
/// clients, and values of headers, are globs: `*` stands for any characters.
struct match {
    std::optional<traffic> kind;  ///< by `inbound`, `outbound`, `produce`, `consume`; `upstream` alone means outbound
    std::string method;           ///< empty: any
    /// A path template: literal segments, `{name}` for one segment, `{name...}` last for the rest. Empty: any path.
    std::string path;
    std::string upstream;
    std::string cluster;  ///< Kafka
    std::string host;
    std::string topic;
    std::string group;
    std::string client;
    std::vector<std::pair<std::string, std::string>> headers;  ///< name in lower case, glob
    bool operator==(const match&) const = default;
};

/// What tells callers apart.
struct key_source {
    enum class kind : std::uint8_t { none, address, header, path, host, upstream, topic, group, client, principal };
    kind from = kind::none;
    std::string name;  ///< of the header, or the path parameter
    bool operator==(const key_source&) const = default;
};

enum class measure : std::uint8_t { requests, bytes, records };
/// What becomes of an exchange over a limit.
enum class over_limit : std::uint8_t {
    by_protocol,  ///< not written: HTTP rejects, Kafka throttles
    reject,
    pace,
    degrade,
};
enum class scope : std::uint8_t { sidecar, fleet };

/// "100/s": an amount per second as it counts, and as it was written.
struct rate {
    double per_second = 0;
    std::string text;
    bool operator==(const rate&) const = default;
};

/// `limit`: an amount per time, for all or for each key.
struct limit_rule {
    governance::rate rate;
    std::optional<double> burst;  ///< what may come at once; by default one second's amount, at least 1
    measure of = measure::requests;
    key_source key;
    std::map<std::string, governance::rate> overrides;  ///< by the key's value; the burst grows as the rate does
    over_limit over = over_limit::by_protocol;
    governance::scope scope = scope::sidecar;
    std::uint32_t keys = 100'000;  ///< told apart at most
    milliseconds longest_wait{0};  ///< `pace`: the longest wait
    std::uint32_t queue = 0;       ///< `pace`: how many may wait
    milliseconds warm_up{0};       ///< the rate grows from a third to the whole over this time
    bool operator==(const limit_rule&) const = default;
};

/// `timeout`: each overrides the sidecar's own setting.
struct timeout_rule {
    std::optional<milliseconds> connect, first_byte, idle, total;
    bool operator==(const timeout_rule&) const = default;
};

/// `retry`: further attempts at an upstream.
struct retry_rule {
    bool on_connect = true;          ///< nobody accepted the connection
    bool on_reset = false;           ///< closed before a byte of an answer
    bool on_timeout = false;         ///< no answer within first_byte
    std::vector<int> statuses;       ///< 503, ...
    std::uint32_t attempts = 2;      ///< in all, the first one included
    double budget = 0.2;             ///< retries per exchange, over ten seconds
    std::uint32_t budget_floor = 3;  ///< retries under way at once that are always allowed
    bool unsafe_methods = false;     ///< also POST and PATCH
    milliseconds backoff{25};        ///< before the first retry; doubles; full jitter
    milliseconds longest_backoff{250};
    bool operator==(const retry_rule&) const = default;
};

enum class breaker_scope : std::uint8_t { upstream, operation };
enum class breaker_force : std::uint8_t { none, open, closed, metrics };

/// `breaker`: when an upstream is left alone.
struct breaker_rule {
    std::optional<std::uint32_t> consecutive;  ///< failures in a row
    std::optional<double> failures;            ///< share of failures in the window
    std::optional<double> slow;                ///< share of calls slower than `slow_over`
    milliseconds slow_over{0};
    milliseconds window{10'000};
    std::uint32_t min_calls = 20;
    breaker_scope per = breaker_scope::upstream;
    /// Until a probe is let through, less a jitter of up to a tenth. It does not grow with failed probes: this is how
    /// long the return of an upstream goes unnoticed.
    milliseconds open{1'000};
    std::uint32_t probes = 3;          ///< that must succeed
    milliseconds probe_lease{10'000};  ///< a probe that has not reported by then counts as failed
    milliseconds ramp{5'000};          ///< from the probes' success to the whole traffic
    breaker_force forced = breaker_force::none;
    bool operator==(const breaker_rule&) const = default;
};

/// `eject`: endpoints of an upstream that fail while others do not.
struct eject_rule {
    std::optional<std::uint32_t> consecutive = 5;
    std::optional<double> failures;  ///< share in the window
    milliseconds window{10'000};
    std::uint32_t min_calls = 10;
    milliseconds time{5'000};  ///< ejected for this long, times how often in a row, to ten times
    double most = 0.5;         ///< share of the endpoints ejected at once, but always one less than all
    bool operator==(const eject_rule&) const = default;
};

enum class priority : std::uint8_t { low, normal, high, critical };
inline constexpr std::size_t priorities = 4;

/// `concurrency`: exchanges under way at once.
struct concurrency_rule {
    bool adaptive = false;
    std::uint32_t max = 0;
    std::uint32_t min = 1;       ///< adaptive: never below
    std::uint32_t initial = 20;  ///< adaptive: to begin with
    std::uint32_t queue = 0;     ///< waiting for a slot
    milliseconds longest_wait{100};
    bool operator==(const concurrency_rule&) const = default;
};

/// `fallback`: an answer in place of a refusal or a failure.
struct fallback_rule {
    int status = 200;
    std::string body;  ///< literal, or the content of `file`, read when loaded
    std::string file;  ///< as written; "" where `body` was
    std::string content_type = "application/json";
    milliseconds stale{0};      ///< the last good answer to the same GET, while it is younger; 0: not kept
    bool has_body = false;      ///< false: only a stale answer is given
    bool on_refused = true;     ///< by a limit with `degrade`, a breaker, concurrency
    bool on_failed = true;      ///< no answer from the upstream
    std::vector<int> statuses;  ///< answers of the upstream that are replaced
    bool operator==(const fallback_rule&) const = default;
};

enum class balance_kind : std::uint8_t { peak_ewma, round_robin, least_requests };

/// `balance`: which endpoint of an upstream an attempt goes to.
struct balance_rule {
    balance_kind kind = balance_kind::peak_ewma;
    milliseconds decay{10'000};  ///< of the moving average
    milliseconds slow_start{0};  ///< a new or returned endpoint's share grows over this time
    bool operator==(const balance_rule&) const = default;
};

/// Where something was written, for messages.
struct place {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;
    bool operator==(const place&) const = default;
};

/// One policy as written. Limits of all policies that match apply; of timeout, retry, eject, balance, fallback,
/// priority and cost the most specific policy's counts.
struct policy {
    std::string name;
    governance::mode mode = mode::enforce;
    governance::match match;
    std::vector<limit_rule> limits;
    std::vector<concurrency_rule> concurrency;
    std::vector<breaker_rule> breakers;
    std::optional<timeout_rule> timeout;
    std::optional<retry_rule> retry;
    std::optional<eject_rule> eject;
    std::optional<balance_rule> balance;
    std::optional<fallback_rule> fallback;
    std::optional<governance::priority> priority;
    std::optional<std::uint32_t> cost;  ///< requests that one exchange counts as
    place where{};
};

}  // namespace outrider::governance
