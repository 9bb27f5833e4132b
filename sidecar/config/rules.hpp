#pragma once

#include <set>
#include <string>

#include "sidecar/config/load.hpp"

namespace outrider::config {

/// What every rule over several settings works with.
class rules {
  public:
    rules(loaded& result, const load_input& input, const std::set<std::string>& failed, diagnostics& errors)
        : result_(result), value_(result.value), input_(input), failed_(failed), errors_(errors) {}

  protected:
    /// Whether anything but the default gave this setting a value.
    bool given(const std::string& path) const { return result_.origins.contains(path); }
    origin where(const std::string& path) const;
    /// Whether this setting, one above or one below it has an error of its own.
    bool has_failed(const std::string& path) const;
    /// Adds an error at the place of a setting, unless it follows from one that was already found.
    void fail(const std::string& path, std::string text);
    void warn(const std::string& path, std::string text);
    /// A certificate and its key come together; each file can be read, if this machine is the one.
    void check_tls(const std::string& path, const tls_client& tls);

    loaded& result_;
    settings& value_;
    const load_input& input_;
    const std::set<std::string>& failed_;
    diagnostics& errors_;
};

/// Rules of `kafka`; decides between plaintext and TLS.
class kafka_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_cluster(const std::string& path, kafka_cluster& cluster);
    void check_advertised(const std::string& path, const kafka_cluster& cluster);
};

/// Rules of `intercept`.
class intercept_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_listeners();
    void check_ports();
    void check_own_traffic();
};

/// Rules of `discover` and `registries`; fills in what follows from other settings.
class discovery_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_members(const std::string& name, upstream& what);
    void check_discovery(const std::string& upstream, const std::string& name, config::upstream& what);
    void check_unused(const std::string& path, const discovery& wanted);
    void check_dns_name(const std::string& path, const discovery& wanted);
    void find_kubernetes(const std::string& path);
    void check_etcd();
    void check_consul();
    void warn_unused(const std::string& path, directory by, bool registers);
    void choose_advertised();
};

/// Rules of `health.app` and of the `health` of upstreams.
class health_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_kind(const std::string& path, const health_check& check);
    void check_cleartext(const std::string& path, const upstream& what);
};

/// Rules of what is kept of messages for chains.
class capture_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_collector();
    void check_pointers();
    void check_sources(const std::string& path, const std::vector<value_source>& sources);
};

/// Rules of `tracing`; works out where spans are posted to.
class tracing_rules : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_otlp_url();
    void check_headers();
    void check_exporter();
    void check_batch();
    void check_sampler();
};

}  // namespace outrider::config
