/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab_gate.h - a kv that can be cut off from the one behind it. */
#ifndef HSM_LAB_GATE_H
#define HSM_LAB_GATE_H

#include "kv.h"

/* Owns @inner. NULL without memory. */
struct kv *gate_kv_open(struct kv *inner);
/*
 * Off: requests fail, the watch breaks, the lease is given back; as if the wire were cut
 * and the lease had run out. From any thread.
 */
void gate_kv_cut(struct kv *kv, bool off);

#endif /* HSM_LAB_GATE_H */
