#pragma once

#include <string>

#include "sidecar/config/settings.hpp"

namespace outrider::tools {

/// Why rules could not be set; empty: they are.
struct backend_error {
    std::string text;
    bool final = false;  ///< another backend must not try: there is something that would be in its way
    bool empty() const { return text.empty(); }
};

bool has_nft();
bool has_iptables();

/// Each leaves everything as it was when it fails.
backend_error install_nft(const config::intercept& what);
backend_error install_iptables(const config::intercept& what);

/// @param if_there  whether it is no error that the program is missing, does not work here, or has rules that are not
///                  ours under our names
/// @return empty, or what went wrong
std::string remove_nft(bool if_there);
std::string remove_iptables(bool if_there);

/// What is installed, as the backend prints it; empty when nothing is.
std::string installed_with_nft();
std::string installed_with_iptables();

}  // namespace outrider::tools
