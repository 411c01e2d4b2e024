// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_config.c - the file that says where a cluster's etcd is. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etcd_config.h"

#define TEXT_MAX	1024

struct reading {
	struct etcd_config *cfg;
	const char *path;
	char *err;
	size_t err_len;
};

static int fault(const struct reading *r, const char *field, const char *what)
{
	snprintf(r->err, r->err_len, "%s: %s%s%s", r->path, field, *field ? " " : "", what);
	return -1;
}

static bool is_printable(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text;
}

static int take_text(const struct reading *r, const char *field, const json_t *value, char **out)
{
	const char *text = json_string_value(value);

	if (!text || !*text || strlen(text) != json_string_length(value))
		return fault(r, field, "is no text");
	if (strlen(text) > TEXT_MAX)
		return fault(r, field, "is too long");
	*out = strdup(text);
	return *out ? 0 : fault(r, field, "does not fit in memory");
}

static int take_number(const struct reading *r, const char *field, const json_t *value,
		       unsigned int least, unsigned int most, unsigned int *out)
{
	char what[64];

	if (json_is_integer(value) && json_integer_value(value) >= least &&
	    json_integer_value(value) <= most) {
		*out = (unsigned int)json_integer_value(value);
		return 0;
	}
	snprintf(what, sizeof(what), "is not a number from %u to %u", least, most);
	return fault(r, field, what);
}

/* "https://host:port", nothing more. */
static bool is_endpoint(const char *url)
{
	const char *host, *port;
	char *end;
	long n;

	if (!is_printable(url))
		return false;
	if (!strncmp(url, "https://", 8))
		host = url + 8;
	else if (!strncmp(url, "http://", 7))
		host = url + 7;
	else
		return false;
	port = strrchr(host, ':');
	if (!port || port == host || host[strcspn(host, "/@?#\\")])
		return false;
	if (port[1] < '0' || port[1] > '9')
		return false;
	n = strtol(port + 1, &end, 10);
	return !*end && n > 0 && n < 65536;
}

static int take_endpoints(const struct reading *r, const char *field, const json_t *list)
{
	struct etcd_config *cfg = r->cfg;
	size_t i;
	const json_t *value;

	if (!json_is_array(list) || !json_array_size(list))
		return fault(r, field, "is no list [ \"https://host:port\", ... ]");
	if (json_array_size(list) > ETCD_ENDPOINTS_MAX)
		return fault(r, field, "has more than 16 entries");
	json_array_foreach(list, i, value) {
		char **url = &cfg->endpoints[cfg->n_endpoints];

		if (take_text(r, field, value, url))
			return -1;
		cfg->n_endpoints++;
		if (!is_endpoint(*url))
			return fault(r, field, "has an entry that is not https://host:port or http://host:port");
	}
	return 0;
}

static int take_prefix(const struct reading *r, const char *field, const json_t *value)
{
	char *p;

	if (take_text(r, field, value, &r->cfg->prefix))
		return -1;
	p = r->cfg->prefix;
	if (!is_printable(p) || *p != '/' || p[strlen(p) - 1] != '/' || strlen(p) > 256)
		return fault(r, field, "is not like /hsm/name/, at most 256 printable characters");
	return 0;
}

static int take_file(const struct reading *r, const char *field, const json_t *value, char **out)
{
	char what[96];

	if (take_text(r, field, value, out))
		return -1;
	if (!access(*out, R_OK))
		return 0;
	snprintf(what, sizeof(what), "names a file that cannot be read: %s", strerror(errno));
	return fault(r, field, what);
}

/* The first line of @file, in what is wiped when it is given up. */
static int read_line(int fd, char **out)
{
	char buf[TEXT_MAX + 1];
	ssize_t n = read(fd, buf, sizeof(buf));
	int rc = -1;

	if (n > 0 && n <= TEXT_MAX) {
		buf[n] = 0;
		buf[strcspn(buf, "\r\n")] = 0;
		if (*buf) {
			*out = strdup(buf);
			rc = *out ? 0 : -1;
		}
	}
	explicit_bzero(buf, sizeof(buf));
	return rc;
}

