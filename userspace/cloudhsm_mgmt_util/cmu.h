/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmu.h - what the command families of cloudhsm_mgmt_util share. */
#ifndef CMU_H
#define CMU_H

#include "cli.h"
#include "hsm.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define CMU_SERVERS_MAX	32

/* A card as the configuration names it. hsm is NULL while there is no connection. */
struct cmu_server {
	unsigned int index;	/* its number, in the order of the configuration */
	char *name;		/* what is printed */
	char *hostname;		/* path of the card */
	uint32_t port;		/* printed only */
	struct hsm *hsm;
	uint32_t session;
	uint8_t cluster[16];	/* of cmu_clusters(): its id, zero for a card on its own */
	uint32_t node;
};

/* What the tool holds while it runs. */
struct cmu {
	struct cmu_server servers[CMU_SERVERS_MAX];
	unsigned int n;
	int current;		/* server mode: its index; -1 = all servers */
	bool yes;		/* -y: cautions are answered with y, failures abort */
	bool classic;		/* KMU_OUTPUT=classic: the older wording of the caution */
	bool connected;		/* the start block was printed */
	char prompt[32];
};

/*
 * Servers that a command is for: the one of server mode, else all that are connected.
 * Walk them with
 *	for (s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s))
 */
struct cmu_server *cmu_next(struct cmu *cmu, const struct cmu_server *s);
unsigned int cmu_count(struct cmu *cmu);

/* Learns of each server in scope to which cluster it belongs. */
void cmu_clusters(struct cmu *cmu);
bool cmu_same_cluster(const struct cmu_server *a, const struct cmu_server *b);

/* The server @index, or NULL with a line printed if there is none or it is not connected. */
struct cmu_server *cmu_server(struct cmu *cmu, uint32_t index);

/* For commands that exist in one mode only: false with a line printed in the other. */
bool cmu_server_mode(const struct cmu *cmu, const char *op, bool wanted);

/* A failure that the job has told about itself; no "<op> failed: ..." line follows. */
#define CMU_TOLD	(-0x10000)

#define CMU_QUIET	0x1	/* no "<op> success on server ..." line */
#define CMU_ROLLBACK	0x2	/* failure asks R/B/I (roll back), not R/I/A */
#define CMU_NO_ASK	0x4	/* failure asks nothing, the other servers follow */
#define CMU_CHANGE	0x8	/* of what clusters share: one member does it for all */

/* What cmu_each() does on every server. */
struct cmu_job {
	const char *op;		/* "createUser" */
	const char *failing;	/* "creating user": "creating user on server 0(10.0.2.9) failed";
				   NULL = "<op> failed on server 0(10.0.2.9)" */
	unsigned int flags;	/* CMU_* */
	const struct cli_args *args;	/* names the refused argument; NULL = no such line */
	/*
	 * Does it on @s, printing what answers the command but not the success line.
	 * Returns as libhsm does, with @res filled, or CMU_TOLD.
	 */
	int (*run)(struct cmu_server *s, void *arg, struct hsm_result *res);
	/* CMU_ROLLBACK: undoes it on a server where it was done. Returns as run. */
	int (*undo)(struct cmu_server *s, void *arg, struct hsm_result *res);
	/* CMU_CHANGE, or NULL: prints what run would, on a server where another one did it. */
	void (*tell)(struct cmu_server *s, void *arg);
	void *arg;
};

/*
 * Runs the job on each server in scope, in order; with CMU_CHANGE only until one of a cluster
 * has done it, whose reply tells of the others:
 *	<op> success on server 0(10.0.2.9)
 * or
 *	<op> failed: <text of the status>
 *	<op> failed on server 0(10.0.2.9)
 *	<empty>
 *	Retry/Ignore/Abort?(R/I/A):
 * Returns CLI_OK, or the exit code of the first failure that no retry has mended.
 */
int cmu_each(struct cmu *cmu, const struct cmu_job *job);

/* The two failure lines of a server, for what does not go through cmu_each(). CLI_*. */
int cmu_failed(const struct cmu_job *job, const struct cmu_server *s,
	       const struct hsm_result *res);

