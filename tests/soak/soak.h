/* SPDX-License-Identifier: GPL-2.0-or-later */
/* soak.h - what the processes of the soak share: a file that all of them map. */
#ifndef HSM_SOAK_H
#define HSM_SOAK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SOAK_FILE	"/tmp/soak.shared"
#define SOAK_KEYS	64

struct soak {
	atomic_ullong keys[SOAK_KEYS];	/* that the card has reported; 0: none */
	atomic_ulong done, refused, gone;	/* commands, by what came of them */
	atomic_ulong locked;		/* times that an account was found locked */
	atomic_uint wrong;		/* answers that nothing explains */
	char text[256];			/* the last of them */
};

/* NULL if it cannot be made or mapped. */
struct soak *soak_map(void);

/* A client: works until @soak's process kills it. */
void client_main(struct soak *s, uint64_t seed);

/* Makes the account at which passwords are guessed; 0 or an error. */
int client_victim(void);
/* 0, or the number of keys of @s that the card does not have whole; @n were looked for. */
int client_check(struct soak *s, unsigned int *n);
/* The audit log into a file for hsm_audit; 0 or an error. */
int client_audit(const char *path);

/* Below @sides. */
static inline uint32_t soak_dice(uint64_t *seed, uint32_t sides)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % sides);
}

#endif /* HSM_SOAK_H */
