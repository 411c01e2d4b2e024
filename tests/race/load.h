/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.h - between load.c (what is done to a card and what must hold afterwards) and
 * load_work.c (the clients of the card).
 */
#ifndef HSM_RACE_LOAD_H
#define HSM_RACE_LOAD_H

#include <pthread.h>

#include "cluster_fixture.h"

#define CARDS		3	/* of a group; the last one has no clients, it comes and goes */
#define THREADS		8	/* two to a context */
#define FIRST_CTX	100
#define KEYS		24

struct worker {
	struct card *card;
	pthread_t thread;
	unsigned int n;
	uint32_t ctx;
	uint64_t seed;
	pthread_mutex_t lock;	/* of busy: whether m can be canceled */
	bool busy;
	atomic_uint doing;	/* opcode */
	atomic_bool lost;	/* its session is gone, which nothing but a new context mends */
	struct msg m;
};

/* What everybody shares. */
struct load {
	struct worker w[THREADS];
	atomic_ullong keys[KEYS];	/* of alice; 0: none. Who takes one out owns it. */
	atomic_uint operation;		/* the last one begun */
	atomic_ullong done, succeeded;	/* requests; those with success */
	atomic_uint wrong;
	atomic_uint tampered;		/* replies that said so */
	atomic_bool group, trouble;	/* the store fails now and then; a wipe is to come */
	atomic_bool stop;
};

extern struct load load;

/* A number below @sides. */
uint32_t dice(uint64_t *seed, uint32_t sides);
void complain(const char *who, const char *what, int result, uint32_t status);
/* A client's thread; @arg is its struct worker. Runs until load.stop. */
void *work(void *arg);
/* Sends w->m and waits. True for a reply, of whatever status. */
bool go(struct worker *w);
/* A session and a login. */
void enter(struct worker *w);

#endif /* HSM_RACE_LOAD_H */
