#pragma once

#include <string>

#include "tests/support/test_files.hpp"

namespace outrider::test {

/// PEM files of one certificate and its key.
struct certificate_files {
    std::string certificate, key;
};

/// A certificate authority of the test's own, valid for an hour.
class certificate_authority {
  public:
    /// Writes NAME.pem and NAME.key into `folder`.
    certificate_authority(const temporary_folder& folder, const std::string& name);
    const std::string& certificate() const { return own_.certificate; }
    /// @param subject_alt_name  as OpenSSL writes it: "DNS:localhost,IP:127.0.0.1"
    certificate_files issue(const std::string& name, const std::string& subject_alt_name) const;

  private:
    const temporary_folder& folder_;
    certificate_files own_;
};

}  // namespace outrider::test
