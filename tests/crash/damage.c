// SPDX-License-Identifier: GPL-2.0-or-later
/* damage.c - records flipped, removed and put back behind the card's back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "check.h"
#include "client.h"

#define N_KEYS 5

/* The store as it was made, and the one that is tampered with. */
static char store[600];
static uint64_t handles[N_KEYS];
static struct request req;

struct record {
	int kind;
	uint64_t id;
	uint8_t data[8192];
	int len;
};

static sqlite3 *open_db(void)
{
	sqlite3 *db = NULL;

	check(sqlite3_open(store, &db) == SQLITE_OK, "sqlite: %s", sqlite3_errmsg(db));
	return db;
}

static void get_record(struct record *rec)
{
	sqlite3 *db = open_db();
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(db, "SELECT data FROM record WHERE kind = ? AND id = ?", -1, &stmt,
			   NULL);
	sqlite3_bind_int(stmt, 1, rec->kind);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)rec->id);
	if (check(sqlite3_step(stmt) == SQLITE_ROW, "record %d/%" PRIu64, rec->kind, rec->id)) {
		rec->len = sqlite3_column_bytes(stmt, 0);
		memcpy(rec->data, sqlite3_column_blob(stmt, 0), (size_t)rec->len);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* @rec->len 0 removes it. */
static void put_record(const struct record *rec)
{
	sqlite3 *db = open_db();
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(db, rec->len ? "REPLACE INTO record VALUES(?, ?, ?)" :
			   "DELETE FROM record WHERE kind = ? AND id = ?", -1, &stmt, NULL);
	sqlite3_bind_int(stmt, 1, rec->kind);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)rec->id);
	if (rec->len)
		sqlite3_bind_blob(stmt, 3, rec->data, rec->len, SQLITE_STATIC);
	check(sqlite3_step(stmt) == SQLITE_DONE, "sqlite: %s", sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static uint8_t *sound;
static size_t sound_len;

/* A card that was started writes: to be put right, the file takes back all its bytes. */
static void keep_store(void)
{
	struct stat st;
	FILE *f = fopen(store, "rb");

	check(f && !fstat(fileno(f), &st), "%s cannot be read", store);
	sound_len = (size_t)st.st_size;
	sound = realloc(sound, sound_len);
	check(fread(sound, 1, sound_len, f) == sound_len, "%s cannot be read", store);
	fclose(f);
}

static void put_right(void)
{
	FILE *f = fopen(store, "wb");

	check(f && fwrite(sound, 1, sound_len, f) == sound_len, "%s cannot be written", store);
	fclose(f);
}

static bool make_store(void)
{
	struct client c;
	char label[32];
	uint32_t rv;

	if (!check(client_open(&c, store), "%s", c.err))
		return false;
	rv = client_login(&c);
	check(!rv, "login: status 0x%x", rv);
	for (unsigned int i = 0; i < N_KEYS; i++) {
		snprintf(label, sizeof(label), "key-%u", i);
		client_begin_sym(&c, &req, HSM_KEY_AES, 32, label);
		check(!client_send(&c, &req), "key: status 0x%x", req.status);
		handles[i] = client_u64(&req, HSM_TAG_HANDLE);
	}
	client_close(&c);
	keep_store();
	return true;
}

static uint32_t damaged(struct client *c)
{
	struct tlv t;

	client_begin(c, &req, HSM_CMD_CARD_INFO);
	if (client_send(c, &req) || !client_find(&req, HSM_TAG_CARD, &t))
		return CLIENT_NO_REPLY;
	return get_le32(t.p + offsetof(struct hsm_card_info, damaged));
}

/* Key @bad answers that it is damaged, by name in the log; the others are served. */
static void served_but(unsigned int bad, int at)
{
	struct client c;
	char line[64];
	uint32_t rv;

	if (!check(client_open(&c, store), "byte %d: the store does not open: %s", at, c.err))
		return;
	rv = client_login(&c);
	check(!rv, "byte %d: login: status 0x%x", at, rv);
	for (unsigned int i = 0; i < N_KEYS; i++) {
		rv = client_attrs(&c, &req, handles[i]);
		check(rv == (i == bad ? HSM_RV_RECORD_DAMAGED : HSM_RV_SUCCESS),
		      "byte %d, key %u: status 0x%x", at, i, rv);
	}
	rv = client_delete(&c, &req, handles[bad]);
	check(rv == HSM_RV_RECORD_DAMAGED, "byte %d: delete: status 0x%x", at, rv);
	check(damaged(&c) == 1, "byte %d: %u damaged", at, damaged(&c));
	snprintf(line, sizeof(line), "key %" PRIu64 " is damaged", handles[bad]);
	check(strstr(c.log, line), "byte %d: the log does not name the record: %s", at, c.log);
	client_close(&c);
}

/* Bytes that each part of a record begins with: docs/store.md. */
static const struct {
	const char *name;
	int from, to;		/* below 0: from the end */
	int step;
} parts[] = {
	{ "version", 0, 1, 1 }, { "sequence number", 1, 9, 1 }, { "IV", 9, 21, 3 },
	{ "ciphertext", 21, -16, 17 }, { "tag", -16, 0, 3 },
};

static void flip_key(void)
{
	struct record rec = { 2, handles[2], { 0 }, 0 };

	get_record(&rec);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int from = parts[i].from + (parts[i].from < 0 ? rec.len : 0);
		int to = parts[i].to + (parts[i].to <= 0 ? rec.len : 0), n = 0;

		for (int at = from; at < to; at += parts[i].step, n++) {
			rec.data[at] ^= 1 << at % 8;
			put_record(&rec);
			served_but(2, at);
			rec.data[at] ^= 1 << at % 8;
			put_right();
		}
		end_case("a flipped byte in the %s of a key: refused, %d times", parts[i].name, n);
	}
}

