// SPDX-License-Identifier: GPL-2.0-or-later
/* print.c - audit records in the form of the vendor's log. */
#include <inttypes.h>
#include <time.h>

#include "log.h"

struct name {
	uint32_t number;
	const char *text;
};

#define OP(name, number)	{ number, "CN_" #name },
#define NUMBERED(number, name)	{ number, #name },
#define STATUS(name, number, text) { number, text },

static const struct name op_names[] = { HSM_AUDIT_OP_TABLE(OP) { 0, NULL } };
static const struct name log_names[] = { HSM_AUDIT_LOG_TABLE(NUMBERED) { 0, NULL } };
static const struct name user_names[] = { HSM_AUDIT_USER_TABLE(NUMBERED) { 0, NULL } };
static const struct name status_names[] = { HSM_STATUS_TABLE(STATUS) { 0, NULL } };

static const char *name_of(const struct name *t, uint32_t number)
{
	for (; t->text; t++) {
		if (t->number == number)
			return t->text;
	}
	return "unknown";
}

static void print_time(FILE *out, uint64_t us)
{
	time_t s = (time_t)(us / 1000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%m/%d/%y %H:%M:%S", &tm);
	fprintf(out, "Time: %s.%06u, usecs:%" PRIu64 "\n", text, (unsigned int)(us % 1000000), us);
}

/* A name that somebody tried to log in by may hold anything. */
static void print_name(FILE *out, const uint8_t *name)
{
	fputs("User Name : ", out);
	for (; *name; name++) {
		if (*name < ' ' || *name > '~' || *name == '\\')
			fprintf(out, "\\x%02x", *name);
		else
			fputc(*name, out);
	}
	fputc('\n', out);
}

void log_print(FILE *out, const struct hsm_audit_rec *rec)
{
	print_time(out, rec->time_us);
	fprintf(out,
		"Sequence No : 0x%" PRIx64 "\n"
		"Reboot counter : 0x%x\n"
		"Command Type(hex) : %s (0x%x)\n"
		"Opcode : %s (0x%x)\n"
		"Session Handle : 0x%x\n"
		"Response : %u:%s\n"
		"Log type : %s (%u)\n",
		(uint64_t)rec->sequence, rec->reboot,
		rec->command_type == HSM_AUDIT_MGMT_CMD ? "CN_MGMT_CMD" : "unknown",
		rec->command_type, name_of(op_names, rec->opcode), rec->opcode, rec->session,
		rec->status, name_of(status_names, rec->status),
		name_of(log_names, rec->log_type), rec->log_type);
	if (rec->log_type == HSM_AUDIT_KEY)
		fprintf(out, "Priv/Secret Key Handle : %" PRIu64 "\n"
			"Public Key Handle : %" PRIu64 "\n",
			(uint64_t)rec->handle, (uint64_t)rec->handle_public);
	if (rec->log_type == HSM_AUDIT_USER) {
		print_name(out, rec->user_name);
		fprintf(out, "User Type : %s (%u)\n", name_of(user_names, rec->user_type),
			rec->user_type);
	}
}
