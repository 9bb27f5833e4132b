#include "sidecar/discovery/registry_thread.hpp"

#include <utility>

#include <pthread.h>
#include <signal.h>

namespace outrider::discovery {

std::thread start_thread(std::string name, std::function<void()> run) {
    return std::thread([name = std::move(name), run = std::move(run)] {
        ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
        // Signals are the main thread's; and a pipe without a reader is an error to report, not a reason to die.
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        run();
    });
}

}  // namespace outrider::discovery
