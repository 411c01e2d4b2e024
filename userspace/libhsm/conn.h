/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conn.h - how libhsm's messages travel: a table of functions, so that tests and
 * fuzzers put another card behind the same library.
 */
#ifndef HSM_CONN_H
#define HSM_CONN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Callbacks may be called from several threads at once, but for close.
 *
 * exec: carries @in (@in_len bytes) and waits for the reply, of which at most
 *	*out_len bytes are written to @out. 0 with *out_len set to the bytes written,
 *	-ENOSPC with *out_len set to the room needed (nothing was changed), or -errno.
 *	@timeout_ms: 0 = the transport's default. @cookie is for cancel.
 * cancel: asks the commands with @cookie to end. 0, -ENOENT without any, or -errno.
 * close: ends the connection and frees @conn.
 */
struct hsm_conn_ops {
	int (*exec)(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		    uint32_t timeout_ms, uint64_t cookie);
	int (*cancel)(void *conn, uint64_t cookie);
	void (*close)(void *conn);
};

#endif /* HSM_CONN_H */
