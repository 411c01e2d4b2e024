// SPDX-License-Identifier: GPL-2.0-or-later
/* member_test.c - power cuts of a card in a cluster. */
#include "member.h"
#include "parts.h"

static bool member_part(const struct setting *s, unsigned int i, struct counts *n)
{
	struct member_cuts c = {
		.dir = part_folder(s, "member", i), .seed = s->seed, .rounds = s->rounds,
		.only = s->member_call, .part = i, .parts = PARTS,
	};
	bool ok = member_run(&c);

	*n = (struct counts){ c.cards, 0, 0, c.calls + 1 };
	return ok;
}

int main(int argc, char **argv)
{
	struct setting s;
	struct counts n;

	if (!setting_read(&s, argc, argv))
		return 2;
	n = parts_run(&s, member_part);
	check_range("MEMBER_CALL", s.member_call, n.calls);
	check(n.a && (s.member_call >= 0 || n.a > n.calls / 2), "%zu cards are too few", n.a);
	end_case("power cut in each of %zu calls of a member: %zu cards found", n.calls, n.a);
	return check_end("power");
}
