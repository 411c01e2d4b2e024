// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * approval.c - reads an approval file: lines "<field> = <value>;" in a fixed order, with
 * comments from # to the end of the line.
 */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "infile.h"

#define FILE_MAX	65536	/* bytes of an approval file */

struct parser {
	const char *path;
	unsigned int line;
	size_t next;		/* fields that were read */
	size_t wanted;		/* approvals that the file announces */
	char tokens[PATH_MAX];	/* where the token is */
	struct approvals *f;
	char *error;
	size_t error_len;
};

/* Says what is wrong, after the name of the file and the number of the line. */
__attribute__((format(printf, 2, 3)))
static bool wrong(const struct parser *p, const char *form, ...)
{
	va_list ap;
	int n = snprintf(p->error, p->error_len, "%s:%u: ", p->path, p->line);

	va_start(ap, form);
	if (n > 0 && (size_t)n < p->error_len)
		vsnprintf(p->error + n, p->error_len - (size_t)n, form, ap);
	va_end(ap);
	return false;
}

static bool read_number(const struct parser *p, const char *field, const char *value,
			unsigned long max, unsigned long *number)
{
	char *end;

	*number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || !*number || *number > max)
		return wrong(p, "%s is \"%s\", not a number from 1 to %lu.", field, value, max);
	return true;
}

/* The file that @value names. */
static bool load(const struct parser *p, const char *field, const char *value, size_t max,
		 struct hsm_bytes *data)
{
	char why[80];

	if (!*value)
		return wrong(p, "%s is empty.", field);
	if (in_load(value, 1, max, data, why, sizeof(why)))
		return true;
	return wrong(p, "%s: \"%s\" %s.", field, value, why);
}

static bool take_tokens(struct parser *p, const char *field, const char *value)
{
	const size_t one = sizeof(struct hsm_token);

	if (!load(p, field, value, HSM_TOKEN_FILE_MAX, &p->f->tokens))
		return false;
	if (p->f->tokens.len % one)
		return wrong(p, "%s: \"%s\" is no token file: %zu bytes.", field, value,
			     p->f->tokens.len);
	snprintf(p->tokens, sizeof(p->tokens), "%s", value);
	return true;
}

static bool take_token(struct parser *p, const char *field, const char *value)
{
	if (!*value || !strcmp(value, p->tokens))
		return true;
	return wrong(p, "%s is \"%s\", another file than that of the tokens: \"%s\".", field,
		     value, p->tokens);
}

static bool take_number(struct parser *p, const char *field, const char *value)
{
	unsigned long n;

	if (!read_number(p, field, value, HSM_M_VALUE_MAX, &n))
		return false;
	p->wanted = n;
	return true;
}

static bool take_type(struct parser *p, const char *field, const char *value)
{
	struct approval *a = &p->f->list[p->f->n];

	if (!strcmp(value, "1"))
		a->type = HSM_USER_CU;
	else if (!strcmp(value, "2"))
		a->type = HSM_USER_CO;
	else
		return wrong(p, "%s is \"%s\", neither 2 (CO) nor 1 (CU).", field, value);
	return true;
}

static bool take_name(struct parser *p, const char *field, const char *value)
{
	struct approval *a = &p->f->list[p->f->n];

	if (!*value)
		return wrong(p, "%s is empty.", field);
	if (strlen(value) >= sizeof(a->name))
		return wrong(p, "%s \"%s\" is longer than %d characters.", field, value,
			     HSM_NAME_MAX);
	memcpy(a->name, value, strlen(value) + 1);
	return true;
}

/* The last field of an approval. */
static bool take_signature(struct parser *p, const char *field, const char *value)
{
	if (!load(p, field, value, HSM_QUORUM_RSA_BITS / 8, &p->f->list[p->f->n].signature))
		return false;
	p->f->n++;
	return true;
}

/* The first three once, the others for each approval. */
static const struct {
	const char *name;
	bool (*take)(struct parser *p, const char *field, const char *value);
} fields[] = {
	{ "Multi Token File Path", take_tokens },
	{ "Token File Path", take_token },
	{ "Number of Approvals", take_number },
	{ "Approver Type", take_type },
	{ "Approver Name", take_name },
	{ "Approval File", take_signature },
};

#define ONCE	3
#define EACH	3

static size_t field_index(const struct parser *p)
{
	return p->next < ONCE ? p->next : ONCE + (p->next - ONCE) % EACH;
}

static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* Takes the semicolon off the end of @value. */
static bool take_end(char *value)
{
	size_t len = strlen(value);

	if (!len || value[len - 1] != ';')
		return false;
	value[len - 1] = '\0';
	return true;
}

static bool read_line(struct parser *p, char *line)
{
	const size_t i = field_index(p);
	char *value, *name;

	line[strcspn(line, "#")] = '\0';
	name = trim(line);
	if (!*name)
		return true;
	value = strchr(name, '=');
	if (!value)
		return wrong(p, "\"%s\" is not of the form <field> = <value>;", name);
	*value++ = '\0';
	name = trim(name);
	value = trim(value);
	if (p->next >= ONCE && p->f->n == p->wanted)
		return wrong(p, "%s stands after the last of %zu approvals.", name, p->wanted);
	if (strcmp(name, fields[i].name) != 0)
		return wrong(p, "%s stands where %s belongs.", name, fields[i].name);
	if (!take_end(value))
		return wrong(p, "%s does not end with a semicolon.", name);
	p->next++;
	return fields[i].take(p, name, trim(value));
}

static bool read_lines(struct parser *p, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		p->line++;
		if (!read_line(p, line))
			return false;
	}
	if (p->next >= ONCE && p->f->n == p->wanted)
		return true;
	p->line--;	/* what follows the last line's end is none */
	if (p->next < ONCE)
		return wrong(p, "%s is missing.", fields[p->next].name);
	return wrong(p, "%s of approval %zu is missing.", fields[field_index(p)].name,
		     p->f->n + 1);
}

bool approval_read(const char *path, struct approvals *f, char *error, size_t error_len)
{
	struct parser p = { .path = path, .f = f, .error = error, .error_len = error_len };
	struct hsm_bytes file;
	char why[80], *text;
	bool good;

	*f = (struct approvals){ 0 };
	if (!in_load(path, 1, FILE_MAX, &file, why, sizeof(why))) {
		snprintf(error, error_len, "The approval file \"%s\" %s.", path, why);
		return false;
	}
	text = memchr(file.p, '\0', file.len) ? NULL : strndup((char *)file.p, file.len);
	good = text && read_lines(&p, text);
	if (!text)
		snprintf(error, error_len, "The approval file \"%s\" is no text.", path);
	free(text);
	hsm_bytes_clear(&file);
	return good;
}

void approval_free(struct approvals *f)
{
	for (size_t i = 0; i < HSM_M_VALUE_MAX; i++)
		hsm_bytes_clear(&f->list[i].signature);
	hsm_bytes_clear(&f->tokens);
}

int approval_send(struct hsm *hsm, uint32_t session, const struct approvals *f,
		  struct hsm_result *res)
{
	struct hsm_approver approvers[HSM_M_VALUE_MAX];

	for (size_t i = 0; i < f->n; i++)
		approvers[i] = (struct hsm_approver){
			.type = f->list[i].type,
			.name = f->list[i].name,
			.signature = f->list[i].signature.p,
			.signature_len = f->list[i].signature.len,
		};
	return hsm_token_approve(hsm, session, f->tokens.p, f->tokens.len, approvers, f->n, res);
}
