#pragma once

#include <string>

#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/facts.hpp"
#include "sidecar/exchange/tracer.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::exchange {

/// The access log of one worker: a line per exchange, as JSON or text, into a buffer that a thread of its own writes
/// out. When that thread cannot keep up, lines are dropped and counted; a worker never waits for a disk.
class access_log {
  public:
    access_log(const config::settings& settings, tracing::span_buffer* sink) : settings_(settings), sink_(sink) {}
    void write(const http_facts& facts, const started_span& span);
    void flush() {
        if (sink_) sink_->flush();
    }

  private:
    void json(std::string& out, const http_facts& facts, const started_span& span) const;
    void text(std::string& out, const http_facts& facts, const started_span& span) const;

    const config::settings& settings_;
    tracing::span_buffer* sink_;
};

/// Appends `value` as a JSON string: control characters, quotes and backslashes escaped; octets that are no UTF-8 as
/// \u00xx.
void append_json_string(std::string& out, std::string_view value);

}  // namespace outrider::exchange
