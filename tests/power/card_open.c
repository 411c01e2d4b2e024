// SPDX-License-Identifier: GPL-2.0-or-later
/* card_open.c - a card in a folder. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "card.h"
#include "posix.h"

bool card_open(struct client *c, const char *dir)
{
	char store[600], key_file[610];
	unsigned char key[32];
	struct stat st, key_st;
	bool made;

	snprintf(store, sizeof(store), "%s/store", dir);
	snprintf(key_file, sizeof(key_file), "%s.key", store);
	memset(c, 0, sizeof(*c));
	if (stat(key_file, &key_st) && !stat(store, &st) && st.st_size) {
		snprintf(c->err, sizeof(c->err), "the store is there, its key file is not");
		return false;
	}
	return posix_key_file(key_file, key, &made, c->err, sizeof(c->err)) &&
	       client_open_with(c, store, key, sizeof(key));
}
