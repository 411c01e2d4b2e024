// SPDX-License-Identifier: GPL-2.0-or-later
/* member_key.c - names in the kv: each thing has exactly one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member_key.h"

static const char note_letter[CLUSTER_NOTES] = { [CLUSTER_CARD] = 'm', [CLUSTER_ALIVE] = 'a' };

void member_record_key(char key[MEMBER_KEY_SIZE], enum store_kind kind, uint64_t id)
{
	snprintf(key, MEMBER_KEY_SIZE, "r/%x/%016llx", (unsigned int)kind & 0xf,
		 (unsigned long long)id);
}

void member_note_key(char key[MEMBER_KEY_SIZE], enum cluster_note note, uint32_t node)
{
	snprintf(key, MEMBER_KEY_SIZE, "%c/%u", note_letter[note], (unsigned int)node);
}

/* Whatever the numbers were read as: only the name that they would be given counts. */
static bool record_name(const char *key, struct member_name *name)
{
	char again[MEMBER_KEY_SIZE];

	if (strncmp(key, MEMBER_RECORDS, strlen(MEMBER_RECORDS)) != 0 || !key[2] || !key[3])
		return false;
	name->thing = MEMBER_RECORD;
	name->kind = (enum store_kind)strtoul((char[]){ key[2], 0 }, NULL, 16);
	name->id = strtoull(key + 4, NULL, 16);
	member_record_key(again, name->kind, name->id);
	return !strcmp(key, again);
}

static bool note_name(const char *key, struct member_name *name)
{
	char again[MEMBER_KEY_SIZE];

	if (key[0] == '\0' || key[1] != '/')
		return false;
	name->thing = MEMBER_NOTE;
	name->note = key[0] == note_letter[CLUSTER_CARD] ? CLUSTER_CARD : CLUSTER_ALIVE;
	name->node = (uint32_t)strtoull(key + 2, NULL, 10);
	member_note_key(again, name->note, name->node);
	return !strcmp(key, again);
}

struct member_name member_name_of(const char *key)
{
	struct member_name name = { .thing = MEMBER_CLAIM };

	if (!strcmp(key, MEMBER_SEEDING) || record_name(key, &name) || note_name(key, &name))
		return name;
	return (struct member_name){ .thing = MEMBER_OTHER };
}
