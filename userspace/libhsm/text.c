// SPDX-License-Identifier: LGPL-2.1-or-later
/* text.c - the texts of statuses and errors. */
#include <errno.h>
#include <string.h>

#include "msg.h"

static const struct status_text {
	uint32_t status;
	const char *text;
} status_texts[] = {
#define ROW(name, number, text) { number, text },
	HSM_STATUS_TABLE(ROW)
#undef ROW
};

static const char *status_find(uint32_t status)
{
	for (size_t i = 0; i < ARRAY_LEN(status_texts); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return NULL;
}

bool hsm_status_known(uint32_t status)
{
	return status_find(status);
}

const char *hsm_status_text(uint32_t status)
{
	const char *text = status_find(status);

	return text ? text : "Unknown status";
}

const char *hsm_strerror(int rc)
{
	static _Thread_local char buf[128];

	if (rc >= 0)
		return hsm_status_text((uint32_t)rc);
	switch (rc) {
	case -EOWNERDEAD:
		return "The connection belongs to another process; open the card again";
	case -ESTALE:
		return "The card was reset; open it again";
	case -EPROTO:
		return "The card's reply breaks the message format";
	case -ECANCELED:
		return "Canceled; nothing was changed";
	case -EBADMSG:
		return "What the card enciphered for us does not open";
	}
	return strerror_r(-rc, buf, sizeof(buf));
}
