#pragma once

#include <string>
#include <string_view>

#include "sidecar/config/settings.hpp"

namespace outrider::tools {

enum class address_family { v4, v6 };

/// What `nft -f -` reads: one transaction that puts our table in the place of the one that may be there.
std::string nft_rules(const config::intercept& what);
/// The same for a table that is to go.
std::string nft_removal();
/// Whether what `nft list table inet outrider` prints is a table that nft_rules() made.
bool is_our_table(std::string_view listed);

/// Whether what `iptables-save -t nat` prints has chains of our names, and who made them.
enum class chain_owner { nobody, us, somebody_else };
chain_owner owner_of_chains(std::string_view saved);

/// What `iptables-restore --noflush` or `ip6tables-restore --noflush` reads: one transaction that puts our chains in
/// the place of those in `saved`, which is what the family's -save printed.
std::string iptables_rules(const config::intercept& what, address_family family, std::string_view saved);
/// The same for chains that are to go; empty when there are none.
std::string iptables_removal(std::string_view saved);
/// The same to have again what `former` says, in the place of what `saved` says.
std::string iptables_restoration(std::string_view former, std::string_view saved);
/// The lines of `saved` that are ours, for people.
std::string our_lines(std::string_view saved);

}  // namespace outrider::tools
