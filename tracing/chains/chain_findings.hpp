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

  private:
    chain_analysis& into_;
    std::map<finding_kind, std::size_t> counts_;
};

/// Retries, refusals, time-outs, errors, inferred links, faults.
void find_events(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
                 findings_list& found);

/// A record that nobody is known to have taken.
struct untaken_record {
    std::size_t row = 0;
    std::string record;  ///< "orders[3]@118", printable
    std::string group;   ///< that has not taken it; empty: nobody has, and no group is known
    std::uint64_t sent_unix_ns = 0;
};

/// What is missing: consumers of records, answers of services, parents.
/// @return the records that nobody has taken
std::vector<untaken_record> find_gaps(const chain& one, const std::vector<std::size_t>& parents,
                                      const analysis_options& options, findings_list& found);

/// How often the same had been asked before.
std::int64_t resend_count(const span_data& span);

/// "POST /orders" of a span of HTTP, else its name; printable.
std::string operation_text(const span_data& span, bool ascii);
/// "orders → stock", or the service alone; printable.
std::string who_text(const chain_row& row, bool ascii);

}  // namespace outrider::tracing
