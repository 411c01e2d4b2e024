// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clear.c - looks for secrets in the files of a store. The values come out of the
 * firmware's own tables in this process, every 8 bytes of them are looked for at
 * every place of every file.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "client.h"
#include "fw_int.h"

#define WINDOW 8

struct needles {
	uint64_t *v;
	size_t n, room;
};

static void add_needles(struct needles *ns, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i + WINDOW <= len; i++) {
		uint64_t w;

		if (ns->n == ns->room) {
			ns->room = ns->room ? ns->room * 2 : 4096;
			ns->v = realloc(ns->v, ns->room * sizeof(*ns->v));
		}
		memcpy(&w, p + i, WINDOW);
		ns->v[ns->n++] = w;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t hits_in(const struct needles *ns, const uint8_t *data, size_t len)
{
	size_t hits = 0;

	for (size_t i = 0; i + WINDOW <= len; i++) {
		uint64_t w;

		memcpy(&w, data + i, WINDOW);
		hits += bsearch(&w, ns->v, ns->n, sizeof(w), compare) != NULL;
	}
	return hits;
}

static size_t hits_in_file(const struct needles *ns, const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	uint8_t *data;
	size_t hits;

	if (!f || fstat(fileno(f), &st))
		return 0;
	data = malloc((size_t)st.st_size + 1);
	*bytes += fread(data, 1, (size_t)st.st_size, f);
	hits = hits_in(ns, data, (size_t)st.st_size);
	free(data);
	fclose(f);
	return hits;
}

/* Every file of the folder: the database, its log, whatever else there is. */
static size_t hits_in_folder(const struct needles *ns, const char *dir, size_t *bytes)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t hits = 0;
	char path[1024];

	*bytes = 0;
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_REG)
			hits += hits_in_file(ns, path, bytes);
	}
	if (d)
		closedir(d);
	return hits;
}

static void make_keys(struct client *c, struct needles *ns)
{
	static const struct { uint32_t type, len; } shapes[] = {
		{ HSM_KEY_AES, 16 }, { HSM_KEY_AES, 24 }, { HSM_KEY_AES, 32 }, { HSM_KEY_DES3, 24 },
		{ HSM_KEY_RC4, 256 }, { HSM_KEY_GENERIC, 3583 }, { HSM_KEY_GENERIC, 20 },
	};
	struct request r;
	char label[64];

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		snprintf(label, sizeof(label), "confidential-label-%zu", i);
		client_begin_sym(c, &r, shapes[i].type, shapes[i].len, label);
		check(!client_send(c, &r), "key of type %u: status 0x%x", shapes[i].type, r.status);
		add_needles(ns, label, strlen(label));
	}
	client_begin_rsa(c, &r, "confidential-label-rsa");
	check(!client_send(c, &r), "pair: status 0x%x", r.status);
}

/* The values as the firmware holds them, and the hashes of the passwords. */
static void take_secrets(struct client *c, struct needles *ns)
{
	size_t keys = 0;

	for (const struct object *o = c->fw->objects.first; o; o = o->next) {
		add_needles(ns, o->secret, o->secret_len);
		keys += o->secret_len > 0;
	}
	check(keys == 8, "%zu keys with a secret", keys);
	for (size_t i = 0; i < c->fw->users.n; i++)
		add_needles(ns, c->fw->users.v[i]->rec.hash, sizeof(c->fw->users.v[i]->rec.hash));
	add_needles(ns, CLIENT_SECRET, strlen(CLIENT_SECRET));
	add_needles(ns, CLIENT_PASSWORD, strlen(CLIENT_PASSWORD));
	add_needles(ns, CLIENT_USER, strlen(CLIENT_USER));
	qsort(ns->v, ns->n, sizeof(*ns->v), compare);
}

static void look(const struct needles *ns, const char *dir, const char *when)
{
	size_t bytes, hits = hits_in_folder(ns, dir, &bytes);

	check(!hits, "%zu places show a secret, %s", hits, when);
	check(bytes > 10000, "only %zu bytes to look at", bytes);
	end_case("no secret in the clear %s: %zu values looked for in %zu bytes", when, ns->n,
		 bytes);
}

/* The search finds what is there: the header, and a value written out by hand. */
static void control(const struct needles *ns, const char *dir)
{
	struct needles header = { NULL, 0, 0 };
	size_t bytes;
	char path[600];
	FILE *f;

	add_needles(&header, "HSMS\1\0\0\0", 8);
	check(hits_in_folder(&header, dir, &bytes) > 0, "the header is not found");
	free(header.v);
	snprintf(path, sizeof(path), "%s/planted", dir);
	f = fopen(path, "w");
	fprintf(f, "xxx");
	fwrite(&ns->v[ns->n / 2], 1, WINDOW, f);
	fclose(f);
	check(hits_in_folder(ns, dir, &bytes) == 1, "a planted value is not found");
	unlink(path);
	end_case("the search finds what is there");
}

void test_clear(const struct crash *cr)
{
	struct needles ns = { NULL, 0, 0 };
	char dir[512], store[600];
	struct client c;
	uint32_t rv;

	snprintf(dir, sizeof(dir), "%s/clear", cr->dir);
	snprintf(store, sizeof(store), "%s/store", dir);
	mkdir(dir, 0700);
	if (!check(client_open(&c, store), "%s", c.err)) {
		end_case("no secret in the clear");
		return;
	}
	rv = client_login(&c);
	check(!rv, "login: status 0x%x", rv);
	make_keys(&c, &ns);
	take_secrets(&c, &ns);
	look(&ns, dir, "while open");
	control(&ns, dir);
	client_close(&c);
	look(&ns, dir, "after closing");
	free(ns.v);
}
