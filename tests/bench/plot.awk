# SPDX-License-Identifier: GPL-2.0-or-later
#
# plot.awk - an SVG for each line of plots.tsv, out of the lines of figures.awk.
#
#	awk -v dir=DIR -f number.awk -f plot.awk plots.tsv FIGURES
#
# A point is the median of the rounds, the bar through it reaches from the lowest to the
# highest. Lines are told apart by colour and by shape. Light ground in light and dark pages.
BEGIN {
	FS = "\t"
	WIDTH = 720
	HEIGHT = 420
	LEFT = 96
	RIGHT = WIDTH - 28
	TOP = 84
	BOTTOM = HEIGHT - 62
	split("#0b5fa5 #c2410c #4d7c0f", colour, " ")
}

FNR == NR {
	if ($0 !~ /^#/ && NF)
		plot[++plots] = $0
	next
}

$1 == "M" {
	median[$2] = $3
	lowest[$2] = $4
	highest[$2] = $5
}

END {
	for (p = 1; p <= plots; p++)
		draw(plot[p])
}

function draw(spec,    column, n) {
	n = split(spec, column, "\t")
	file = dir "/" column[1] ".svg"
	is_log = column[5] == "log"
	xs = split(column[6], x_value, ",")
	for (series = 0; series + 6 < n; series++)
		split_series(series + 1, column[series + 7])
	limits()
	open_svg(column[2], column[4] " against " column[3])
	axes(column[3], column[4])
	for (s = 1; s <= series; s++)
		line(s)
	print "</svg>" > file
	close(file)
}

function split_series(s, text,    at) {
	at = index(text, "=")
	name[s] = substr(text, 1, at - 1)
	pattern[s] = substr(text, at + 1)
}

function key(s, i,    k) {
	k = pattern[s]
	sub(/#/, x_value[i], k)
	return k
}

# The least and the greatest of all that is drawn, then ticks around them.
function limits(    i, k) {
	y_low = y_high = points = 0
	for (s = 1; s <= series; s++) {
		for (i = 1; i <= xs; i++) {
			k = key(s, i)
			if (!(k in median))
				continue
			y_low = points && y_low < lowest[k] ? y_low : lowest[k]
			y_high = points && y_high > highest[k] ? y_high : highest[k]
			points++
		}
	}
	if (!points)
		y_low = y_high = 1
	ticks = 0
	if (is_log)
		log_ticks()
	else
		linear_ticks()
}

# 1, 2, 5 of each power of ten, from the one below to the one above; of many only the powers.
function log_ticks(    all, i, n) {
	all = series_125(y_low)
	for (n = all; tick_125(n) < y_high; n++)
		;
	if (n == all)
		n++
	y_min = tick_125(all)
	y_max = tick_125(n)
	for (i = all; i <= n; i++) {
		if (n - all <= 8 || i % 3 == 0)
			tick[++ticks] = tick_125(i)
	}
}

function floor(v) {
	return v < int(v) ? int(v) - 1 : int(v)
}

function tick_125(i,    power, digit) {
	power = floor(i / 3)
	digit = i - 3 * power
	return (digit == 0 ? 1 : digit == 1 ? 2 : 5) * 10 ^ power
}

# The place, in the row 1, 2, 5, 10 ..., of the last that is not above v.
function series_125(v,    i) {
	for (i = 3 * floor(log(v) / log(10)) - 1; tick_125(i + 1) <= v * 1.000001; i++)
		;
	return i
}

function linear_ticks(    step, v) {
	step = tick_125(series_125(y_high / 5) + 1)
	y_min = 0
	for (v = 0; ; v += step) {
		tick[++ticks] = v
		if (v >= y_high)
			break
	}
	y_max = v
}

function share(low, v, high) {
	return (v - low) / (high - low)
}

function x_of(v) {
	return LEFT + 24 + (RIGHT - LEFT - 48) * share(log(x_value[1]), log(v), log(x_value[xs]))
}

function y_of(v,    part) {
	part = is_log ? share(log(y_min), log(v), log(y_max)) : share(y_min, v, y_max)
	return BOTTOM - (BOTTOM - TOP) * part
}

function words(x, y, how, text) {
	printf "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, how, text > file
}

function rule(x1, y1, x2, y2, how) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, how > file
}

function open_svg(title, what) {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" " \
		"width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title desc\" " \
		"font-family=\"sans-serif\" font-size=\"13\" fill=\"#222\">\n", \
		WIDTH, HEIGHT, WIDTH, HEIGHT > file
	print "<!-- SPDX-License-Identifier: GPL-2.0-or-later; written by make bench -->" > file
	print "<title id=\"title\">" title "</title>\n<desc id=\"desc\">" what "</desc>" > file
	printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, HEIGHT > file
	words(LEFT, 28, "font-size=\"16\" font-weight=\"bold\"", title)
}

function short(v) {
	return v < 1000 ? v + 0 : number(v)
}

function axes(x_label, y_label,    i, y) {
	for (i = 1; i <= ticks; i++) {
		y = y_of(tick[i])
		rule(LEFT, y, RIGHT, y, "stroke=\"#ddd\"")
		words(LEFT - 8, y + 4.5, "text-anchor=\"end\"", short(tick[i]))
	}
	for (i = 1; i <= xs; i++) {
		rule(x_of(x_value[i]), BOTTOM, x_of(x_value[i]), BOTTOM + 6, "stroke=\"#444\"")
		words(x_of(x_value[i]), BOTTOM + 22, "text-anchor=\"middle\"", short(x_value[i]))
	}
	rule(LEFT, BOTTOM, RIGHT, BOTTOM, "stroke=\"#444\"")
	rule(LEFT, TOP, LEFT, BOTTOM, "stroke=\"#444\"")
	words((LEFT + RIGHT) / 2, HEIGHT - 14, "text-anchor=\"middle\"", x_label)
	words(-(TOP + BOTTOM) / 2, 18, "transform=\"rotate(-90)\" text-anchor=\"middle\"",
		y_label (is_log ? " (logarithmic)" : ""))
	legend_x = LEFT
}

function mark(s, x, y) {
	if (s == 1)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"%s\"/>\n", x, y, colour[s] > file
	else if (s == 2)
		printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\" fill=\"%s\"/>\n",
			x - 4, y - 4, colour[s] > file
	else
		printf "<path d=\"M%.1f %.1fl5 9h-10z\" fill=\"%s\"/>\n", x, y - 5, colour[s] > file
}

# A point that was not measured is a gap.
function line(s,    i, k, path, pen, x, y) {
	pen = "M"
	for (i = 1; i <= xs; i++) {
		k = key(s, i)
		if (!(k in median)) {
			pen = "M"
			continue
		}
		x = x_of(x_value[i])
		y = y_of(median[k])
		path = path sprintf("%s%.1f %.1f", pen, x, y)
		pen = "L"
		rule(x, y_of(lowest[k]), x, y_of(highest[k]), "stroke=\"" colour[s] "\" stroke-width=\"1.5\"")
		mark(s, x, y)
	}
	if (path != "")
		printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colour[s] > file
	mark(s, legend_x + 6, 52)
	words(legend_x + 18, 56.5, "", name[s] (path == "" ? " (not measured)" : ""))
	legend_x += 44 + 7.2 * (length(name[s]) + (path == "" ? 15 : 0))
}
