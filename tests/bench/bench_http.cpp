// The pieces of HTTP that every exchange pays for, beside Beast's parser on the same bytes.
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "sidecar/http/body.hpp"
#include "sidecar/http/forward.hpp"
#include "sidecar/http/head_parser.hpp"

using namespace outrider;
using namespace outrider::http;

namespace {

/// A request with that many field lines; twenty of them are about 1.5 KiB, as browsers and gateways send.
std::string request_of(int fields) {
    std::string out =
        "GET /orders/7f3c?expand=items HTTP/1.1\r\nHost: orders.example:8080\r\nUser-Agent: bench/1.0\r\n";
    if (fields > 3)
        out += "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    else
        out += "Accept: */*\r\n";
    for (int i = 4; i < fields; ++i)
        out += "X-Some-Header-" + std::to_string(i) + ": " + std::string(60, static_cast<char>('a' + i)) + "\r\n";
    return out + "\r\n";
}

void parse_head(benchmark::State& state) {
    auto text = request_of(static_cast<int>(state.range(0)));
    auto head = std::make_unique<request_head>();
    for (auto _ : state) {
        benchmark::DoNotOptimize(text.data());
        benchmark::DoNotOptimize(parse_request_head(text, {}, *head));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(parse_head)->Arg(3)->Arg(20);

void parse_and_check_head(benchmark::State& state) {
    auto text = request_of(static_cast<int>(state.range(0)));
    auto head = std::make_unique<request_head>();
    request_facts facts;
    for (auto _ : state) {
        benchmark::DoNotOptimize(parse_request_head(text, {}, *head));
        benchmark::DoNotOptimize(check_request(*head, facts));
    }
}
BENCHMARK(parse_and_check_head)->Arg(3)->Arg(20);

void parse_head_with_beast(benchmark::State& state) {
    auto text = request_of(static_cast<int>(state.range(0)));
    for (auto _ : state) {
        boost::beast::http::request_parser<boost::beast::http::empty_body> parser;
        boost::beast::error_code ec;
        benchmark::DoNotOptimize(parser.put(boost::asio::buffer(text), ec));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(parse_head_with_beast)->Arg(3)->Arg(20);

void build_forwarded_head(benchmark::State& state) {
    auto text = request_of(static_cast<int>(state.range(0)));
    auto head = std::make_unique<request_head>();
    request_facts facts;
    parse_request_head(text, {}, *head);
    check_request(*head, facts);
    config::settings settings;
    exchange::tracing_setup setup{settings};
    exchange::tracer tracer{setup, nullptr};
    request_rewrite rewrite;
    rewrite.client = "192.0.2.7";
    rewrite.via = "1.1 outrider-00000000-in";
    std::string out;
    for (auto _ : state) {
        auto span = tracer.start(context_of(head->fields), config::trust::continue_, {});
        out.clear();
        build_request(out, *head, facts, rewrite, tracer, span);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(build_forwarded_head)->Arg(3)->Arg(20);

void decode_chunks(benchmark::State& state) {
    std::string text, work;
    std::string piece(static_cast<std::size_t>(state.range(0)), 'x');
    while (text.size() < 64 * 1024) {
        add_chunk_size(text, piece.size());
        text.append(piece).append("\r\n");
    }
    text += "0\r\n\r\n";
    for (auto _ : state) {
        state.PauseTiming();
        work = text;
        state.ResumeTiming();
        chunked_decoder decoder;
        benchmark::DoNotOptimize(decoder.decode(work.data(), work.size()));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(1'024)->Arg(16 * 1'024);

}  // namespace