/*
 * The caution block and its question. True for y; false, with nothing more to do, for
 * n and at the end of the input: the command then returns CLI_FAILED.
 */
bool cmu_caution(const struct cmu *cmu);

/*
 * The password of a row with CMU_OPT_PASSWORD, CMU_OPT_HPSWD: the word, or asked for (@twice: and asked
 * again). @buf holds CMU_PASSWORD_ROOM bytes and is wiped by the caller. CLI_OK, or
 * CLI_USAGE with a line printed.
 */
#define CMU_PASSWORD_ROOM	256
int cmu_password(const struct cli_args *a, bool twice, char *buf, size_t *len);

/* Rows of options that several commands have. */
#define CMU_OPT_USER_TYPE(list) \
	{ .name = "<user-type>", .kind = CLI_NAME, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "User type", .choices = (list), .tag = HSM_TAG_USER_TYPE, \
	  .help = "Type of the user, case-sensitive." }
#define CMU_OPT_USER_NAME \
	{ .name = "<user-name>", .kind = CLI_TEXT, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "User name", .min = 1, .max = HSM_NAME_MAX, .tag = HSM_TAG_USER_NAME, \
	  .help = "Name of the user." }
#define CMU_OPT_PASSWORD \
	{ .name = "<password>", .kind = CLI_SECRET, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "Password", .instead = "-hpswd", .tag = HSM_TAG_PASSWORD, \
	  .help = "7 to 32 characters." }
#define CMU_OPT_HPSWD \
	{ .name = "-hpswd", .kind = CLI_FLAG, .what = "Hidden password", \
	  .help = "In place of the password: asks for it and does not show it." }
#define CMU_OPT_HANDLE \
	{ .name = "<key-handle>", .kind = CLI_HANDLE, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "Key handle", .tag = HSM_TAG_HANDLE, .help = "Handle of the key." }

/* Headings of help. */
#define CMU_SERVERS	"Servers"
#define CMU_USERS	"Users"
#define CMU_KEYS	"Keys"
#define CMU_QUORUM	"Quorum"

/* CU, CO, AU, PCO, PRECO and preCO, which are one. */
extern const struct cli_choice cmu_user_types[];
/* Short name of a user type; "?" for an unknown one. */
const char *cmu_user_type(uint32_t type);

/* Configuration: 0, or CLI_USAGE with a line on standard error. */
int cmu_config_read(struct cmu *cmu, const char *path);
void cmu_config_free(struct cmu *cmu);

/* Opens all servers once, printing the start block. CLI_OK if at least one is connected. */
int cmu_connect(void *ctx);
void cmu_disconnect(struct cmu *cmu);

/* The prompt of the mode that the tool is in. */
void cmu_set_mode(struct cmu *cmu, int current);

extern const struct cli_tool cmu_tool;

/* cmd_login.c, cmd_user.c, cmd_server.c, cmd_info.c */
extern const struct cli_cmd cmu_login, cmu_logout;
extern const struct cli_cmd cmu_create_user, cmu_delete_user, cmu_change_pswd, cmu_list_users;
extern const struct cli_cmd cmu_server_cmd, cmu_exit, cmu_quit, cmu_help, cmu_e2e;
extern const struct cli_cmd cmu_hsm_info, cmu_info, cmu_zeroize;
/* cmd_key.c, cmd_attr.c, cmd_sync.c, cmd_cert.c */
extern const struct cli_cmd cmu_find_all, cmu_key_info, cmu_share;
extern const struct cli_cmd cmu_get_attr, cmu_set_attr, cmu_list_attrs;
extern const struct cli_cmd cmu_sync_key, cmu_sync_user, cmu_get_cert;
/* cmd_token.c, cmd_audit.c */
extern const struct cli_cmd cmu_register, cmu_get_token, cmu_approve, cmu_list_tokens;
extern const struct cli_cmd cmu_del_token, cmu_set_m, cmu_get_m, cmu_audit_log;

#endif /* CMU_H */
