#include "sidecar/tools/intercept.hpp"

#include <cstdio>

#include "sidecar/tools/intercept_checks.hpp"
#include "sidecar/tools/intercept_rules.hpp"
#include "sidecar/tools/intercept_show.hpp"
#include "sidecar/tools/rule_backends.hpp"

namespace outrider::tools {
namespace {

void say(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int fail(const char* action, const std::string& why) {
    const auto text = std::string{"outrider intercept "} + action + ": " + why + "\n";
    std::fwrite(text.data(), 1, text.size(), stderr);
    return 1;
}

constexpr const char* needs_capability =
    "changing rules of the kernel needs the capability CAP_NET_ADMIN: run it as root, or in a container with "
    "'capabilities: {add: [NET_ADMIN]}'";

std::string printed_rules(const intercept_options& options, const config::intercept& what) {
    if (options.backend != rules_backend::iptables) return nft_rules(what);
    return "# iptables-restore --noflush\n" + iptables_rules(what, address_family::v4, {}) +
           "# ip6tables-restore --noflush\n" + iptables_rules(what, address_family::v6, {});
}

/// Who runs as the user by which our own connections are known would never be seen.
std::string shared_user(const config::intercept& what) {
    if (!what.uid) return {};
    const auto others = others_running_as(*what.uid, what.ports_in);
    if (others.empty()) return {};
    constexpr std::size_t most_named = 3;
    std::string names;
    for (std::size_t i = 0; i < others.size() && i < most_named; ++i) names += (i == 0 ? "" : ", ") + others[i];
    if (others.size() > most_named) names += " and " + std::to_string(others.size() - most_named) + " more";
    return "user " + std::to_string(*what.uid) + " is not the sidecar's alone: " + names +
           "; connections that they make would pass the sidecar by. Run the sidecar as a user of its own, or use "
           "--mark";
}

/// Of a backend that has done its work: what the other one may have from former times goes. Where it cannot go,
/// nothing stays of the new either.
std::string without_other(std::string left, std::string (*take_back)(bool)) {
    if (left.empty()) return left;
    if (const auto worse = take_back(true); !worse.empty()) left += "; and what had been set stays: " + worse;
    return left;
}

/// nftables where that works, else iptables.
std::string install_somehow(rules_backend wanted, const config::intercept& what, std::string& done_by) {
    std::string first;
    if (wanted != rules_backend::iptables) {
        const auto wrong = install_nft(what);
        if (wrong.empty()) return done_by = "nftables", without_other(remove_iptables(true), &remove_nft);
        if (wanted == rules_backend::nft || wrong.final) return wrong.text;
        first = wrong.text + "; nor with iptables: ";
    }
    const auto wrong = install_iptables(what);
    if (!wrong.empty()) return first + wrong.text;
    return done_by = "iptables", without_other(remove_nft(true), &remove_iptables);
}

int install(const intercept_options& options, const config::intercept& what) {
    if (options.dry_run) return say(printed_rules(options, what)), 0;
    if (!may_change_rules()) return fail("install", needs_capability);
    if (auto wrong = shared_user(what); !wrong.empty()) return fail("install", wrong);
    std::string done_by;
    if (auto wrong = install_somehow(options.backend, what, done_by); !wrong.empty()) return fail("install", wrong);
    say("installed with " + done_by + ": " + summary(what) + "\n");
    return 0;
}

int remove(const intercept_options& options) {
    if (!may_change_rules()) return fail("remove", needs_capability);
    const bool only_nft = options.backend == rules_backend::nft;
    const bool only_iptables = options.backend == rules_backend::iptables;
    if (!only_nft && !only_iptables && !has_nft() && !has_iptables())
        return fail("remove", "neither nft nor iptables was found; install the package nftables or iptables");
    std::string wrong;
    if (!only_iptables) wrong = remove_nft(!only_nft);
    if (wrong.empty() && !only_nft) wrong = remove_iptables(!only_iptables);
    if (!wrong.empty()) return fail("remove", wrong);
    return say("no rules of ours are left\n"), 0;
}

int show() {
    if (!may_change_rules())
        return fail("show", "reading rules of the kernel needs the capability CAP_NET_ADMIN: run it as root");
    std::string text;
    const bool whole = show_rules(text);
    say(text);
    return whole ? 0 : 1;
}

}  // namespace

int run_intercept(const intercept_options& options, const config::intercept& what) {
    switch (options.action) {
        case intercept_action::install:
            return install(options, what);
        case intercept_action::remove:
            return remove(options);
        case intercept_action::show:
            return show();
    }
    return 1;
}

}  // namespace outrider::tools
