/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTEST_KVM_UTIL_H
#define SELFTEST_KVM_UTIL_H

#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#define BIT(n) (1ul << (n))
#define BIT_ULL(n) (1ull << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile typeof(x) *)&(x) = (val))

typedef uint64_t vm_vaddr_t;
typedef uint64_t vm_paddr_t;

enum vm_mem_backing_src_type {
	VM_MEM_SRC_ANONYMOUS,
	VM_MEM_SRC_ANONYMOUS_THP,
	VM_MEM_SRC_SHMEM,
};

#define VM_MODE_DEFAULT 0

struct vm_shape {
	uint32_t type;
	uint8_t mode;
};

struct userspace_mem_region {
	struct kvm_userspace_memory_region2 region;
	void *host_mem;
};

struct kvm_vm {
	unsigned int page_size;
};

struct kvm_vcpu {
	struct kvm_run *run;
};

struct ucall {
	uint64_t cmd;
	uint64_t args[6];
};

enum { UCALL_NONE, UCALL_SYNC, UCALL_ABORT, UCALL_DONE };

void test_assert(bool good, const char *form, ...) __attribute__((format(printf, 2, 3)));
void test_require(bool good);
#define TEST_ASSERT(e, fmt, ...) test_assert(e, fmt, ##__VA_ARGS__)
#define TEST_REQUIRE(e) test_require(e)
#define GUEST_DONE() guest_done()
#define GUEST_SYNC(x) guest_sync(x)

void guest_done(void);
void guest_sync(uint64_t value);
int open_kvm_dev_path_or_exit(void);
bool kvm_has_cap(long cap);
unsigned int kvm_check_cap(long cap);
int vm_check_cap(struct kvm_vm *vm, long cap);
struct kvm_vm *vm_create(uint32_t nr_vcpus);
struct kvm_vm *vm_create_barebones(void);
struct kvm_vm *vm_create_barebones_type(unsigned long type);
struct kvm_vm *vm_create_with_one_vcpu(struct kvm_vcpu **vcpu, void *guest_code);
struct kvm_vm *vm_create_shape_with_one_vcpu(struct vm_shape shape, struct kvm_vcpu **vcpu,
					     void *guest_code);
struct kvm_vcpu *vm_vcpu_add(struct kvm_vm *vm, uint32_t id, void *guest_code);
struct kvm_vcpu *__vm_vcpu_add(struct kvm_vm *vm, uint32_t id);
void kvm_vm_free(struct kvm_vm *vm);
int __kvm_ioctl(int fd, unsigned long cmd, void *arg);
int __vm_ioctl(struct kvm_vm *vm, unsigned long cmd, void *arg);
int __vcpu_ioctl(struct kvm_vcpu *vcpu, unsigned long cmd, void *arg);
void vm_enable_cap(struct kvm_vm *vm, uint32_t cap, uint64_t arg0);
int __vm_enable_cap(struct kvm_vm *vm, uint32_t cap, uint64_t arg0);
int __vm_set_user_memory_region(struct kvm_vm *vm, uint32_t slot, uint32_t flags,
				uint64_t gpa, uint64_t size, void *hva);
int __vm_set_user_memory_region2(struct kvm_vm *vm, uint32_t slot, uint32_t flags,
				 uint64_t gpa, uint64_t size, void *hva,
				 uint32_t guest_memfd, uint64_t offset);
int vm_create_guest_memfd(struct kvm_vm *vm, uint64_t size, uint64_t flags);
void vm_userspace_mem_region_add(struct kvm_vm *vm, enum vm_mem_backing_src_type src,
				 uint64_t gpa, uint32_t slot, uint64_t npages, uint32_t flags);
void vm_mem_region_move(struct kvm_vm *vm, uint32_t slot, uint64_t new_gpa);
void vm_create_irqchip(struct kvm_vm *vm);
void vm_mem_region_delete(struct kvm_vm *vm, uint32_t slot);
void vm_mem_region_set_flags(struct kvm_vm *vm, uint32_t slot, uint32_t flags);
void kvm_vm_get_dirty_log(struct kvm_vm *vm, int slot, void *log);
void vm_disable_nx_huge_pages(struct kvm_vm *vm);
struct userspace_mem_region *memslot2region(struct kvm_vm *vm, uint32_t slot);
void virt_map(struct kvm_vm *vm, uint64_t vaddr, uint64_t paddr, unsigned int npages);
void *addr_gpa2hva(struct kvm_vm *vm, vm_paddr_t gpa);
uint64_t vm_get_stat(struct kvm_vm *vm, const char *stat_name);
void vcpu_run(struct kvm_vcpu *vcpu);
int _vcpu_run(struct kvm_vcpu *vcpu);
uint64_t get_ucall(struct kvm_vcpu *vcpu, struct ucall *uc);
void sync_bytes(struct kvm_vm *vm, void *global);
#define sync_global_to_guest(vm, g) sync_bytes(vm, &(g))
#define sync_global_from_guest(vm, g) sync_bytes(vm, &(g))

bool thp_configured(void);

void vm_enable_dirty_ring(struct kvm_vm *vm, uint32_t ring_size);
void ksft_print_header(void);
void ksft_set_plan(unsigned int plan);
void ksft_test_result_pass(const char *form, ...);
void ksft_test_result_skip(const char *form, ...);
void ksft_finished(void) __attribute__((noreturn));

#endif
