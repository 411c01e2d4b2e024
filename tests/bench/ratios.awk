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

# One operation: the card by 1, 4 and 16 callers against the host, the guest's own
# OpenSSL and SoftHSM2. The aims are for the first two lines.
function use(text, mode, aim1, aim2) {
	ratio(text ", 1 caller: against native, 1 thread", rate["hsm " mode " 1"], rate["native " mode " 1"], aim1)
	ratio(text ", 4 callers: against native, 2 threads", rate["hsm " mode " 4"], rate["native " mode " 2"], aim2)
	ratio(text ", 16 callers: against native, 2 threads", rate["hsm " mode " 16"], rate["native " mode " 2"], "-")
	ratio(text ", 1 caller: against OpenSSL in the guest", rate["hsm " mode " 1"], rate["openssl " mode " 1"], "-")
	ratio(text ", 4 callers: against SoftHSM2", rate["hsm " mode " 4"], rate["softhsm2 " mode " 4"], "-")
}

function value(text, v, unit, aim) {
	printf "%-64s %10s   %s%s\n", text, (v > 0) ? sprintf("%.1f", v) : "missing", unit, aim ? ", aim " aim : ""
}

# Keys through an engine: one caller against a bare put, and many callers against one.
function agree(text, mode, aim1, aim32) {
	ratio("a key, " text ": median latency against a bare put", p50["cluster " mode " 1"], p50["cluster put 1"], aim1)
	ratio("a key, " text ": rate of 32 callers against 1", rate["cluster " mode " 32"], rate["cluster " mode " 1"], aim32)
	value("a key, " text ": median latency, 1 caller", p50["cluster " mode " 1"], "us")
	value("a key, " text ": 32 callers", rate["cluster " mode " 32"], "keys/s")
}

# Welch's t of two classes of ciphertexts, and how far their medians are apart.
function oracle(text, mode, aim,    abs) {
	abs = t[mode] < 0 ? -t[mode] : t[mode]
	printf "%-64s %10s   %s, aim %s\n", "padding: " text ": |t|", mode in t ? sprintf("%.1f", abs) : "missing", gap[mode], aim
}

$1 == "R" && field("bench") == "store" {
	if (field("mode") == "start") {
		start[field("keys")] = field("ms")
		rss[field("keys")] = field("rss_kb")
	}
	next
}

$1 == "R" && field("bench") == "oracle" {
	t[field("mode")] = field("t")
	gap[field("mode")] = sprintf("%.0f ns", (field("b_us") - field("a_us")) * 1000)
	next
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
	value("10 ms sleep: worst while RSA-4096 pairs are made", max["busy sleep10ms 1"] / 1000, "ms")
	value("RSA-4096 pair: slowest", slowest, "ms")
	use("RSA-2048 sign", "rsa2048-sign", ">= 0.85", "-")
	ratio("RSA-2048 sign, 8 callers: against native, 2 threads", rate["hsm rsa2048-sign 8"], rate["native rsa2048-sign 2"], ">= 0.90")
	use("RSA-2048 verify", "rsa2048-verify", "-", "-")
	use("ECDSA P-256 sign", "p256-sign", "-", "-")
	ratio("ECDSA P-256 sign, 32 callers: against native, 2 threads", rate["hsm p256-sign 32"], rate["native p256-sign 2"], ">= 0.45")
	use("ECDSA P-384 sign", "p384-sign", "-", "-")
	use("AES-256-GCM 1 KB", "gcm-1k", "-", "-")
	use("AES-256-GCM 56 KB, one message", "gcm-56k", ">= 0.30", "-")
	ratio("AES-256-GCM 64 KB in parts, 1 caller: against native, 1 thread", rate["hsm gcm-64k 1"], rate["native gcm-64k 1"], ">= 0.30")
	ratio("AES-256-GCM 64 KB in parts, 4 callers: against native, 2 threads", rate["hsm gcm-64k 4"], rate["native gcm-64k 2"], "-")
	use("AES key wrap", "wrap", "-", "-")
	ratio("find by label: 100,000 keys against 100", p50["many find-label 1"], p50["few find-label 1"], "<= 2")
	ratio("find by id: 100,000 keys against 100", p50["many find-id 1"], p50["few find-id 1"], "<= 2")
	ratio("findKey -l: 100,000 keys against 100", p50["many findKey 1"], p50["few findKey 1"], "<= 2")
	ratio("start with 10,000 keys against an empty store", start[10000], start[0], "-")
	ratio("start with 100,000 keys against an empty store", start[100000], start[0], "-")
	value("start with 10,000 keys", start[10000], "ms", "<= 20")
	value("start with 100,000 keys", start[100000], "ms", "<= 2000")
	value("memory of a key (AES-256, of 100,000)", (rss[100000] - rss[0]) * 1024 / 100000, "bytes")
	value("bare put, 1 caller: median latency", p50["cluster put 1"], "us")
	value("bare put, 32 callers", rate["cluster put 32"], "puts/s")
	agree("solo", "solo", "-", "-")
	agree("group of 3, on 1", "group-one", "-", "-")
	agree("group of 3, on all", "group-all", "-", "-")
	agree("etcd of 3, on 1", "etcd-one", "<= 1.5", ">= 8")
	agree("etcd of 3, on all", "etcd-all", "-", ">= 8")
	oracle("one class against itself", "control", "<= 10")
	oracle("unwrap RSA_PKCS, wrong content or padding", "unwrap-rsa-pkcs", "<= 10")
	oracle("unwrap AES_PKCS5, wrong content or padding", "unwrap-aes-pkcs5", "-")
	oracle("unwrap with header, wrong MAC or padding", "unwrap-header", "-")
	oracle("decrypt RSA_PKCS, right or wrong", "decrypt-rsa-pkcs", "-")
	oracle("decrypt CBC_PAD, right or wrong", "decrypt-cbc-pad", "-")
	oracle("decrypt RSA_PKCS, wrong in two ways", "rsa-pkcs-wrong", "<= 10")
	oracle("decrypt CBC_PAD, wrong in two ways", "cbc-pad-wrong", "<= 10")
}
