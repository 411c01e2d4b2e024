// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI side: probe, remove, vectors, function reset and AER.
 */
#include <linux/cpumask.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#include "hsm_drv.h"

static int hsm_identify(struct hsm *hsm)
{
	u32 id = hsm_read32(hsm, HSM_REG_ID);

	hsm->hw_version = hsm_read32(hsm, HSM_REG_VERSION);
	if (id != HSM_ID_MAGIC || hsm->hw_version >> 16 != HSM_HW_MAJOR) {
		dev_err(&hsm->pdev->dev, "unknown card: id %#x, version %#x\n", id,
			hsm->hw_version);
		return -ENODEV;
	}
	hsm->cap = lo_hi_readq(hsm->bar + HSM_REG_CAP);
	hsm->max_transfer = 1u << clamp_t(unsigned int, hsm_cap(hsm, HSM_CAP_XFER_SHIFT),
					  HSM_MIN_LOG2_TRANSFER, HSM_MAX_LOG2_TRANSFER);
	hsm->max_transfer = min_t(u32, hsm->max_transfer, HSM_MAX_SEGS * PAGE_SIZE);
	hsm->nr_queues = min(hsm_cap(hsm, HSM_CAP_QUEUES_SHIFT), num_online_cpus());
	if (!hsm->nr_queues || hsm_cap(hsm, HSM_CAP_QUEUES_SHIFT) > HSM_MAX_QUEUES ||
	    hsm_cap(hsm, HSM_CAP_LOG2_SIZE_SHIFT) < HSM_MIN_LOG2_SIZE) {
		dev_err(&hsm->pdev->dev, "unusable card: capabilities %#llx\n", hsm->cap);
		return -ENODEV;
	}
	return 0;
}

static int hsm_map(struct hsm *hsm)
{
	struct pci_dev *pdev = hsm->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	if (pci_resource_len(pdev, HSM_PCI_BAR) < HSM_BAR_SIZE)
		return -ENODEV;
	err = pcim_iomap_regions(pdev, BIT(HSM_PCI_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	hsm->bar = pcim_iomap_table(pdev)[HSM_PCI_BAR];
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	return hsm_identify(hsm);
}

/* Vector 0 for events, one for each queue; a single one is shared by all. */
static int hsm_vectors_alloc(struct hsm *hsm)
{
	int nr = pci_alloc_irq_vectors(hsm->pdev, 1, hsm->nr_queues + 1, PCI_IRQ_MSIX);

	if (nr < 0)
		return nr;
	hsm->nr_vectors = nr;
	hsm->nr_queues = min_t(unsigned int, hsm->nr_queues, max(nr - 1, 1));
	return 0;
}

static void hsm_irqs_free(struct hsm *hsm)
{
	unsigned int i;

	for (i = 0; i < hsm->nr_queues; i++) {
		struct hsm_queue *q = &hsm->queues[i];

		if (!q->irq)
			continue;
		irq_update_affinity_hint(q->irq, NULL);
		free_irq(q->irq, q);
		q->irq = 0;
	}
	if (hsm->event_irq)
		free_irq(hsm->event_irq, hsm);
	hsm->event_irq = 0;
}

static int hsm_queue_irq_request(struct hsm *hsm, unsigned int i, unsigned long flags)
{
	struct hsm_queue *q = &hsm->queues[i];
	int irq = pci_irq_vector(hsm->pdev, q->vector);
	int err = request_irq(irq, hsm_queue_irq, flags, q->name, q);

	if (err)
		return err;
	q->irq = irq;
	irq_set_affinity_and_hint(irq, get_cpu_mask(cpumask_local_spread(i, NUMA_NO_NODE)));
	return 0;
}

static int hsm_irqs_request(struct hsm *hsm)
{
	unsigned long flags = hsm->nr_vectors == 1 ? IRQF_SHARED : 0;
	int irq = pci_irq_vector(hsm->pdev, 0);
	unsigned int i;
	int err;

	snprintf(hsm->event_name, sizeof(hsm->event_name), "hsm%d-event", hsm->index);
	err = request_irq(irq, hsm_event_irq, flags, hsm->event_name, hsm);
	if (err)
		return err;
	hsm->event_irq = irq;
	for (i = 0; i < hsm->nr_queues && !err; i++)
		err = hsm_queue_irq_request(hsm, i, flags);
	return err;
}

/* Memory, vectors and interrupts; what it took, hsm_teardown() gives back. */
static int hsm_setup(struct hsm *hsm)
{
	int err = hsm_map(hsm);

	if (err)
		return err;
	err = dev_set_name(&hsm->dev, "hsm%d", hsm->index);
	if (err)
		return err;
	hsm->wq = alloc_workqueue("hsm%d", WQ_UNBOUND, 0, hsm->index);
	if (!hsm->wq)
		return -ENOMEM;
	/* A card that an earlier kernel left running must not write to its rings. */
	err = hsm_ctrl_disable(hsm);
	if (err)
		return err;
	pci_set_master(hsm->pdev);
	err = hsm_vectors_alloc(hsm) ?: hsm_queues_alloc(hsm);
	return err ?: hsm_irqs_request(hsm);
}

static void hsm_teardown(struct hsm *hsm)
{
	if (hsm->wq)
		destroy_workqueue(hsm->wq);
	hsm->wq = NULL;
	if (hsm->queues)
		hsm_irqs_free(hsm);
	cancel_work_sync(&hsm->reset_work);
	pci_free_irq_vectors(hsm->pdev);
	pci_clear_master(hsm->pdev);
	hsm_queues_free(hsm);
	hsm_index_free(hsm);
}

/* Behind hsm_ctrl_fail(), once no file can be opened any more: who is still inside leaves. */
static void hsm_drain(struct hsm *hsm)
{
	synchronize_srcu(&hsm->srcu);
	hsm_queues_flush(hsm);
}

static int hsm_start(struct hsm *hsm)
{
	int err = hsm_ctrl_enable(hsm) ?: hsm_ctrl_go(hsm);

	if (!err)
		err = hsm_cdev_add(hsm);
	if (!err) {
		hsm_hwrng_add(hsm);
		return 0;
	}
	hsm_ctrl_fail(hsm, HSM_STATE_REMOVING);
	/* A file may have been opened before the rest of hsm_cdev_add() failed. */
	hsm_drain(hsm);
	return err;
}

static int hsm_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct hsm *hsm = hsm_alloc(pdev);
	int err;

	if (IS_ERR(hsm))
		return PTR_ERR(hsm);
	err = hsm_setup(hsm) ?: hsm_start(hsm);
	if (err) {
		hsm_teardown(hsm);
		put_device(&hsm->dev);
		return dev_err_probe(&pdev->dev, err, "no HSM here\n");
	}
	pci_set_drvdata(pdev, hsm);
	dev_info(&hsm->dev, "%u queues of %u entries, transfers up to %u bytes\n",
		 hsm->nr_queues, hsm->queues[0].size, hsm->max_transfer);
	return 0;
}

/*
 * Unbind, unload and surprise removal alike: the callers go first, because they
 * hold what is taken down after them. Files that are open answer ENODEV.
 */
static void hsm_remove(struct pci_dev *pdev)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	hsm_ctrl_fail(hsm, HSM_STATE_REMOVING);
	hsm_hwrng_del(hsm);
	hsm_cdev_del(hsm);
	hsm_drain(hsm);
	hsm_teardown(hsm);
	put_device(&hsm->dev);
}

