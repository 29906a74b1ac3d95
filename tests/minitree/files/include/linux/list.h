/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MINI_LIST_H
#define MINI_LIST_H

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = { &name, &name }

static inline void INIT_LIST_HEAD(struct list_head *l) { l->next = l->prev = l; }
static inline int list_empty(const struct list_head *l) { return l->next == l; }

#endif
