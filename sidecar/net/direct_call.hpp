#pragma once

#include <cstddef>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace outrider::net {

// recv(2) and send(2) are points where a thread may be cancelled: with more than one thread, the C library makes itself
// ready for that and takes it back, by two locked instructions each, around every call. No thread here is ever
// cancelled.

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(SYS_recvfrom) || !defined(SYS_sendto)
// Sanitizers want to see what is read and written.
inline ssize_t direct_recv(int descriptor, void* into, std::size_t size, int flags) {
    return ::recv(descriptor, into, size, flags);
}
inline ssize_t direct_send(int descriptor, const void* from, std::size_t size, int flags) {
    return ::send(descriptor, from, size, flags);
}
#else
inline ssize_t direct_recv(int descriptor, void* into, std::size_t size, int flags) {
    return ::syscall(SYS_recvfrom, descriptor, into, size, flags, nullptr, nullptr);
}
inline ssize_t direct_send(int descriptor, const void* from, std::size_t size, int flags) {
    return ::syscall(SYS_sendto, descriptor, from, size, flags, nullptr, 0);
}
#endif

}  // namespace outrider::net
