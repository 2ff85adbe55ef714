/* atomics.h: the C11 atomics that the core uses, under short names.
 *
 * Every atomic access in csrc/ names its order, and a comment beside it names the access that it
 * is paired with. Plain fields are protected by the lock that their declaration names. */
#ifndef TM_ATOMICS_H
#define TM_ATOMICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint32_t tm_atomic_u32;
typedef _Atomic int64_t tm_atomic_i64;
typedef _Atomic size_t tm_atomic_size;

#if defined(_MSC_VER)
#include <intrin.h>
#define tm_cpu_relax() YieldProcessor()
#elif defined(__x86_64__) || defined(__i386__)
#define tm_cpu_relax() __builtin_ia32_pause()
#elif defined(__aarch64__) || defined(__arm__)
#define tm_cpu_relax() __asm__ __volatile__("yield" ::: "memory")
#else
#define tm_cpu_relax() atomic_signal_fence(memory_order_seq_cst)
#endif

#endif
