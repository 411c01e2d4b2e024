// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller: states, enable and disable, reset, watchdog.
 *
 * Buffers that the card owns come back only after it has acknowledged CTRL.EN = 0,
 * or after it was cut off the bus (bus mastering off, function level reset).
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>

#include "hsm_drv.h"

#define HSM_WATCHDOG_MS	500

/*
 * So many resets in so long may a card be the cause of; with one more it is dead. One that
 * breaks at once after each reset is through in a moment. One that is honest has no more than
 * a fault of its host, which passes or does not: ten tries tell.
 */
#define HSM_BLAMED_MAX	10
#define HSM_BLAMED_SECS	60

unsigned int hsm_default_timeout_ms = 120000;
module_param_named(default_timeout_ms, hsm_default_timeout_ms, uint, 0644);
MODULE_PARM_DESC(default_timeout_ms,
		 "time of a command that names none, in milliseconds (default 120000)");

unsigned int hsm_abort_timeout_ms = 5000;
module_param_named(abort_timeout_ms, hsm_abort_timeout_ms, uint, 0644);
MODULE_PARM_DESC(abort_timeout_ms,
		 "time the card has to end an aborted command before it is reset (default 5000)");

static const u8 hsm_state_moves[] = {
	[HSM_STATE_NEW] = BIT(HSM_STATE_LIVE) | BIT(HSM_STATE_REMOVING),
	[HSM_STATE_LIVE] = BIT(HSM_STATE_RESETTING) | BIT(HSM_STATE_REMOVING) |
			   BIT(HSM_STATE_DEAD),
	[HSM_STATE_RESETTING] = BIT(HSM_STATE_LIVE) | BIT(HSM_STATE_REMOVING) |
				BIT(HSM_STATE_DEAD),
	[HSM_STATE_DEAD] = BIT(HSM_STATE_RESETTING) | BIT(HSM_STATE_REMOVING),
	[HSM_STATE_REMOVING] = 0,
};

/* The only way to change the state. False if the move is not legal: nothing changed. */
bool hsm_state_move(struct hsm *hsm, u32 state)
{
	unsigned long flags;
	bool legal;

	spin_lock_irqsave(&hsm->state_lock, flags);
	legal = hsm_state_moves[hsm->state] & BIT(state);
	if (legal)
		WRITE_ONCE(hsm->state, state);
	spin_unlock_irqrestore(&hsm->state_lock, flags);
	if (legal)
		wake_up_all(&hsm->state_wait);
	return legal;
}

/* What a command gets that the card cannot take now. */
int hsm_state_error(const struct hsm *hsm)
{
	switch (READ_ONCE(hsm->state)) {
	case HSM_STATE_LIVE:
	case HSM_STATE_RESETTING:
		return test_bit(HSM_FLAG_FATAL, &hsm->flags) ? -EIO : -ESTALE;
	default:
		return -ENODEV;
	}
}

/*
 * Between hsm_enter() and hsm_exit() the hardware half stays. May sleep in
 * between, but for no longer than the card or hsm_queues_fail() decides. False,
 * and nothing to exit, once the card is being removed. The __release() and the
 * __acquire() tell sparse that a lock held on one return is meant.
 */
bool hsm_enter(struct hsm *hsm, int *idx)
{
	*idx = srcu_read_lock(&hsm->srcu);
	if (READ_ONCE(hsm->state) != HSM_STATE_REMOVING) {
		__release(&hsm->srcu);
		return true;
	}
	srcu_read_unlock(&hsm->srcu, *idx);
	return false;
}

void hsm_exit(struct hsm *hsm, int idx)
{
	__acquire(&hsm->srcu);
	srcu_read_unlock(&hsm->srcu, idx);
}

static bool hsm_gone(u32 status)
{
	return status == ~0u;
}

/* Waits until STATUS & mask == want, at most as long as CAP says. */
static int hsm_ctrl_wait(struct hsm *hsm, u32 mask, u32 want)
{
	unsigned int ms = 100 * max(hsm_cap(hsm, HSM_CAP_TIMEOUT_SHIFT), 1u);
	unsigned long end = jiffies + msecs_to_jiffies(ms) + 1;
	u32 status;

	for (;;) {
		bool last = time_after(jiffies, end);

		status = hsm_read32(hsm, HSM_REG_STATUS);
		if (hsm_gone(status))
			return -ENODEV;
		if ((status & mask) == want)
			return 0;
		if (last)
			return -ETIMEDOUT;
		usleep_range(50, 200);
	}
}

/* Stops the card and drops all it holds of us; -ENODEV if it is gone. */
int hsm_ctrl_disable(struct hsm *hsm)
{
	writel(0, hsm->bar + HSM_REG_CTRL);
	return hsm_ctrl_wait(hsm, HSM_STATUS_RDY, 0);
}

