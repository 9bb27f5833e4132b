#include "sidecar/net/system_roots.hpp"

#include <future>
#include <memory>

#include <openssl/err.h>

namespace outrider::net {
namespace {

using store_pointer = std::shared_ptr<X509_STORE>;

store_pointer read() {
    store_pointer store(X509_STORE_new(), X509_STORE_free);
    // Where that fails, no certificate is accepted and the handshake says so.
    if (store) X509_STORE_set_default_paths(store.get());
    ERR_clear_error();
    return store;
}

const std::shared_future<store_pointer>& reading() {
    static const std::shared_future<store_pointer> begun = std::async(std::launch::async, read).share();
    return begun;
}

}  // namespace

void begin_to_read_system_roots() { (void)reading(); }

X509_STORE* system_roots() { return reading().get().get(); }

}  // namespace outrider::net
