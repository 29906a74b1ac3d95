// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a small KVM does, seen from outside: each line is a question and the answer.
 * KERNEL is a file that includes all of its C; entry points may have other names there.
 */
#include KERNEL
#include <linux/errno.h>

int printf(const char *format, ...);

static struct kvm_memory_slot slots[4];
static int used;

struct kvm_memory_slot *id_to_memslot(struct kvm *kvm, int id)
{
	return used ? &slots[0] : NULL;
}

bool kvm_arch_has_readonly_mem(struct kvm *kvm)
{
	return true;
}

bool kvm_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	printf("zapped a slot\n");
	return false;
}

void kvm_flush_remote_tlbs(struct kvm *kvm)
{
}

void kvm_mmu_zap_all_fast(struct kvm *kvm)
{
	printf("zapped all\n");
}

void kvm_mmu_slot_leaf_clear_dirty(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	printf("cleared dirty bits\n");
}

int warned(void)
{
	printf("WARNED\n");
	return 1;
}

static struct kvm fresh(unsigned long type)
{
	struct kvm kvm = {};

	printf("init %lu: %d\n", type, kvm_arch_init_vm(&kvm, type));
	return kvm;
}

static int set(struct kvm *kvm, unsigned int ioctl, u32 flags)
{
	struct kvm_userspace_memory_region2 mem = { .flags = flags, .memory_size = 4096 };

	return kvm_vm_ioctl(kvm, ioctl, &mem);
}

int set_region(int version, u32 flags)
{
	struct kvm kvm = {};

	used = 0;
	return set(&kvm, version == 1 ? KVM_SET_USER_MEMORY_REGION : KVM_SET_USER_MEMORY_REGION2, flags);
}

long extension(long cap)
{
	struct kvm kvm = {};

	return kvm_vm_ioctl_check_extension_generic(&kvm, cap);
}

static void memslots(bool private)
{
	struct kvm kvm = {};
	u32 a, b;

	kvm.arch.has_private_mem = private;
	for (a = 0; a < 16; a++) {
		for (b = a; b < 16; b++) {
			u32 flags = 1u << a | 1u << b;

			used = 0;
			printf("private %d flags %x: v1 %d v2 %d\n", private, flags,
			       set(&kvm, KVM_SET_USER_MEMORY_REGION, flags),
			       set(&kvm, KVM_SET_USER_MEMORY_REGION2, flags));
		}
	}
	for (a = 0; a < 16; a++) {
		for (b = 0; b < 16; b++) {
			used = 1;
			slots[0] = (struct kvm_memory_slot) { .npages = 1, .flags = a < 8 ? 1u << a : 0 };
			printf("private %d from %x to %x: %d\n", private, slots[0].flags,
			       b < 8 ? 1u << b : 0, set(&kvm, KVM_SET_USER_MEMORY_REGION2, b < 8 ? 1u << b : 0));
		}
	}
}

static void levels(const char *when, struct kvm *kvm)
{
	u32 bit;

	for (bit = 0; bit < 16; bit++) {
		struct kvm_memory_slot slot = { .npages = 1024, .flags = 1u << bit };

		printf("%s, flag %u: level %d\n", when, bit, kvm_mmu_max_mapping_level(kvm, &slot, 2));
	}
}

static void everything(void)
{
	unsigned long type, arg;
	long cap;

	for (cap = 0; cap < 280; cap++)
		if (extension(cap))
			printf("capability %ld: %ld\n", cap, extension(cap));
	memslots(false);
	memslots(true);
	for (type = 0; type < 8; type++) {
		struct kvm kvm = fresh(type);

		printf("type %lu: svm %d sev %d\n", type, svm_smi_blocked(&kvm), sev_guest_init(&kvm));
		kvm = fresh(type);
		levels("type", &kvm);
		kvm_arch_flush_shadow_memslot(&kvm, &slots[0]);
	}
	for (cap = 0; cap < 280; cap++) {
		for (arg = 0; arg < 12; arg++) {
			struct kvm kvm = fresh(0);
			struct kvm_enable_cap enable = { .cap = cap, .args = { arg < 10 ? arg : 1u << arg } };
			int r = kvm_vm_ioctl_enable_cap(&kvm, &enable);

			if (r == -EINVAL && arg)
				continue;
			printf("enable %ld (%lu): %d, quirks %llx, level %d\n", cap, arg, r,
			       kvm.arch.disabled_quirks,
			       kvm_mmu_max_mapping_level(&kvm, &(struct kvm_memory_slot) { .npages = 1024 }, 2));
		}
	}
}

int probe(void)
{
	int tdp;

	kvm_caps.max_clock = 5;
	for (tdp = 0; tdp < 2; tdp++) {
		tdp_enabled = tdp;
		kvm_x86_vendor_init();
		everything();
	}
	return 0;
}