/* Programs empty queues and starts the card. */
int hsm_ctrl_enable(struct hsm *hsm)
{
	u32 fatal;
	int err;

	hsm_queues_program(hsm);
	writel(HSM_CTRL_EN, hsm->bar + HSM_REG_CTRL);
	err = hsm_ctrl_wait(hsm, HSM_STATUS_RDY, HSM_STATUS_RDY);
	fatal = hsm_read32(hsm, HSM_REG_STATUS) & HSM_STATUS_FATAL;
	if (err || fatal) {
		dev_err(&hsm->dev, "card does not start: status %#x, error %u\n",
			hsm_read32(hsm, HSM_REG_STATUS), hsm_read32(hsm, HSM_REG_ERROR));
		return err ?: -EIO;
	}
	hsm->epoch = hsm_read32(hsm, HSM_REG_EPOCH);
	clear_bit(HSM_FLAG_FATAL, &hsm->flags);
	return hsm->epoch == HSM_EPOCH_GONE ? -ENODEV : 0;
}

/* Takes commands on an enabled card. */
int hsm_ctrl_go(struct hsm *hsm)
{
	/* What pci_restore_state() gives back after an error; it does so once only. */
	pci_save_state(hsm->pdev);
	/* Before the state, which is what an open waits for: its first command must not fail. */
	hsm_queues_go(hsm);
	if (!hsm_state_move(hsm, HSM_STATE_LIVE))
		return -ENODEV;
	/* A tick of the time before must not be the one that is waited for: it may just end. */
	mod_delayed_work(system_unbound_wq, &hsm->watchdog, msecs_to_jiffies(HSM_WATCHDOG_MS));
	return 0;
}

/* Lets the card finish what it has begun, for a machine that goes down. */
void hsm_ctrl_shutdown(struct hsm *hsm)
{
	if (READ_ONCE(hsm->state) != HSM_STATE_LIVE)
		return;
	hsm_queues_halt(hsm);
	writel(HSM_CTRL_EN | HSM_CTRL_SHUTDOWN, hsm->bar + HSM_REG_CTRL);
	if (hsm_ctrl_wait(hsm, HSM_STATUS_SHUTDOWN_DONE, HSM_STATUS_SHUTDOWN_DONE))
		dev_warn(&hsm->dev, "card did not finish its shutdown\n");
}

/* After the state: who finds a file stale also finds out whether the card is gone. */
static void hsm_resets_inc(struct hsm *hsm)
{
	/* Pairs with hsm_ctx_stale(). */
	smp_store_release(&hsm->resets, hsm->resets + 1);
}

/*
 * First half of a reset: no submissions, card stopped, every command in flight
 * back with ESTALE. -EBUSY if the state forbids it (another reset, removal);
 * another error if the card did not acknowledge: it is off the bus then.
 */
int hsm_reset_begin(struct hsm *hsm)
{
	int err;

	if (!hsm_state_move(hsm, HSM_STATE_RESETTING))
		return -EBUSY;
	hsm_resets_inc(hsm);
	hsm_queues_halt(hsm);
	err = hsm_ctrl_disable(hsm);
	if (err)
		pci_clear_master(hsm->pdev);
	hsm_queues_fail(hsm, -ESTALE);
	return err == -EBUSY ? -EIO : err;
}

/* Second half: the card runs again, with nothing of what it held before. */
int hsm_reset_end(struct hsm *hsm)
{
	int err;

	pci_set_master(hsm->pdev);
	err = hsm_ctrl_enable(hsm) ?: hsm_ctrl_go(hsm);
	if (err)
		hsm_ctrl_fail(hsm, HSM_STATE_DEAD);
	else
		dev_info(&hsm->dev, "reset, epoch %u\n", hsm->epoch);
	return err;
}

/* The end of the card, for now or for good: every command comes back with ENODEV. */
void hsm_ctrl_fail(struct hsm *hsm, u32 state)
{
	if (!hsm_state_move(hsm, state))
		return;
	if (state == HSM_STATE_DEAD)
		dev_err(&hsm->dev, "card is dead\n");
	hsm_resets_inc(hsm);
	hsm_queues_halt(hsm);
	/* A reset on its way works on the same registers. */
	if (state == HSM_STATE_REMOVING) {
		cancel_work_sync(&hsm->reset_work);
		cancel_delayed_work_sync(&hsm->watchdog);
	}
	hsm_ctrl_disable(hsm);
	/* Whatever it said to that: its buffers are given back. */
	pci_clear_master(hsm->pdev);
	hsm_queues_fail(hsm, -ENODEV);
}

/*
 * Behind hsm_reset_begin(): takes the reasons of the reset that is under way, so that none
 * of them is one for another. False if the card has been the cause once too often.
 */
static bool hsm_reset_answer(struct hsm *hsm)
{
	u64 now = get_jiffies_64();

	clear_bit(HSM_FLAG_LATE, &hsm->flags);
	if (!test_and_clear_bit(HSM_FLAG_BLAME, &hsm->flags))
		return true;
	if (!hsm->blamed || time_after64(now, hsm->blamed_since + HSM_BLAMED_SECS * HZ)) {
		hsm->blamed_since = now;
		hsm->blamed = 0;
	}
	return ++hsm->blamed <= HSM_BLAMED_MAX;
}

