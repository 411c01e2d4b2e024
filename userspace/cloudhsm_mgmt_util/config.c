// SPDX-License-Identifier: GPL-2.0-or-later
/* config.c - the configuration file: which cards there are, and how they are called. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmu.h"

#define NAME_MAX_LEN	64

/* Where in the file a fault is; at < 0: not in a server. */
struct place {
	const char *path;
	int at;
};

static int fault(const struct place *p, const char *field, const char *what)
{
	fprintf(stderr, "cloudhsm_mgmt_util: %s: ", p->path);
	if (p->at >= 0)
		fprintf(stderr, "server %d: ", p->at);
	fprintf(stderr, "%s%s%s\n", field ? field : "", field ? " " : "", what);
	return CLI_USAGE;
}

/* Text without control characters, which could pass for lines of the tool. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (!len || len > NAME_MAX_LEN)
		return false;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\'')
			return false;
	return true;
}

static int read_text(const struct place *p, const json_t *obj, const char *field, char **out)
{
	const char *text = json_string_value(json_object_get(obj, field));

	if (!text)
		return fault(p, field, "is missing or no text");
	*out = strdup(text);
	return *out ? CLI_OK : fault(p, field, "does not fit in memory");
}

static int read_port(const struct place *p, const json_t *obj, uint32_t *port)
{
	const json_t *value = json_object_get(obj, "port");

	*port = 2225;
	if (!value)
		return CLI_OK;
	if (!json_is_integer(value) || json_integer_value(value) < 1 ||
	    json_integer_value(value) > 65535)
		return fault(p, "port", "is not a number from 1 to 65535");
	*port = (uint32_t)json_integer_value(value);
	return CLI_OK;
}

/* "enable": "no" leaves a server out. */
static int read_enable(const struct place *p, const json_t *obj, bool *enabled)
{
	const json_t *value = json_object_get(obj, "enable");
	const char *text = value ? json_string_value(value) : "yes";

	if (!text || (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0))
		return fault(p, "enable", "is neither \"yes\" nor \"no\"");
	*enabled = !strcmp(text, "yes");
	return CLI_OK;
}

static int check_new(const struct place *p, const struct cmu *cmu, const struct cmu_server *s)
{
	if (!is_name(s->name))
		return fault(p, "name", "is empty, too long or has characters that no name has");
	if (!is_name(s->hostname))
		return fault(p, "hostname", "is no path of a card, like /dev/hsm0");
	for (unsigned int i = 0; i < cmu->n; i++)
		if (!strcmp(cmu->servers[i].name, s->name))
			return fault(p, "name", "is that of another server");
	return CLI_OK;
}

static int read_server(struct cmu *cmu, const struct place *p, const json_t *obj)
{
	struct cmu_server s = { .index = cmu->n };
	bool enabled = false;
	int rc;

	if (!json_is_object(obj))
		return fault(p, NULL, "is no object { ... }");
	rc = read_text(p, obj, "name", &s.name);
	rc = rc ? rc : read_text(p, obj, "hostname", &s.hostname);
	rc = rc ? rc : read_port(p, obj, &s.port);
	rc = rc ? rc : read_enable(p, obj, &enabled);
	rc = rc ? rc : check_new(p, cmu, &s);
	if (!rc && enabled && cmu->n == CMU_SERVERS_MAX)
		rc = fault(p, NULL, "is one too many: at most 32 are used");
	if (!rc && enabled) {
		cmu->servers[cmu->n++] = s;
		return CLI_OK;
	}
	free(s.name);
	free(s.hostname);
	return rc;
}

static int read_servers(struct cmu *cmu, struct place *p, const json_t *list)
{
	size_t i;
	const json_t *obj;

	if (!json_is_array(list))
		return fault(p, "servers", "is missing or no list [ ... ]");
	json_array_foreach(list, i, obj) {
		int rc;

		p->at = (int)i;
		rc = read_server(cmu, p, obj);
		if (rc)
			return rc;
	}
	p->at = -1;
	return cmu->n ? CLI_OK : fault(p, "servers", "names no card that is enabled");
}

int cmu_config_read(struct cmu *cmu, const char *path)
{
	struct place p = { .path = path, .at = -1 };
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	int rc;

	if (!root && error.line < 0) {
		fprintf(stderr, "cloudhsm_mgmt_util: %s\n", error.text);
		return CLI_USAGE;
	}
	if (!root) {
		fprintf(stderr, "cloudhsm_mgmt_util: %s: line %d: %s\n", path, error.line,
			error.text);
		return CLI_USAGE;
	}
	rc = read_servers(cmu, &p, json_object_get(root, "servers"));
	json_decref(root);
	return rc;
}

void cmu_config_free(struct cmu *cmu)
{
	for (unsigned int i = 0; i < cmu->n; i++) {
		free(cmu->servers[i].name);
		free(cmu->servers[i].hostname);
	}
	cmu->n = 0;
}
