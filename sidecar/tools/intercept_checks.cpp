#include "sidecar/tools/intercept_checks.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <unistd.h>

#include "sidecar/config/units.hpp"
#include "sidecar/net/socket_owner.hpp"

namespace outrider::tools {
namespace {

namespace fs = std::filesystem;

/// The value of a line "Name:\tvalue" of a process's status.
std::string status_of(const fs::path& process, const std::string& name) {
    std::ifstream in{process / "status"};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
    return {};
}

/// Where a link of /proc leads to; nothing where that may not be seen.
std::optional<std::string> target_of(const fs::path& link) {
    std::error_code ec;
    auto target = fs::read_symlink(link, ec);
    return ec ? std::nullopt : std::optional{target.string()};
}

/// Real, effective, saved or file system user: any of them may be what a connection is made as.
bool runs_as(const fs::path& process, std::uint32_t user) {
    std::istringstream in{status_of(process, "Uid")};
    for (std::uint32_t each = 0; in >> each;)
        if (each == user) return true;
    return false;
}

/// By the program's file, or by its name where that may not be seen.
bool is_sidecar(const fs::path& process, const std::string& name) {
    const auto own = target_of("/proc/self/exe"), theirs = target_of(process / "exe");
    return own && theirs ? *own == *theirs : name == "outrider";
}

/// Where it may not be seen it is taken for the same: better a question too many.
bool is_in_our_namespace(const fs::path& process) {
    const auto own = target_of("/proc/self/ns/net"), theirs = target_of(process / "ns/net");
    return !own || !theirs || *own == *theirs;
}

}  // namespace

bool may_change_rules() {
    constexpr unsigned net_admin = 12;
    std::istringstream in{status_of("/proc/self", "CapEff")};
    std::uint64_t effective = 0;
    in >> std::hex >> effective;
    return (effective >> net_admin & 1) != 0;
}

std::vector<std::string> others_running_as(std::uint32_t user, const std::vector<std::uint32_t>& ports) {
    std::vector<std::string> out;
    std::error_code ec;
    for (fs::directory_iterator each{"/proc", ec}, end; !ec && each != end; each.increment(ec)) {
        const auto id = each->path().filename().string();
        if (!config::parse_count(id) || id == std::to_string(::getpid()) || !runs_as(each->path(), user)) continue;
        const auto name = std::string{config::trim(status_of(each->path(), "Name"))};
        if (name.empty() || is_sidecar(each->path(), name) || !is_in_our_namespace(each->path())) continue;
        out.push_back(name + " (process " + id + ")");
    }
    for (const auto port : ports) {
        const auto owners = net::owners_of_listeners(static_cast<std::uint16_t>(port));
        if (std::find(owners.begin(), owners.end(), user) != owners.end())
            out.push_back("what listens on port " + std::to_string(port));
    }
    return out;
}

}  // namespace outrider::tools