/* The card does not start and says why. */
static void refuses(const char *what, const char *why)
{
	struct client c;

	if (check(!client_open(&c, store), "the store opens"))
		check(strstr(c.err, why), "it says \"%s\"", c.err);
	else
		client_close(&c);
	end_case("%s: refused (%s)", what, c.err);
}

static void starts_again(void)
{
	struct client c;

	if (!check(client_open(&c, store), "put right, it does not open: %s", c.err))
		return;
	check(!damaged(&c), "put right, it has damaged records");
	client_close(&c);
}

/* Tampers with one record, looks, and puts it right. */
static void tamper(int kind, uint64_t id, int flip_at, const char *what, const char *why)
{
	struct record rec = { kind, id, { 0 }, 0 }, bad;

	get_record(&rec);
	bad = rec;
	if (flip_at < 0)
		bad.len = 0;
	else
		bad.data[flip_at] ^= 0x20;
	put_record(&bad);
	refuses(what, why);
	put_right();
	starts_again();
}

static void whole_store(void)
{
	tamper(0, 0, 2, "a flipped byte in the header's magic", "header");
	tamper(0, 0, 20, "a flipped byte in the header's salt", "secret");
	tamper(0, 0, -1, "a header removed", "no header");
	tamper(0, 1, 30, "a flipped byte in the root", "root record");
	tamper(0, 1, -1, "a root removed", "root record");
	tamper(2, handles[1], -1, "a key removed", "removed");
	tamper(1, 3, -1, "a user removed", "removed");
}

static void swapped(void)
{
	struct record a = { 2, handles[0], { 0 }, 0 }, b = { 2, handles[1], { 0 }, 0 }, c;
	struct client card;

	get_record(&a);
	get_record(&b);
	c = a;
	memcpy(c.data, b.data, sizeof(c.data));
	c.len = b.len;
	put_record(&c);
	if (check(client_open(&card, store), "%s", card.err)) {
		check(damaged(&card) == 1, "%u damaged", damaged(&card));
		client_close(&card);
	}
	put_right();
	starts_again();
	end_case("a key in another key's place: refused");
}

static uint32_t login_as(struct client *c, const char *password)
{
	client_begin(c, &req, HSM_CMD_LOGIN);
	tlv_put_u32(&req.w, HSM_TAG_USER_TYPE, HSM_USER_CU);
	client_put_text(&req, HSM_TAG_USER_NAME, CLIENT_USER);
	client_put_text(&req, HSM_TAG_PASSWORD, password);
	return client_send(c, &req);
}

/* A wrong password counts; the old record would take that back. */
static void rolled_back(void)
{
	struct record old = { 1, 3, { 0 }, 0 }, new = { 1, 3, { 0 }, 0 };
	struct client c;

	put_right();
	get_record(&old);
	if (!check(client_open(&c, store), "%s", c.err))
		return;
	check(login_as(&c, "wrong password") == HSM_RV_LOGIN_FAILURE, "status 0x%x", req.status);
	client_close(&c);
	get_record(&new);
	put_record(&old);
	refuses("a user's record put back from before a wrong password", "older copy");
	put_record(&new);
	starts_again();
	keep_store();
}

static void flip_user(void)
{
	struct record rec = { 1, 3, { 0 }, 0 };
	struct client c;

	get_record(&rec);
	rec.data[40] ^= 4;
	put_record(&rec);
	if (check(client_open(&c, store), "%s", c.err)) {
		check(login_as(&c, CLIENT_PASSWORD) == HSM_RV_LOGIN_FAILURE, "status 0x%x",
		      req.status);
		check(strstr(c.log, "user 3 is damaged"), "the log says: %s", c.log);
		client_close(&c);
	}
	put_right();
	starts_again();
	end_case("a flipped byte in a user: does not log in");
}

/* Keys are served; none is made, since its handle might be taken. */
static void flip_card(void)
{
	struct record rec = { 0, 2, { 0 }, 0 };
	struct client c;

	get_record(&rec);
	rec.data[30] ^= 4;
	put_record(&rec);
	if (check(client_open(&c, store), "%s", c.err)) {
		check(!client_login(&c), "login");
		check(!client_attrs(&c, &req, handles[0]), "status 0x%x", req.status);
		client_begin_sym(&c, &req, HSM_KEY_AES, 32, "new");
		check(client_send(&c, &req) == HSM_RV_RECORD_DAMAGED, "status 0x%x", req.status);
		client_close(&c);
	}
	put_right();
	starts_again();
	end_case("a flipped byte in the card's record: keys are served, none is made");
}

void test_damage(const struct crash *cr)
{
	snprintf(store, sizeof(store), "%s/damage", cr->dir);
	if (!make_store()) {
		end_case("damage");
		return;
	}
	flip_key();
	swapped();
	whole_store();
	rolled_back();
	flip_user();
	flip_card();
	free(sound);
}
