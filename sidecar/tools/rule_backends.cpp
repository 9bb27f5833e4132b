#include "sidecar/tools/rule_backends.hpp"

#include <array>

#include "sidecar/tools/intercept_rules.hpp"
#include "sidecar/tools/run_program.hpp"

namespace outrider::tools {
namespace {

constexpr const char* no_nft = "nft was not found; install the package nftables";
constexpr const char* no_iptables = "iptables was not found; install the package iptables";
constexpr const char* foreign_table =
    "there is a table 'inet outrider' that 'outrider intercept' did not make; it stays as it is. Remove it with 'nft "
    "delete table inet outrider' if nobody needs it";
constexpr const char* foreign_chains =
    "there are chains OUTRIDER_OUTBOUND or OUTRIDER_INBOUND in the table nat that 'outrider intercept' did not make; "
    "they stay as they are. Remove them with iptables if nobody needs them";

program_result list_table() { return run_program({"nft", "list", "table", "inet", "outrider"}); }

/// One of the two families of iptables.
struct family_tools {
    address_family family;
    const char* save;
    const char* restore;
};
constexpr std::array<family_tools, 2> families{{{address_family::v4, "iptables-save", "iptables-restore"},
                                                {address_family::v6, "ip6tables-save", "ip6tables-restore"}}};

program_result saved_by(const family_tools& with) { return run_program({with.save, "-t", "nat"}); }

/// Applied as a whole or not at all. @return empty, or what went wrong
std::string restore(const family_tools& with, const std::string& rules) {
    if (rules.empty()) return {};
    const auto done = run_program({with.restore, "--noflush", "--wait", "5"}, rules);
    if (!done.found) return no_iptables;
    return done.succeeded ? std::string{} : std::string{with.restore} + ": " + done.complaint;
}

}  // namespace

bool has_nft() { return run_program({"nft", "--version"}).found; }
bool has_iptables() { return run_program({"iptables-save", "--version"}).found; }

backend_error install_nft(const config::intercept& what) {
    const auto there = list_table();
    if (!there.found) return {no_nft};
    if (there.succeeded && !is_our_table(there.output)) return {foreign_table, true};
    const auto done = run_program({"nft", "-f", "-"}, nft_rules(what));
    if (done.succeeded) return {};
    return {"nft: " + done.complaint};
}

std::string remove_nft(bool if_there) {
    const auto there = list_table();
    if (!there.found) return if_there ? "" : no_nft;
    if (!there.succeeded) return {};
    if (!is_our_table(there.output)) return if_there ? "" : foreign_table;
    const auto done = run_program({"nft", "-f", "-"}, nft_removal());
    return done.succeeded ? std::string{} : "nft: " + done.complaint;
}

std::string installed_with_nft() {
    const auto there = list_table();
    return there.succeeded && is_our_table(there.output) ? there.output : std::string{};
}

backend_error install_iptables(const config::intercept& what) {
    std::array<program_result, families.size()> former;
    for (std::size_t i = 0; i < families.size(); ++i) {
        former[i] = saved_by(families[i]);
        if (!former[i].found) return {no_iptables};
        if (!former[i].succeeded) return {std::string{families[i].save} + ": " + former[i].complaint};
        if (owner_of_chains(former[i].output) == chain_owner::somebody_else) return {foreign_chains, true};
    }
    for (std::size_t i = 0; i < families.size(); ++i) {
        auto wrong = restore(families[i], iptables_rules(what, families[i].family, former[i].output));
        if (wrong.empty()) continue;
        for (std::size_t done = 0; done < i; ++done) {
            const auto back =
                restore(families[done], iptables_restoration(former[done].output, saved_by(families[done]).output));
            if (!back.empty()) wrong += "; and what had been set could not be taken back: " + back;
        }
        return {wrong};
    }
    return {};
}

std::string remove_iptables(bool if_there) {
    for (const auto& each : families) {
        const auto there = saved_by(each);
        if (!there.found) return if_there ? "" : no_iptables;
        if (!there.succeeded && if_there) continue;
        if (!there.succeeded) return std::string{each.save} + ": " + there.complaint;
        if (owner_of_chains(there.output) == chain_owner::somebody_else) return if_there ? "" : foreign_chains;
        if (auto wrong = restore(each, iptables_removal(there.output)); !wrong.empty()) return wrong;
    }
    return {};
}

std::string installed_with_iptables() {
    std::string out;
    for (const auto& each : families) {
        const auto there = saved_by(each);
        if (!there.succeeded || owner_of_chains(there.output) != chain_owner::us) continue;
        out += (each.family == address_family::v4 ? "# IPv4\n" : "# IPv6\n") + our_lines(there.output);
    }
    return out;
}

}  // namespace outrider::tools
