#pragma once

#include <cstdint>
#include <vector>

#include "tracing/stitch/usual_causes.hpp"
#include "tracing/stitch/window_spans.hpp"

namespace outrider::tracing {

/// How much the values that a span carried speak for each of what entered its process.
struct echo_answer {
    struct candidate {
        std::uint32_t entered = 0;  ///< index
        double confidence = 0;
        bool remembers = false;  ///< carried none of the values: they are taken for what its service remembered
        bool alike = false;      ///< of several that carried the same: values do not tell them apart
    };
    static constexpr std::size_t most_candidates = 8;
    std::vector<candidate> candidates;  ///< the likeliest first
    double alike = 0;                   ///< confidence that it is one of those that are alike; 0: there are none
};

/// What is known of a process before values are looked at.
struct echo_priors {
    double unseen_like = 0;  ///< candidates that have not arrived and would have said the same
    double ended = 0.05;     ///< what speaks for a request that has ended, beside 1 for one that is open
};

/// Values in what entered a process within a window of time, and how rare each was in it.
class echo_match {
  public:
    /// Values that more spans carried tell nothing.
    static constexpr std::size_t most_carriers = 8;

    /// The next build() is asked about these values, and about no others.
    void want(const span_details::view& said);
    void build(const std::vector<window_span>& entered, const span_store& store);
    bool empty() const { return carried_.empty(); }
    void ask(const held_span& left, const span_details::view& said, const std::vector<window_span>& entered,
             const usual_causes& usual, const echo_priors& priors, echo_answer& out);

  private:
    struct carried {
        std::uint32_t value, entered;
        auto operator<=>(const carried&) const = default;
    };
    struct vote {
        std::uint32_t entered;
        double odds;
        std::uint32_t value;
    };
    void count_votes(const held_span& left, const span_details::view& said, const std::vector<window_span>& entered);
    double before_its_values(std::uint32_t which, const held_span& left, const window_span& entered,
                             const echo_priors& priors) const;
    /// One candidate, with its votes.
    struct claim {
        std::uint32_t entered, first, last;
        double odds;
        double values = 1;  ///< what they alone say
        bool remembers = false;
    };
    void tell_alike(double all, const std::vector<window_span>& entered, echo_answer& out) const;
    bool overtakes(const claim& later, const claim& earlier_one, const std::vector<window_span>& entered) const;
    void prefer_later_messages(const std::vector<window_span>& entered);
    void prefer_open_requests(const held_span& left, const std::vector<window_span>& entered,
                              const usual_causes& usual);

    /// Nearly only what is wanted: a table of bits, so that whoever chooses values can make it useless, but not slow.
    bool is_wanted(std::uint32_t value) const {
        const auto bit = value * 0x9e3779b1U >> unused_bits_;
        return (wanted_bits_[bit / 64] >> bit % 64 & 1) != 0;
    }
    void list_wanted();

    std::vector<std::uint32_t> wanted_;
    std::vector<std::uint64_t> wanted_bits_;
    unsigned unused_bits_ = 0;  ///< of a hash
    std::vector<carried> carried_;
    std::vector<vote> votes_;  ///< by the entered one
    std::vector<claim> claims_;
    std::vector<bool> messages_;  ///< which of the entered are records: what they cause follows their delivery
    std::size_t carriers_ = 0;
};

}  // namespace outrider::tracing
