# SPDX-License-Identifier: GPL-2.0-or-later
#
# table.awk - the figures of `make bench` on a terminal, out of the lines of figures.awk.
BEGIN {
	FS = "\t"
}

$1 == "S" {
	print "# " $2
}

$1 == "F" {
	against = $6 == "-" ? "" : ", against " $6
	value = $8 == "" ? "" : $7 == "-" ? $4 : $8
	printf "%-82s %10s   %s\n", $3 against, value, $10 == "-" ? "" : $9 == "-" ? $10 : $10 ", aim " $9
}
