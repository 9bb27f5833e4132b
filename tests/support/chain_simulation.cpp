#include "tests/support/chain_simulation.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "tests/support/chain_happenings.hpp"

namespace outrider::test {
namespace {

using what = true_span::what;
/// A service as it runs.
struct process {
    places threads, cpu, workers;
    std::size_t open = 0;
    double busy_ns = 0;
    std::map<std::size_t, std::vector<std::size_t>> parts;  ///< of requests that wait to be joined
};

/// One log of a topic with its only reader.
struct partition_log {
    std::vector<std::size_t> sends;
    std::size_t read = 0;  ///< records fetched
    bool polling = false;
    std::int64_t poll_started = 0;
    std::deque<std::size_t> fetched;  ///< process spans that the application has not handled
    bool handling = false;
};

/// The work for one thing that entered a process.
struct handling {
    std::size_t service = 0;
    const struct endpoint* code = nullptr;
    std::vector<std::size_t> entered;
    std::size_t request = 0, at = 0, pending = 0;
    bool answered = false;  ///< what is left is nobody's to wait for
    callback done;
};
using handling_pointer = std::shared_ptr<handling>;

class simulation {
  public:
    simulation(const topology& system, const traffic_class& kind, std::uint64_t seed)
        : system_(system), kind_(kind), random_(seed), processes_(system.services.size()) {
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            const auto& of = system_.services[i];
            processes_[i].threads.free = of.threads == 0 ? nothing / 2 : of.threads;
            processes_[i].cpu.free = 1;
            processes_[i].workers.free = of.workers;
        }
        for (const auto& each : system_.topics) logs_.emplace_back(each.partitions);
    }

    true_history run(double rate, std::size_t requests) {
        arrive(rate, requests);
        time_.run();
        out_.requests = requests;
        measure();
        return std::move(out_);
    }

  private:
    void arrive(double rate, std::size_t requests) {
        const double gap = 1e9 / rate;
        double at = 0, burst_until = 0, burst_from = gap * 40;
        for (std::size_t i = 0; i < requests; ++i) {
            const bool burst = kind_.bursts > 0 && at >= burst_from && at < burst_until;
            at += random_.exponential(burst ? gap / kind_.bursts : gap);
            if (kind_.bursts > 0 && at >= burst_until && random_.chance(0.02)) {
                burst_from = at;
                burst_until = at + gap * 4;
            }
            last_arrival_ = static_cast<std::int64_t>(at);
            time_.after(last_arrival_, [this, i] { enter(i); });
            if (random_.chance(kind_.background))
                time_.after(static_cast<std::int64_t>(at + random_.exponential(gap)), [this] { background(); });
        }
    }

    void enter(std::size_t request) {
        const auto entry = random_.below(system_.entries);
        serve(0, entry, nothing, request, [](bool) {});
    }

    /// A call of a timer in some service that calls.
    void background() {
        std::vector<std::size_t> calling;
        for (std::size_t i = 0; i < system_.services.size(); ++i)
            for (const auto& each : system_.services[i].endpoints)
                if (!each.steps.empty()) calling.push_back(i);
        if (calling.empty()) return;
        const auto from = calling[random_.below(calling.size())];
        for (const auto& each : system_.services[from].endpoints) {
            if (each.steps.empty()) continue;
            auto alone = std::make_shared<handling>();
            alone->service = from;
            alone->request = nothing;
            call(alone, each.steps[0].calls[0], [] {});
            return;
        }
    }

    std::size_t record(what is, std::size_t service, std::size_t request) {
        true_span one;
        one.is = is;
        one.service = service;
        one.request = request;
        one.start_ns = time_.now();
        one.open = processes_[service].open;
        out_.spans.push_back(std::move(one));
        return out_.spans.size() - 1;
    }

    /// A request comes in; `done` hears when the answer goes out, and whether it is an error.
    void serve(std::size_t service, std::size_t endpoint, std::size_t client, std::size_t request,
               std::function<void(bool)> done) {
        const auto span = record(client == nothing ? what::entry : what::server, service, request);
        out_.spans[span].endpoint = endpoint;
        if (client != nothing) {
            out_.spans[span].parent = client;
            out_.spans[span].causes = {client};
        }
        auto& in = processes_[service];
        ++in.open;
        const auto came = time_.now();
        auto work = std::make_shared<handling>();
        work->service = service;
        work->code = &system_.services[service].endpoints[endpoint];
        work->entered = {span};
        work->request = request;
        work->done = [this, &in, span, came, done = std::move(done)] {
            out_.spans[span].end_ns = time_.now();
            --in.open;
            in.busy_ns += static_cast<double>(time_.now() - came);
            in.threads.give_back();
            done(false);
        };
        in.threads.take([this, work] { work->code->joins ? join(work) : next(work); });
    }

