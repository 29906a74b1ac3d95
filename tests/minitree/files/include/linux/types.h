/* SPDX-License-Identifier: GPL-2.0-only */
/* Just enough of a kernel for a compiler to look at the small tree. */
#ifndef MINI_TYPES_H
#define MINI_TYPES_H

typedef unsigned char u8, __u8;
typedef unsigned short u16, __u16;
typedef unsigned int u32, __u32;
typedef unsigned long long u64, __u64;
typedef int s32;
typedef long long s64;
typedef u64 gfn_t;
typedef _Bool bool;
typedef struct { int counter; } atomic_t;
typedef struct { int held; } rwlock_t;

#define true 1
#define false 0
#define NULL ((void *)0)

#define BIT(nr) (1UL << (nr))
#define _BITUL(nr) (1UL << (nr))
/* A symbol that is not set is named by itself, one that is set is 1. */
#define MINI_TEXT(x) #x
#define IS_ENABLED(option) (MINI_TEXT(option)[0] == '1')
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile typeof(x) *)&(x) = (val))
#define WARN_ON_ONCE(x) ({ int warned = !!(x); warned; })
#define min(a, b) ((a) < (b) ? (a) : (b))
#define __always_inline inline __attribute__((always_inline))
#define __must_check __attribute__((warn_unused_result))
#define noinline __attribute__((noinline))
#define __init
#define U32_MAX (~0u)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)
#define NSEC_PER_SEC 1000000000ull

static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
static inline int atomic_read(const atomic_t *v) { return v->counter; }
static inline void atomic_set(atomic_t *v, int i) { v->counter = i; }
static inline void write_lock(rwlock_t *l) { l->held = 1; }
static inline void write_unlock(rwlock_t *l) { l->held = 0; }

static inline bool need_resched(void) { return 0; }
static inline bool rwlock_needbreak(rwlock_t *l) { return l->held; }
static inline void cond_resched_rwlock_write(rwlock_t *l) { l->held = 1; }

#endif
