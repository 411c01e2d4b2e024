/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim_image.h - what the cards of sim_clone() have. */
#ifndef HSM_SIM_IMAGE_H
#define HSM_SIM_IMAGE_H

#define SIM_SESSION	0x01000000u	/* the first of a context */
/* Of the users admin (PCO), alice, bob, carol, dave (CU). */
#define SIM_PASSWORD	"Secret_123"
#define SIM_ALICE	3
#define SIM_BOB		4
#define SIM_CAROL	5
#define SIM_DAVE	6

#endif /* HSM_SIM_IMAGE_H */