    /// The first part is kept; the second is answered and then worked on, together with the first.
    void join(const handling_pointer& work) {
        auto& waiting = processes_[work->service].parts[work->request];
        waiting.push_back(work->entered[0]);
        if (waiting.size() < 2) {
            answer(work);
            return;
        }
        work->entered.assign(waiting.rbegin(), waiting.rend());
        next(work);
    }

    /// The application computes; an event loop does so one thing at a time.
    void compute(std::size_t service, const duration_shape& shape, callback go) {
        const auto takes = shape.draw(random_);
        if (!system_.services[service].event_loop) {
            time_.after(takes, std::move(go));
            return;
        }
        // A loop computes a little and waits for the rest.
        const auto busy = std::min<std::int64_t>(takes, 150'000);
        auto& cpu = processes_[service].cpu;
        cpu.take([this, &cpu, busy, rest = takes - busy, go = std::move(go)]() mutable {
            time_.after(busy, [this, &cpu, rest, go = std::move(go)]() mutable {
                cpu.give_back();
                rest > 0 ? time_.after(rest, std::move(go)) : go();
            });
        });
    }

    void answer(const handling_pointer& work) {
        compute(work->service, work->code->last_work, [work] { work->done(); });
    }

    void next(const handling_pointer& work) {
        if (!work->answered && work->at == work->code->deferred_from) {
            defer(work);
            answer(work);
            return;
        }
        if (work->at == work->code->steps.size()) {
            work->answered ? work->done() : answer(work);
            return;
        }
        compute(work->service, work->code->steps[work->at].work, [this, work] { call_all(work); });
    }

    /// Hands the rest of the steps to the queue in memory.
    void defer(const handling_pointer& work) {
        auto rest = std::make_shared<handling>(*work);
        rest->answered = true;
        auto& workers = processes_[work->service].workers;
        rest->done = [this, &workers, service = work->service, came = time_.now()] {
            processes_[service].busy_ns += static_cast<double>(time_.now() - came);
            workers.give_back();
        };
        const auto delay = system_.services[work->service].queue_delay.draw(random_);
        time_.after(delay, [this, rest, &workers] { workers.take([this, rest] { next(rest); }); });
    }

    void call_all(const handling_pointer& work) {
        const auto& now = work->code->steps[work->at];
        ++work->at;
        work->pending = 1;
        auto one_less = [this, work] {
            if (--work->pending == 0) next(work);
        };
        for (const auto& site : now.calls) {
            if (random_.chance(site.skipped)) continue;
            ++work->pending;
            // An application starts even parallel calls one after the other.
            time_.after(random_.between(1'000, 20'000), [this, work, &site, one_less] { call(work, site, one_less); });
        }
        one_less();
    }

    void call(const handling_pointer& work, const call_site& site, callback done) {
        site.kind == call_kind::topic ? publish(work, site, std::move(done)) : request(work, site, 0, nothing, done);
    }

    std::size_t leave(what is, const handling_pointer& work, const call_site& site) {
        const auto span = record(is, work->service, work->request);
        auto& out = out_.spans[span];
        out.peer = site.service;
        out.endpoint = site.endpoint;
        out.topic = site.topic;
        out.causes = work->entered;
        if (site.forwards && !work->entered.empty()) {
            out.parent = work->entered[0];
            out.foreign_parent = site.forwards_as_sdk;
        }
        return span;
    }

    void request(const handling_pointer& work, const call_site& site, int attempt, std::size_t first, callback done) {
        const auto span = leave(what::client, work, site);
        auto& out = out_.spans[span];
        if (site.sidecar_retries) {
            out.attempt = attempt;
            out.first_attempt = first;
            first = first == nothing ? span : first;
        }
        if (attempt < 2 && random_.chance(site.fails)) {
            out.error = true;
            fail(work, site, attempt, span, first, std::move(done));
            return;
        }
        time_.after(system_.network.draw(random_), [this, span, &site, request = work->request, done] {
            serve(site.service, site.endpoint, span, request, [this, span, done](bool) {
                time_.after(system_.network.draw(random_), [this, span, done] {
                    out_.spans[span].end_ns = time_.now();
                    done();
                });
            });
        });
    }

    /// The connection breaks; a while later somebody tries again.
    void fail(const handling_pointer& work, const call_site& site, int attempt, std::size_t span, std::size_t first,
              callback done) {
        time_.after(system_.network.draw(random_), [this, work, &site, attempt, span, first, done = std::move(done)] {
            out_.spans[span].end_ns = time_.now();
            const auto pause = static_cast<std::int64_t>(random_.uniform(1e6, 5e6)) << attempt;
            time_.after(pause,
                        [this, work, &site, attempt, first, done] { request(work, site, attempt + 1, first, done); });
        });
    }

    void publish(const handling_pointer& work, const call_site& site, callback done) {
        const auto span = leave(what::send, work, site);
        const auto partition = random_.below(system_.topics[site.topic].partitions);
        out_.spans[span].partition = partition;
        time_.after(system_.network.draw(random_), [this, span, &site, partition, done = std::move(done)] {
            auto& log = logs_[site.topic][partition];
            out_.spans[span].offset = static_cast<std::int64_t>(log.sends.size());
            log.sends.push_back(span);
            poll(site, partition);
            time_.after(system_.network.draw(random_), [this, span, done] {
                out_.spans[span].end_ns = time_.now();
                done();
            });
        });
    }

    /// The reader asks for records whenever it does not do so already; without any it waits at the broker.
    void poll(const call_site& site, std::size_t partition) {
        auto& log = logs_[site.topic][partition];
        const bool busy = log.handling || !log.fetched.empty();
        if (log.polling || log.read == log.sends.size()) return;
        if (busy && (!system_.topics[site.topic].prefetches || log.fetched.size() > 50)) return;
        log.polling = true;
        const auto from = log.read;
        log.read = std::min(log.sends.size(), log.read + 20);
        time_.after(system_.network.draw(random_), [this, &site, partition, from, upto = log.read] {
            auto& here = logs_[site.topic][partition];
            deliver(site, here, partition, from, upto);
            here.polling = false;
            here.poll_started = time_.now();
            handle(site, partition);
            poll(site, partition);
        });
    }

    void deliver(const call_site& site, partition_log& log, std::size_t partition, std::size_t from, std::size_t upto) {
        auto of = [&](what is, std::size_t at, std::size_t request) {
            const auto span = record(is, site.service, request);
            auto& out = out_.spans[span];
            out.topic = site.topic;
            out.partition = partition;
            out.offset = static_cast<std::int64_t>(at);
            out.endpoint = site.endpoint;
            out.start_ns = log.poll_started;
            out.end_ns = time_.now();
            return span;
        };
        std::vector<std::size_t> links;
        for (auto at = from; at < upto; ++at) {
            const auto send = log.sends[at];
            links.push_back(send);
            const auto span = of(what::process, at, out_.spans[send].request);
            if (system_.topics[site.topic].context_in_records) out_.spans[span].parent = send;
            out_.spans[span].causes = {send};
            log.fetched.push_back(span);
        }
        const auto span = of(what::poll, from, nothing);
        out_.spans[span].links = std::move(links);
    }

    /// A consumer handles one record of a partition after the other.
    void handle(const call_site& site, std::size_t partition) {
        auto& log = logs_[site.topic][partition];
        if (log.handling || log.fetched.empty()) return;
        const auto span = log.fetched.front();
        log.fetched.pop_front();
        log.handling = true;
        auto work = std::make_shared<handling>();
        work->service = site.service;
        work->code = &system_.services[site.service].endpoints[site.endpoint];
        work->entered = {span};
        work->request = out_.spans[span].request;
        work->done = [this, &site, partition, came = time_.now(), service = site.service] {
            processes_[service].busy_ns += static_cast<double>(time_.now() - came);
            logs_[site.topic][partition].handling = false;
            handle(site, partition);
            poll(site, partition);
        };
        next(work);
    }

    void measure() {
        double calling = 0;
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            const auto mean = processes_[i].busy_ns / static_cast<double>(std::max<std::int64_t>(1, last_arrival_));
            out_.busiest_in_flight = std::max(out_.busiest_in_flight, mean);
            const auto& endpoints = system_.services[i].endpoints;
            if (std::any_of(endpoints.begin(), endpoints.end(), [](const auto& e) { return !e.steps.empty(); })) {
                out_.mean_in_flight += mean;
                ++calling;
            }
        }
        out_.mean_in_flight /= std::max(1.0, calling);
    }

    const topology& system_;
    const traffic_class& kind_;
    dice random_;
    happenings time_;
    std::vector<process> processes_;
    std::vector<std::vector<partition_log>> logs_;
    std::int64_t last_arrival_ = 0;
    true_history out_;
};

}  // namespace

true_history simulate(const topology& system, const traffic_class& kind, std::uint64_t seed, double rate,
                      std::size_t requests) {
    return simulation{system, kind, seed}.run(rate, requests);
}

double rate_for(const topology& system, const traffic_class& kind, std::uint64_t seed, double in_flight) {
    const auto reached = [&](double rate, std::size_t requests) {
        return simulate(system, kind, seed, rate, requests).busiest_in_flight;
    };
    // Where nothing waits for anything, as many are in flight as the rate says; a line before threads makes it more.
    double low = 1, high = 0;
    double rate = in_flight / std::max(1e-9, reached(1, 100));
    for (int i = 0; i < 7; ++i) {
        const auto now = reached(rate, 300);
        if (std::abs(now / in_flight - 1) < 0.08) break;
        (now < in_flight ? low : high) = rate;
        rate = high == 0 ? rate * in_flight / now : std::sqrt(low * high);
    }
    return rate;
}

}  // namespace outrider::test