static int take_password(const struct reading *r, const char *field, const json_t *value)
{
	char *path = NULL;
	struct stat st;
	int fd, rc = -1;

	if (take_file(r, field, value, &path)) {
		free(path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		fault(r, field, "names a file that cannot be read");
	else if (st.st_mode & 007)
		fault(r, field, "names a file that everybody may use: chmod 600 it");
	else if (read_line(fd, &r->cfg->password))
		fault(r, field, "names a file whose first line is no password");
	else
		rc = 0;
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

static int take_field(const struct reading *r, const char *field, const json_t *value)
{
	struct etcd_config *cfg = r->cfg;
	const struct { const char *name; char **path; } files[] = {
		{ "ca", &cfg->ca }, { "cert", &cfg->cert }, { "key", &cfg->key },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(field, files[i].name))
			return take_file(r, field, value, files[i].path);
	if (!strcmp(field, "endpoints"))
		return take_endpoints(r, field, value);
	if (!strcmp(field, "prefix"))
		return take_prefix(r, field, value);
	if (!strcmp(field, "user"))
		return take_text(r, field, value, &cfg->user);
	if (!strcmp(field, "password_file"))
		return take_password(r, field, value);
	if (!strcmp(field, "lease_s"))
		return take_number(r, field, value, 2, 600, &cfg->lease_s);
	if (!strcmp(field, "timeout_ms"))
		return take_number(r, field, value, 100, 600000, &cfg->timeout_ms);
	return fault(r, field, "is no field of a cluster file");
}

static int check_whole(const struct reading *r)
{
	const struct etcd_config *cfg = r->cfg;
	bool tls = cfg->ca || cfg->cert || cfg->key;

	if (!cfg->n_endpoints)
		return fault(r, "endpoints", "is missing");
	if (!cfg->prefix)
		return fault(r, "prefix", "is missing");
	if (!cfg->cert != !cfg->key)
		return fault(r, cfg->cert ? "key" : "cert", "is missing");
	if (!cfg->user != !cfg->password)
		return fault(r, cfg->user ? "password_file" : "user", "is missing");
	for (unsigned int i = 0; tls && i < cfg->n_endpoints; i++)
		if (strncmp(cfg->endpoints[i], "https:", 6) != 0)
			return fault(r, "endpoints",
				     "has an http: entry, which ca, cert and key do not protect");
	return 0;
}

static int take_all(const struct reading *r, json_t *root)
{
	const char *field;
	json_t *value;

	if (!json_is_object(root))
		return fault(r, "", "is no object { ... }");
	json_object_foreach(root, field, value)
		if (take_field(r, is_printable(field) ? field : "?", value))
			return -1;
	return check_whole(r);
}

int etcd_config_read(struct etcd_config *cfg, const char *path, char *err, size_t err_len)
{
	struct reading r = { cfg, path, err, err_len };
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	int rc;

	*cfg = (struct etcd_config){ .lease_s = 5, .timeout_ms = 5000 };
	if (!root && error.line < 0)
		snprintf(err, err_len, "%s", error.text);
	else if (!root)
		snprintf(err, err_len, "%s: line %d: %s", path, error.line, error.text);
	if (!root)
		return -1;
	rc = take_all(&r, root);
	json_decref(root);
	if (rc)
		etcd_config_free(cfg);
	return rc;
}

void etcd_config_free(struct etcd_config *cfg)
{
	for (unsigned int i = 0; i < cfg->n_endpoints; i++)
		free(cfg->endpoints[i]);
	free(cfg->prefix);
	free(cfg->ca);
	free(cfg->cert);
	free(cfg->key);
	free(cfg->user);
	if (cfg->password)
		explicit_bzero(cfg->password, strlen(cfg->password));
	free(cfg->password);
	*cfg = (struct etcd_config){ 0 };
}
