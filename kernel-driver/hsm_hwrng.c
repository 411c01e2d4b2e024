// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card's random generator as a hw_random source.
 */
#include <linux/module.h>

#include "hsm_drv.h"

#define HSM_RNG_BYTES	256	/* of one command, at most */

static bool hwrng = true;
module_param(hwrng, bool, 0444);
MODULE_PARM_DESC(hwrng, "register the card as a hw_random source (default Y)");

static int hsm_rng_copy(const struct hsm_req *req, void *data, size_t len)
{
	int err = hsm_req_result(req);

	if (err)
		return err;
	/* It fills the room. To a reader who waits for numbers, none would be "try again". */
	if (req->reply_len != len)
		return -EIO;
	memcpy(data, req->out, len);
	return len;
}

static int hsm_rng_fetch(struct hsm *hsm, void *data, size_t len)
{
	struct hsm_req *req = hsm_req_get(hsm, false);
	int ret;

	if (IS_ERR(req))
		return PTR_ERR(req);
	req->sqe.out_addr = cpu_to_le64(req->out_dma);
	req->sqe.out_len = cpu_to_le32(len);
	ret = hsm_req_run(req, HSM_OP_RANDOM, 0, 0);
	if (ret == -EINTR)
		return ret;
	if (!ret)
		ret = hsm_rng_copy(req, data, len);
	hsm_req_put(req);
	return ret;
}

static int hsm_rng_read(struct hwrng *rng, void *data, size_t max, bool wait)
{
	struct hsm *hsm = container_of(rng, struct hsm, rng);
	int idx, ret;

	if (!wait)
		return 0;
	if (!hsm_enter(hsm, &idx))
		return -ENODEV;
	ret = hsm_rng_fetch(hsm, data, min_t(size_t, max, HSM_RNG_BYTES));
	hsm_exit(hsm, idx);
	return ret;
}

/* The card works without this: a failure is only reported. */
void hsm_hwrng_add(struct hsm *hsm)
{
	int err;

	if (!hwrng)
		return;
	hsm->rng.name = dev_name(&hsm->dev);
	hsm->rng.read = hsm_rng_read;
	/* The output of the card's DRBG; its entropy is what the card's host gives. */
	hsm->rng.quality = 512;
	err = hwrng_register(&hsm->rng);
	hsm->rng_registered = !err;
	if (err)
		dev_warn(&hsm->dev, "no hw_random source: %d\n", err);
}

void hsm_hwrng_del(struct hsm *hsm)
{
	if (hsm->rng_registered)
		hwrng_unregister(&hsm->rng);
	hsm->rng_registered = false;
}
