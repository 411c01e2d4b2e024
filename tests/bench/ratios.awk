# SPDX-License-Identifier: GPL-2.0-or-later
#
# ratios.awk - the figures of `make bench` out of its "R key=value ..." lines.
function field(key,    i, kv) {
	for (i = 2; i <= NF; i++) {
		split($i, kv, "=")
		if (kv[1] == key)
			return kv[2]
	}
	return ""
}

function ratio(text, a, b, aim) {
	if (a == "" || b == "" || b == 0)
		printf "%-64s %10s   aim %s\n", text, "missing", aim
	else
		printf "%-64s %10.2f   aim %s\n", text, a / b, aim
}

$1 == "R" {
	k = field("bench") " " field("mode") " " field("threads")
	rate[k] = field("ops_s")
	p50[k] = field("p50_us")
	max[k] = field("max_us")
}

$1 == "R" && field("mode") == "rsa4096" {
	if (field("ms") > slowest)
		slowest = field("ms")
}

END {
	print "# ratios"
	ratio("nop, depth 1: median latency against NVMe null", p50["hsm nop 1"], p50["nvme read512 1"], "<= 0.5")
	ratio("nop, 32 callers: rate against 32 NVMe readers", rate["hsm nop 32"], rate["nvme read512 32"], ">= 1.5")
	ratio("durable AES key, 1 caller: rate against SoftHSM2", rate["hsm genaes 1"], rate["softhsm2 genaes 1"], ">= 40")
	ratio("durable AES key, 16 callers: rate against SoftHSM2", rate["hsm genaes 16"], rate["softhsm2 genaes 16"], "-")
	ratio("durable AES key, 32 callers: rate against SoftHSM2", rate["hsm genaes 32"], rate["softhsm2 genaes 32"], ">= 250")
	ratio("RSA-2048 pairs, 1 caller: rate against native, 1 thread", rate["hsm genrsa 1"], rate["native genrsa 1"], "-")
	ratio("RSA-2048 pairs, 4 callers: rate against native, 2 threads", rate["hsm genrsa 4"], rate["native genrsa 2"], ">= 0.95")
	ratio("nop beside RSA-4096 generation: median against idle", p50["busy nop 1"], p50["idle nop 1"], "<= 3")
	ratio("random beside RSA-4096 generation: median against idle", p50["busy random 1"], p50["idle random 1"], "<= 3")
	ratio("10 ms sleep: worst under load against worst beside one pair", max["busy sleep10ms 1"], max["alone sleep10ms 1"], "<= 1")
	printf "%-64s %10.1f   ms\n", "10 ms sleep: worst while RSA-4096 pairs are made", max["busy sleep10ms 1"] / 1000
	printf "%-64s %10.1f   ms\n", "RSA-4096 pair: slowest", slowest
}
