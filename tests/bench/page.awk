# SPDX-License-Identifier: GPL-2.0-or-later
#
# page.awk - docs/performance.md out of the lines of figures.awk. The plots' titles come from
# plots.tsv, read first.
BEGIN {
	FS = "\t"
}

FNR == NR {
	if ($0 !~ /^#/ && NF) {
		plot_file[++plots] = $1
		plot_title[plots] = $2
	}
	next
}

$1 == "I" {
	what[++infos] = $2
	text[infos] = $3
	of[$2] = $3
	noisy = noisy || $3 ~ /not a quiet machine/
}

$1 == "S" || $1 == "F" {
	line[++lines] = $0
}

$1 == "F" && $9 != "-" {
	verdicts[$10]++
	if ($10 != "met")
		open[++opens] = "- " $10 ": " label($3, $6) " " or_none($7 == "-" ? $4 : $8) ", aim " sign($9)
}

END {
	head()
	machine()
	method()
	aims()
	drawings()
	print "## Figures"
	for (i = 1; i <= lines; i++) {
		$0 = line[i]
		if ($1 == "S")
			section()
		else
			row()
	}
	bounds()
}

function head() {
	print "# Performance"
	print ""
	print "Written by `make bench PUBLISH=1`, nothing here is typed by hand: every number was measured in"
	print "one run on the machine below, and what stands beside a number was measured in the same run. What"
	print "was not measured says so. To see your own machine: `make bench`, then `build/bench/performance.md`."
	print ""
}

function warn(cond, what_it_means) {
	if (cond)
		print "**Read with care: " what_it_means "**\n"
}

function machine(    i) {
	warn(noisy, "other work ran on the machine (load before the run: " of["load before the run"] + 0 ").")
	warn(of["commit"] ~ /changes/, "the tree had changes that were not committed.")
	print "## Machine, versions, settings\n\n| | |\n| --- | --- |"
	for (i = 1; i <= infos; i++)
		print "| " what[i] " | " text[i] " |"
	print ""
}

function method() {
	print "## Method\n"
	print "Each round measures, one after another: the host's own programs; in one boot of one guest, on a"
	print "fresh key store, the peers and the card in turns; cards with few and many keys in another; clusters."
	print "A measurement is one line of a program: so many callers (threads, each with a file, a session and a"
	print "login of its own) do one operation again and again for the time above, each call timed. A rate"
	print "is all calls by the time they took, a latency the median of all calls. What stands here is"
	print "the median of the rounds, and behind it the lowest and the highest. Starts with many keys and"
	print "the times of refusals are measured once. The guest is emulated (TCG) unless said otherwise above:"
	print "its own software is many times slower than the host's; ratios hold from machine to"
	print "machine better than absolute figures do.\n"
}

function or_none(v) {
	return v == "" ? "not measured" : v
}

# "<=" would open a tag.
function sign(aim) {
	sub(/^<=/, "at most", aim)
	sub(/^>=/, "at least", aim)
	return aim
}

function label(figure, peer) {
	return figure (peer == "-" ? "" : " against " peer) ":"
}

function aims(    i) {
	print "## Aims\n"
	print verdicts["met"] + 0 " met, " verdicts["missed"] + 0 " missed, " verdicts["not measured"] + 0 \
		" not measured. Those not met:\n"
	for (i = 1; i <= opens; i++)
		print open[i]
	print opens ? "" : "- none\n"
}

function drawings(    i) {
	print "## Plots\n"
	for (i = 1; i <= plots; i++)
		print "![" plot_title[i] "](performance/" plot_file[i] ".svg)\n"
}

function section() {
	bounds()
	print "\n### " $2 "\n\n" $3 "\n"
	print "| figure | the card | peer | | ratio | aim | |"
	print "| --- | ---: | --- | ---: | ---: | --- | --- |"
}

function row(    peerless) {
	peerless = $7 == "-"
	print "| " $3 " | " or_none($4) ($5 == "" ? "" : " (" $5 ")") " | " (peerless ? "" : $6) " | " \
		(peerless ? "" : or_none($7)) " | " (peerless ? "" : or_none($8)) " | " \
		($9 == "-" ? "" : sign($9)) " | " ($10 == "-" ? "" : $10) " |"
	if ($11 != "-")
		bound[++n_bounds] = "- *" subject($3) ".* " $11
}

# Of "RSA-2048 sign, 1 caller: rate" what is before the measure.
function subject(figure) {
	sub(/:.*/, "", figure)
	return figure
}

function bounds(    i) {
	if (n_bounds)
		print "\nBounded by:\n"
	for (i = 1; i <= n_bounds; i++)
		print bound[i]
	n_bounds = 0
}
