#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace outrider::tracing {

/// Which of two kinds of spans belong together, one to one, where some have no partner: belief propagation over the
/// pairs that are possible at all.
class pair_beliefs {
  public:
    struct pair {
        std::uint32_t left = 0, entered = 0;
        double weight = 0;  ///< how likely the two belong together, against both being alone
        double likely = 0;  ///< the same when all others have been heard
        double asked = 0, offered = 0;
    };

    pair_beliefs() = default;
    pair_beliefs(std::size_t lefts, std::size_t entered) : left_sums_(lefts), entered_sums_(entered) {}

    void add(const pair& possible) { pairs_.push_back(possible); }
    void propagate(int most_rounds);
    /// Corrects what propagate() found where several are hard to tell apart: there it is too sure. Walks at random,
    /// always the same way, from one pairing of all to another, and counts.
    void sample();
    std::span<const pair> pairs() const { return pairs_; }

  private:
    std::vector<pair> pairs_;
    static constexpr std::uint32_t alone = 0xffffffff;
    void index_pairs();
    void pair_greedily();
    void step(std::uint32_t left);
    std::uint32_t pair_of(std::uint32_t left, std::uint32_t entered) const;
    std::uint64_t random();

    std::vector<double> left_sums_, entered_sums_;
    std::vector<std::uint32_t> first_of_left_;         ///< pairs, which are by left and entered
    std::vector<std::uint32_t> of_left_, of_entered_;  ///< the pair that each is in at the moment
    std::uint64_t seed_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace outrider::tracing
