#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "sidecar/tools/inject_manifest.hpp"
#include "sidecar/tools/inject_sidecar.hpp"
#include "sidecar/tools/text_edit.hpp"

namespace outrider::tools {

/// Points Services at sidecars. What stood there is kept in a comment beside it, from which it comes back:
///
///     targetPort: http    <-->    targetPort: 7980 # outrider: was http;
class service_ports {
  public:
    service_ports(std::string_view text, const manifests& all, inject_findings& findings)
        : text_(text), all_(all), findings_(findings) {}

    /// The Services that send to the application's port: changed if asked for or changed before, else spoken of.
    void point_at(const workload& of, const sidecar_shape& sidecar, bool rewrite);
    /// Everything back to what it was.
    void restore();

    std::vector<text_edit>& edits() { return edits_; }

  private:
    /// One port of a Service, with what it says or said of its target.
    struct port {
        const manifest* service = nullptr;
        const config::marked_node* mapping = nullptr;
        const config::marked_member* target = nullptr;  ///< null: not given
        std::string_view comment;                       ///< ours, with the blank before it; empty: not changed
        std::string_view original;                      ///< the target as it stood there; empty: not given
    };

    template <typename Do>
    void for_each_port(Do something) const;
    port read(const manifest& service, const config::marked_node& mapping) const;
    bool sends_to(const port& one, const workload& of, std::uint16_t app_port) const;
    void change(const port& one, std::uint16_t to);
    void rewrite(const port& one, std::uint16_t to);
    void add_target(const port& one, std::uint16_t to);
    bool shared(const port& one) const;
    void refuse(const port& one, std::uint16_t to, const char* why);

    std::string_view text_;
    const manifests& all_;
    inject_findings& findings_;
    std::vector<text_edit> edits_;
    std::map<const config::marked_node*, std::uint16_t> done_;
};

}  // namespace outrider::tools
