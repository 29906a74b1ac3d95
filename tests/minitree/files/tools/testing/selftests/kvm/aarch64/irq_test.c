// SPDX-License-Identifier: GPL-2.0-only
#include "kvm_util.h"

int main(int argc, char *argv[])
{
	return 0;
}
