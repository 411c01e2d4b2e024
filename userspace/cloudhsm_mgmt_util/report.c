// SPDX-License-Identifier: GPL-2.0-or-later
/* report.c - standard output, or a file that appears whole. */
#include "outfile.h"
#include "report.h"

#define FILE_OPT	"<output-file>"

int report_each(struct cmu *cmu, const struct cli_args *a, const char *op, unsigned int flags,
		int (*run)(struct cmu_server *s, void *arg, struct hsm_result *res))
{
	struct report r = { .f = stdout, .args = a };
	const struct cmu_job job = { .op = op, .flags = flags, .args = a, .run = run, .arg = &r };
	struct outfile o;
	int rc, err;

	if (!cli_has(a, FILE_OPT))
		return cmu_each(cmu, &job);
	rc = out_open(&o, a, FILE_OPT, 0);
	if (rc)
		return rc;
	r.f = o.f;
	rc = cmu_each(cmu, &job);
	if (rc) {
		outfile_drop(&o);
		return rc;
	}
	err = outfile_commit(&o);
	return err ? out_complain(a, FILE_OPT, err) : CLI_OK;
}
