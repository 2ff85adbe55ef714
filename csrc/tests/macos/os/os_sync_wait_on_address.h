/* os/os_sync_wait_on_address.h: stands in for Apple's header where a cross-compiler comes without it. Written
 * from its documentation: that os_wait_darwin.c compiles with it shows no more than that the two agree. Links
 * show that the names are right. */
#include <Availability.h>
#include <stddef.h>
#include <stdint.h>

#define OS_SYNC_WAIT_ON_ADDRESS_NONE 0u
#define OS_SYNC_WAKE_BY_ADDRESS_NONE 0u
#define OS_CLOCK_MACH_ABSOLUTE_TIME 32u

__API_AVAILABLE(macos(14.4))
int os_sync_wait_on_address(void *addr, uint64_t value, size_t size, uint32_t flags);
__API_AVAILABLE(macos(14.4))
int os_sync_wait_on_address_with_timeout(void *addr, uint64_t value, size_t size, uint32_t flags,
                                         uint32_t clock, uint64_t timeout_ns);
__API_AVAILABLE(macos(14.4))
int os_sync_wake_by_address_any(void *addr, size_t size, uint32_t flags);
__API_AVAILABLE(macos(14.4))
int os_sync_wake_by_address_all(void *addr, size_t size, uint32_t flags);