/* Behind hsm_reset_begin(): what the card was the cause of before this reset is past. */
void hsm_reset_forgive(struct hsm *hsm)
{
	hsm->blamed = 0;
	clear_bit(HSM_FLAG_BLAME, &hsm->flags);
}

static bool hsm_reset_is_due(const struct hsm *hsm)
{
	return READ_ONCE(hsm->flags) & (BIT(HSM_FLAG_BLAME) | BIT(HSM_FLAG_LATE));
}

static void hsm_reset_work(struct work_struct *work)
{
	struct hsm *hsm = container_of(work, struct hsm, reset_work);
	bool asked = test_and_clear_bit(HSM_FLAG_ASKED, &hsm->flags);
	int err;

	/* A dead card comes back only if somebody wants it. */
	if (!asked && (READ_ONCE(hsm->state) != HSM_STATE_LIVE || !hsm_reset_is_due(hsm)))
		return;
	err = hsm_reset_begin(hsm);
	if (err == -EBUSY)
		return;
	if (asked)
		hsm_reset_forgive(hsm);
	if (!hsm_reset_answer(hsm)) {
		dev_err(&hsm->dev, "no end of resets\n");
		err = -EIO;
	}
	if (err)
		hsm_ctrl_fail(hsm, HSM_STATE_DEAD);
	else
		hsm_reset_end(hsm);
}

static void hsm_reset_schedule(struct hsm *hsm, unsigned int why)
{
	set_bit(why, &hsm->flags);
	queue_work(system_unbound_wq, &hsm->reset_work);
}

/* The card needs a reset by its own fault. Any context. */
void hsm_reset_blame(struct hsm *hsm)
{
	hsm_reset_schedule(hsm, HSM_FLAG_BLAME);
}

/* Resets the card as somebody wants it, and waits for it; 0 if it lives afterwards. */
int hsm_reset_now(struct hsm *hsm)
{
	hsm_reset_schedule(hsm, HSM_FLAG_ASKED);
	flush_work(&hsm->reset_work);
	return READ_ONCE(hsm->state) == HSM_STATE_LIVE ? 0 : -EIO;
}

static void hsm_ctrl_status(struct hsm *hsm, u32 status)
{
	if (status & HSM_STATUS_FATAL) {
		if (!test_and_set_bit(HSM_FLAG_FATAL, &hsm->flags) && !hsm_gone(status))
			dev_err(&hsm->dev, "fatal error %u\n", hsm_read32(hsm, HSM_REG_ERROR));
		hsm_reset_blame(hsm);
	} else if (status & HSM_STATUS_TAMPER &&
		   !test_and_set_bit(HSM_FLAG_TAMPER, &hsm->flags)) {
		dev_alert(&hsm->dev, "card reports tampering\n");
	}
}

irqreturn_t hsm_event_irq(int irq, void *data)
{
	struct hsm *hsm = data;

	if (READ_ONCE(hsm->state) == HSM_STATE_LIVE)
		hsm_ctrl_status(hsm, hsm_read32(hsm, HSM_REG_STATUS));
	return IRQ_HANDLED;
}

static void hsm_watchdog(struct work_struct *work)
{
	struct hsm *hsm = container_of(to_delayed_work(work), struct hsm, watchdog);
	bool late = false;
	unsigned int i;
	u32 status;

	if (READ_ONCE(hsm->state) != HSM_STATE_LIVE)
		return;
	status = hsm_read32(hsm, HSM_REG_STATUS);
	if (hsm_gone(status)) {
		hsm_ctrl_fail(hsm, HSM_STATE_DEAD);
		return;
	}
	hsm_ctrl_status(hsm, status);
	for (i = 0; i < hsm->nr_queues; i++)
		late |= hsm_ring_watch(&hsm->queues[i]);
	if (late) {
		dev_err(&hsm->dev, "a command outlived its abort, resetting the card\n");
		/* No blame: what takes long and cannot be aborted is for any caller to choose. */
		hsm_reset_schedule(hsm, HSM_FLAG_LATE);
	}
	if (!(status & HSM_STATUS_RDY)) {
		dev_err(&hsm->dev, "card does not answer, resetting it\n");
		hsm_reset_blame(hsm);
	}
	queue_delayed_work(system_unbound_wq, &hsm->watchdog, msecs_to_jiffies(HSM_WATCHDOG_MS));
}

void hsm_ctrl_init(struct hsm *hsm)
{
	spin_lock_init(&hsm->state_lock);
	init_waitqueue_head(&hsm->state_wait);
	INIT_WORK(&hsm->reset_work, hsm_reset_work);
	INIT_DELAYED_WORK(&hsm->watchdog, hsm_watchdog);
}
