# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare.awk - awk -f compare.awk GOLDEN OUTPUT: compares case by case.
#
# A case begins with "== name". Blanks around a line and blank lines do not count.
# Placeholders of the golden file: %H% a handle, %N% a number, %KCV% a check value,
# %HEX% hexadecimal digits, %ANY% anything. Lines of the golden file that begin
# with "##" are comments. Prints what differs and "PASSED FAILED" last.

function trimmed(line) {
	gsub(/^[ \t]+|[ \t\r]+$/, "", line)
	return line
}

function pattern(line) {
	gsub(/[][\\.*+?(){}|^$]/, "\\\\&", line)
	gsub(/%H%/, "[1-9][0-9]*", line)
	gsub(/%N%/, "[0-9]+", line)
	gsub(/%KCV%/, "0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]", line)
	gsub(/%HEX%/, "[0-9a-f]+", line)
	gsub(/%ANY%/, ".*", line)
	return "^" line "$"
}

FNR == 1 { side++; name = "" }

{ line = trimmed($0) }

line == "" || (side == 1 && line ~ /^##/) { next }

line ~ /^== / {
	name = substr(line, 4)
	if (side == 1)
		order[++cases] = name
	else if (!((1, name) in count))
		extra[++extras] = name
	if ((side, name) in count)
		twice[name] = 1
	count[side, name] = 0
	next
}

name != "" { text[side, name, ++count[side, name]] = line }

END {
	for (c = 1; c <= cases; c++) {
		name = order[c]
		bad = ""
		if (!((2, name) in count))
			bad = "  the case did not run"
		else if (name in twice)
			bad = "  the name is there twice"
		most = count[1, name] > count[2, name] ? count[1, name] : count[2, name]
		for (i = 1; bad == "" && i <= most; i++) {
			want = text[1, name, i]
			got = text[2, name, i]
			if (i > count[1, name] || i > count[2, name] ||
			    (want != got && got !~ pattern(want)))
				bad = "  line " i "\n    expected: " want "\n    printed:  " got
		}
		if (bad != "") {
			failed++
			print "not ok " name "\n" bad
		} else {
			passed++
		}
	}
	for (c = 1; c <= extras; c++) {
		failed++
		print "not ok " extra[c] "\n  the golden file has no such case"
	}
	print passed + 0, failed + 0
}
