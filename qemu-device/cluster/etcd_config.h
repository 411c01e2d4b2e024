/* SPDX-License-Identifier: GPL-2.0-or-later */
/* etcd_config.h - the file that says where a cluster's etcd is. */
#ifndef HSM_ETCD_CONFIG_H
#define HSM_ETCD_CONFIG_H

#include <stddef.h>

#define ETCD_ENDPOINTS_MAX	16

struct etcd_config {
	char *endpoints[ETCD_ENDPOINTS_MAX];	/* "https://host:port" */
	unsigned int n_endpoints;
	char *prefix;				/* begins and ends with '/' */
	char *ca, *cert, *key;			/* paths or NULL */
	char *user, *password;			/* or NULL */
	unsigned int lease_s;
	unsigned int timeout_ms;
};

/* 0, or -1 with a line in @err that names the file and the field; @cfg is empty then. */
int etcd_config_read(struct etcd_config *cfg, const char *path, char *err, size_t err_len);
void etcd_config_free(struct etcd_config *cfg);

#endif /* HSM_ETCD_CONFIG_H */
