# SPDX-License-Identifier: GPL-2.0-or-later
#
# number.awk - how numbers are written: in three digits or more, thousands apart.
function number(v,    a, s) {
	a = v < 0 ? -v : v
	if (a < 1000)
		return sprintf(a == 0 || a >= 100 ? "%.0f" : a >= 10 ? "%.1f" : a >= .1 ? "%.2f" : "%.3f", v)
	s = sprintf("%.0f", v)
	while (s ~ /[0-9][0-9][0-9][0-9]/) {
		match(s, /[0-9][0-9][0-9][0-9]+/)
		s = substr(s, 1, RSTART + RLENGTH - 4) "," substr(s, RSTART + RLENGTH - 3)
	}
	return s
}
