#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "governance/facts.hpp"
#include "governance/inline_list.hpp"
#include "governance/path_template.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// Finds the policies that may match an exchange without looking at the others: each is filed once, under the most
/// telling thing that it names exactly (path, topic, upstream, header, host, group, client); those that name nothing
/// exactly are candidates always.
class policy_index {
  public:
    /// Files number `index`. Policies are added in the order of the files.
    void add(const match& by, std::uint32_t index);
    /// Numbers of candidates, each once, in no order.
    void candidates(const facts& of, std::string_view path, inline_list<std::uint32_t, 16>& out) const;

  private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    template <typename T>
    using by_text = std::unordered_map<std::string, T, text_hash, std::equal_to<>>;
    using numbers = std::vector<std::uint32_t>;

    /// A segment of path templates; children by literal, and one for any parameter.
    struct node {
        by_text<node*> literals;
        node* parameter = nullptr;
        numbers here;  ///< templates that end here
        numbers rest;  ///< templates that take all the rest from here
    };
    /// Policies for one kind of traffic.
    struct shelf {
        node* paths = nullptr;
        by_text<numbers> topics, upstreams, hosts, groups, clients;
        by_text<by_text<numbers>> headers;  ///< by name, then by value
        numbers others;
    };
    using found = inline_list<std::uint32_t, 16>;

    void file(const match& by, std::uint32_t index, shelf& on);
    void file_path(const path_template& path, std::uint32_t index, shelf& on);
    static void append(const numbers& from, found& out);
    static void look_up(const by_text<numbers>& in, std::string_view key, found& out);
    static void walk(const node& from, std::string_view rest, found& out);

    std::array<shelf, traffics> shelves_;
    std::deque<node> nodes_;
};

}  // namespace outrider::governance