static void hsm_shutdown(struct pci_dev *pdev)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	hsm_ctrl_shutdown(hsm);
	hsm_ctrl_fail(hsm, HSM_STATE_REMOVING);
}

static void hsm_reset_prepare(struct pci_dev *pdev)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	/* After an error whose recovery failed, nobody has started the card again. */
	if (test_and_set_bit(HSM_FLAG_PCI, &hsm->flags))
		return;
	/* Waits for a reset that is under way: only one may work on the registers. */
	while (hsm_reset_begin(hsm) == -EBUSY && READ_ONCE(hsm->state) != HSM_STATE_REMOVING)
		flush_work(&hsm->reset_work);
	/* What has just declared the card dead, or live, has still to end. */
	flush_work(&hsm->reset_work);
	/* Until the card is back nobody touches it; hsm_ctrl_go() starts the next watch. */
	cancel_delayed_work_sync(&hsm->watchdog);
	hsm_reset_forgive(hsm);
}

static void hsm_reset_done(struct pci_dev *pdev)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	clear_bit(HSM_FLAG_PCI, &hsm->flags);
	if (READ_ONCE(hsm->state) == HSM_STATE_RESETTING)
		hsm_reset_end(hsm);
}

static pci_ers_result_t hsm_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		clear_bit(HSM_FLAG_PCI, &hsm->flags);
		hsm_ctrl_fail(hsm, HSM_STATE_DEAD);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	hsm_reset_prepare(pdev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t hsm_slot_reset(struct pci_dev *pdev)
{
	struct hsm *hsm = pci_get_drvdata(pdev);

	pci_restore_state(pdev);
	clear_bit(HSM_FLAG_PCI, &hsm->flags);
	return hsm_reset_end(hsm) ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers hsm_err_handler = {
	.error_detected = hsm_error_detected,
	.slot_reset = hsm_slot_reset,
	.reset_prepare = hsm_reset_prepare,
	.reset_done = hsm_reset_done,
};

static const struct pci_device_id hsm_ids[] = {
	{ PCI_DEVICE(HSM_PCI_VENDOR_ID, HSM_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, hsm_ids);

static struct pci_driver hsm_driver = {
	.name = "hsm",
	.id_table = hsm_ids,
	.probe = hsm_probe,
	.remove = hsm_remove,
	.shutdown = hsm_shutdown,
	.err_handler = &hsm_err_handler,
};

static int __init hsm_init(void)
{
	int err = hsm_cdev_init();

	if (err)
		return err;
	err = pci_register_driver(&hsm_driver);
	if (err)
		hsm_cdev_exit();
	return err;
}
module_init(hsm_init);

static void __exit hsm_module_exit(void)
{
	pci_unregister_driver(&hsm_driver);
	hsm_cdev_exit();
}
module_exit(hsm_module_exit);

MODULE_DESCRIPTION("Virtual hardware security module");
MODULE_LICENSE("GPL");
