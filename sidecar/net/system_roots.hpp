#pragma once

#include <openssl/x509_vfy.h>

namespace outrider::net {

/// Begins to read the system's CA certificates, on a thread of its own, unless that was done: it takes 30 ms of CPU,
/// which no start has to wait for, and megabytes, which all TLS contexts share. OpenSSL has been used before.
void begin_to_read_system_roots();

/// They, once they have been read; empty where there are none. Any thread. Lives as long as the process.
X509_STORE* system_roots();

}  // namespace outrider::net
