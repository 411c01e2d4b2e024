// SPDX-License-Identifier: GPL-2.0-or-later
/* cluster_host.c - what hosts of cards share: the word of an operator about a cluster. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cluster_host.h"
#include "hsm/hsm_cmd.h"

#define NAME_MAX_LEN	63
#define POLL_MS		10

static bool refuse(char *err, size_t err_len, const char *fmt, const char *word)
{
	if (err_len)
		snprintf(err, err_len, fmt, word);
	return false;
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

static bool open_none(const char *arg, struct cluster **cl, bool *leave, char *err, size_t len)
{
	(void)cl;
	(void)leave;
	return !arg || refuse(err, len, "cluster=none takes no ':%s'", arg);
}

static bool open_leave(const char *arg, struct cluster **cl, bool *leave, char *err, size_t len)
{
	(void)cl;
	*leave = true;
	return !arg || refuse(err, len, "cluster=leave takes no ':%s'", arg);
}

static bool open_group(const char *arg, struct cluster **cl, bool *leave, char *err, size_t len)
{
	(void)leave;
	if (arg && (!*arg || strlen(arg) > NAME_MAX_LEN || !printable(arg)))
		return refuse(err, len, "cluster=group:%.80s: the name has 1 to 63 printable characters",
			      arg);
	*cl = cluster_group_open(arg ? arg : "default");
	return *cl || refuse(err, len, "cluster=group: out of memory%s", "");
}

static bool open_etcd(const char *arg, struct cluster **cl, bool *leave, char *err, size_t len)
{
	(void)leave;
	if (!arg || !*arg)
		return refuse(err, len, "cluster=etcd needs a file, as cluster=etcd:FILE%s", "");
	*cl = cluster_etcd_open(arg, err, len);
	return *cl;
}

bool posix_cluster_open(const char *word, struct cluster **cl, bool *leave, char *err,
			size_t err_len)
{
	static const struct {
		const char *name;
		bool (*open)(const char *arg, struct cluster **cl, bool *leave, char *err,
			     size_t err_len);
	} engines[] = {
		{ "none", open_none }, { "leave", open_leave }, { "group", open_group },
		{ "etcd", open_etcd },
	};
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);

	*cl = NULL;
	*leave = false;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (len == strlen(engines[i].name) && !memcmp(word, engines[i].name, len))
			return engines[i].open(colon ? colon + 1 : NULL, cl, leave, err, err_len);
	return refuse(err, err_len, "cluster='%.80s' is not known, use 'none', 'leave', "
		      "'group[:NAME]', 'etcd:FILE'", word);
}

void posix_cluster_close(struct cluster *cl)
{
	if (cl)
		cl->ops->close(cl);
}

bool posix_address_check(const char *address, char *err, size_t err_len)
{
	size_t max = sizeof(((struct hsm_member *)0)->address) - 1;

	if (!address)
		return true;
	if (!*address || strlen(address) > max)
		return refuse(err, err_len, "address='%.80s' has to have 1 to 63 characters", address);
	return printable(address) ||
	       refuse(err, err_len, "address= has to be of printable characters%s", "");
}

uint32_t posix_cluster_wait(struct fw *fw, unsigned int ms, char *why, size_t why_len)
{
	const struct timespec nap = { 0, POLL_MS * 1000000L };
	unsigned int waited;
	uint32_t state;

	for (waited = 0;; waited += POLL_MS) {
		state = fw_membership(fw, why, why_len);
		if (state != HSM_MEMBERSHIP_JOINING || waited >= ms)
			return state;
		nanosleep(&nap, NULL);
	}
}
