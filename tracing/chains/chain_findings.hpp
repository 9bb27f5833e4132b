#pragma once

#include <string>
#include <vector>

#include "tracing/chains/chain_analysis.hpp"

namespace outrider::tracing {

/// Writes findings down, each kind at most so often.
class findings_list {
  public:
    explicit findings_list(chain_analysis& into) : into_(into) {}
    void add(chain_finding found);
    /// Counts one, unless there is still room for it: then its text is worth making.
    bool has_room(finding_kind kind);

  private:
    chain_analysis& into_;
    std::map<finding_kind, std::size_t> counts_;
};

/// Retries, refusals, time-outs, errors, inferred links, faults.
void find_events(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
                 findings_list& found);

/// Where a chain does not go on: a record that nobody is known to have taken, or that nothing came of.
struct halt {
    std::size_t row = 0;
    std::uint64_t since_unix_ns = 0;
    std::string what;    ///< "orders[3]@118 was sent", and a time follows
    std::string since;   ///< "and no consumer of it is known"
    std::string so_far;  ///< the same while it is too early to say so
};

/// What is missing: consumers of records and what comes of them, answers of services, parents.
std::vector<halt> find_gaps(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
                            findings_list& found);

/// How often the same had been asked before.
std::int64_t resend_count(const span_data& span);

/// "POST /orders" of a span of HTTP, else its name; printable.
std::string operation_text(const span_data& span, bool ascii);
/// "orders → stock", or the service alone; printable.
std::string who_text(const chain_row& row, bool ascii);

}  // namespace outrider::tracing
