# SPDX-License-Identifier: GPL-2.0-or-later
#
# figures.awk - the one place where figures are computed.
#
#	awk -f number.awk -f figures.awk figures.tsv RESULTS
#
# RESULTS are the lines of the programs, "R key=value ..." and "I<TAB>what<TAB>text". A
# measure is called BENCH/MODE/THREADS:FIELD, as hsm/nop/32:ops_s (for THREADS: keys, if the
# line has those; "-" if it has neither), and is the median of its lines; with :hi or :lo
# behind it, the highest or the lowest of them.
#
# In the table, @ is the measure host/processors/-:n, or "?" if that is missing.
#
# An expression is measures and numbers with + - * / between blanks, from left to right; "%"
# is a division in percent. An expression with a measure that is missing is missing.
#
# Prints lines separated by tabs, for table.awk, page.awk and plot.awk; an empty field is
# what was not measured:
#	I what text
#	M measure median lowest highest
#	S title text				a section
#	F key text value spread peer's-name peer's-value figure aim verdict bound
# where the figure is the ratio to the peer, or without a peer ("-") the value itself.
BEGIN {
	FS = "\t"
	unit["p50_us"] = unit["p99_us"] = unit["max_us"] = unit["us"] = " us"
	unit["ops_s"] = "/s"
	unit["ms"] = " ms"
	unit["rss_kb"] = " KB"
}

FNR == NR {
	if ($0 !~ /^#/ && NF)
		rows[++n_rows] = $0
	next
}

$1 == "I" {
	if (!told[$2]++)
		print
	next
}

/^R / {
	add_line($0)
}

END {
	for (i = 1; i <= n_names; i++)
		print "M\t" names[i] "\t" median(names[i]) "\t" lowest(names[i]) "\t" highest(names[i])
	for (i = 1; i <= n_rows; i++) {
		split(with_processors(rows[i]), row, "\t")
		if (row[1] == "=")
			print "S\t" row[2] "\t" fill_in(row[3])
		else
			figure()
	}
}

function with_processors(text,    n) {
	n = measure("host/processors/-:n")
	if (n == 1)
		gsub(/@ threads/, "1 thread", text)
	gsub(/@/, n == "" ? "?" : n, text)
	return text
}

function add_line(line,    part, kv, n, i, of, how_many) {
	n = split(line, part, " ")
	for (i = 2; i <= n; i++) {
		split(part[i], kv, "=")
		of[kv[1]] = kv[2]
	}
	how_many = "threads" in of ? of["threads"] : "keys" in of ? of["keys"] : "-"
	for (i = 2; i <= n; i++) {
		split(part[i], kv, "=")
		if (kv[1] !~ /^(bench|mode|threads|keys)$/)
			add(of["bench"] "/" of["mode"] "/" how_many ":" kv[1], kv[2])
	}
}

# The sign of Welch's t says which class is slower, which nobody asks.
function add(name, v) {
	if (name ~ /:t$/ && v < 0)
		v = -v
	if (!(name in count))
		names[++n_names] = name
	value[name, ++count[name]] = v + 0
}

# Sorts by insertion: there are few rounds.
function sort(name,    i, k, v) {
	for (i = 2; i <= count[name]; i++) {
		v = value[name, i]
		for (k = i; k > 1 && value[name, k - 1] > v; k--)
			value[name, k] = value[name, k - 1]
		value[name, k] = v
	}
}

function median(name,    n) {
	sort(name)
	n = count[name]
	return n % 2 ? value[name, (n + 1) / 2] : (value[name, n / 2] + value[name, n / 2 + 1]) / 2
}

function lowest(name) {
	sort(name)
	return value[name, 1]
}

function highest(name) {
	sort(name)
	return value[name, count[name]]
}

function measure(ref,    name, part) {
	split(ref, part, ":")
	name = part[1] ":" part[2]
	if (!(name in count))
		return ""
	return part[3] == "hi" ? highest(name) : part[3] == "lo" ? lowest(name) : median(name)
}

function operand(word) {
	return word ~ /:/ ? measure(word) : word
}

function evaluate(expr,    word, n, i, v, x) {
	n = split(expr, word, " ")
	v = operand(word[1])
	for (i = 2; i < n; i += 2) {
		x = operand(word[i + 1])
		if (v == "" || x == "" || (x == 0 && word[i] ~ /[\/%]/))
			return ""
		v = word[i] == "+" ? v + x : word[i] == "-" ? v - x : word[i] == "*" ? v * x : \
		    word[i] == "/" ? v / x : 100 * v / x
	}
	return v
}

function unit_of(expr,    word, part) {
	if (expr ~ / [*\/] /)
		return ""
	split(expr, word, " ")
	split(word[1], part, ":")
	return unit[part[2]]
}

function with_unit(expr, unit_given,    v) {
	v = evaluate(expr)
	if (v != "" && expr ~ / % /)
		return sprintf("%.0f %%", v)
	return v == "" ? "" : number(v) (unit_given == "" ? unit_of(expr) : unit_given == "-" ? "" : " " unit_given)
}

# Every {expression} of a text by what it comes to.
function fill_in(text,    out, v, at, len) {
	while (match(text, /\{[^}]*\}/)) {
		at = RSTART
		len = RLENGTH
		v = with_unit(substr(text, at + 1, len - 2))
		out = out substr(text, 1, at - 1) (v == "" ? "(not measured)" : v)
		text = substr(text, at + len)
	}
	return out text
}

function spread(expr) {
	if (expr ~ / / || expr ~ /:(hi|lo)$/ || measure(expr) == "" || count[expr] < 2)
		return ""
	return number(lowest(expr)) " to " number(highest(expr))
}

function verdict(aim, v,    part) {
	if (v == "")
		return "not measured"
	if (aim == "-")
		return "-"
	split(aim, part, " ")
	return (part[1] == "<=" ? v <= part[2] + 0 : v >= part[2] + 0) ? "met" : "missed"
}

# row[]: key, text, unit, value, peer's name, peer's value, aim, bound.
function figure(    v, p, f) {
	v = evaluate(row[4])
	p = row[6] == "-" ? "" : evaluate(row[6])
	f = row[6] == "-" ? v : v == "" || p == "" || p == 0 ? "" : v / p
	print "F\t" row[1] "\t" row[2] "\t" with_unit(row[4], row[3]) "\t" spread(row[4]) "\t" row[5] "\t" \
		(row[6] == "-" ? "-" : with_unit(row[6], row[3])) "\t" (f == "" ? "" : number(f)) "\t" row[7] "\t" \
		verdict(row[7], f) "\t" fill_in(row[8])
}
