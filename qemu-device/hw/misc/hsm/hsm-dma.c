/*
 * HSM card: guest memory - one copy, segment lists, a command's buffers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "exec/memory.h"
#include "hsm-hostile.h"
#include "trace.h"

/*
 * An IOMMU wants the BQL, for the interrupt that tells of an address that it
 * does not let pass. In the way of nobody: no lock is held here.
 */
static bool hsm_lock_iommu(HsmState *s)
{
    bool lock = qatomic_read(&s->iommu);

    if (lock) {
        bql_lock();
    }
    return lock;
}

static void hsm_unlock_iommu(bool locked)
{
    if (locked) {
        bql_unlock();
    }
}

/*
 * Only RAM, and never through address_space_rw(): that one takes the BQL for
 * whatever is not plain RAM, and a vCPU that resets the card waits, with the
 * BQL, for the dma_lock. Here the address is translated first; under the
 * dma_lock there is only the copy.
 */
static HsmDmaResult hsm_dma_piece(HsmState *s, uint32_t gen, uint64_t addr,
                                  void *data, hwaddr *len, HsmDma op)
{
    AddressSpace *as = pci_get_address_space(PCI_DEVICE(s));
    const MemTxAttrs attrs = { .memory = 1 };
    bool is_write = op != HSM_DMA_READ;
    HsmWorker *w = hsm_self(s);
    MemoryRegion *mr;
    hwaddr xlat;
    bool stale, locked = hsm_lock_iommu(s);
    uint8_t *ram;

    RCU_READ_LOCK_GUARD();
    if (qatomic_read(&s->gen) != gen) {
        hsm_unlock_iommu(locked);
        return HSM_DMA_STALE; /* after an unplug there is no bus to ask */
    }
    mr = address_space_translate(as, addr, &xlat, len, is_write, attrs);
    hsm_unlock_iommu(locked);
    if (!*len || !memory_access_is_direct(mr, is_write, attrs)) {
        return HSM_DMA_FAULT;
    }
    if (op == HSM_DMA_PROBE) {
        return HSM_DMA_OK;
    }
    if (!is_write) {
        fuzz_dma_read_cb(addr, *len, mr); /* nothing but in a fuzzer */
    }
    ram = (uint8_t *)memory_region_get_ram_ptr(mr) + xlat;
    qemu_mutex_lock(&w->dma_lock);
    stale = qatomic_read(&s->gen) != gen;
    if (!stale) {
        memcpy(is_write ? ram : data, is_write ? data : ram, *len);
    }
    qemu_mutex_unlock(&w->dma_lock);
    if (stale) {
        return HSM_DMA_STALE;
    }
    if (is_write) {
        /* Marks the pages dirty; gives back the reference. */
        memory_region_ref(mr);
        address_space_unmap(as, ram, *len, true, *len);
    }
    return HSM_DMA_OK;
}

/* addr + len must not wrap. */
HsmDmaResult hsm_dma(HsmState *s, uint32_t gen, uint64_t addr, void *data,
                     uint32_t len, HsmDma op)
{
    HsmDmaResult ret = HSM_DMA_OK;
    uint8_t *p = data;

    while (len && ret == HSM_DMA_OK) {
        hwaddr n = len;

        ret = hsm_dma_piece(s, gen, addr, p, &n, op);
        addr += n;
        len -= n;
        p = p ? p + n : NULL;
    }
    if (ret == HSM_DMA_FAULT) {
        trace_hsm_dma_fault(addr, len, op);
        hsm_stat(s, HSM_STAT_FAULTS);
    }
    return ret;
}

static bool hsm_wraps(uint64_t addr, uint32_t len)
{
    return addr + len < addr && addr + len != 0;
}

static bool hsm_segs_good(const HsmBuf *buf)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < buf->n_segs; i++) {
        const struct hsm_seg *seg = &buf->segs[i];
        uint32_t len = le32_to_cpu(seg->len);

        if (!len || seg->reserved || hsm_wraps(le64_to_cpu(seg->addr), len)) {
            return false;
        }
        sum += len;
    }
    return sum == buf->len;
}

/* Reads and checks the segment list, if there is one: HSM_SC_*. */
uint16_t hsm_buf_open(HsmReq *req, HsmBuf *buf, uint64_t addr, uint32_t len,
                      uint16_t n_segs)
{
    uint32_t size = n_segs * sizeof(struct hsm_seg);

    addr = hsm_hostile_buf(req->s, addr, len);
    buf->addr = addr;
    buf->len = len;
    if (!n_segs) {
        return hsm_wraps(addr, len) ? HSM_SC_DATA_FAULT : HSM_SC_OK;
    }
    if (n_segs > HSM_MAX_SEGS || addr % HSM_SEG_ALIGN) {
        return HSM_SC_BAD_SEGMENTS;
    }
    if (hsm_wraps(addr, size)) {
        return HSM_SC_DATA_FAULT;
    }
    buf->n_segs = n_segs;
    buf->segs = g_malloc(size);
    if (hsm_dma(req->s, req->gen, addr, buf->segs, size, HSM_DMA_READ)) {
        return HSM_SC_DATA_FAULT;
    }
    for (unsigned i = 0; i < n_segs; i++) {
        hsm_hostile_buf(req->s, le64_to_cpu(buf->segs[i].addr),
                        le32_to_cpu(buf->segs[i].len));
    }
    return hsm_segs_good(buf) ? HSM_SC_OK : HSM_SC_BAD_SEGMENTS;
}

/* The first @len bytes of the buffer; @op says which way. HSM_SC_*. */
uint16_t hsm_buf_copy(HsmReq *req, HsmBuf *buf, uint32_t len, HsmDma op)
{
    struct hsm_seg whole = {
        .addr = cpu_to_le64(buf->addr),
        .len = cpu_to_le32(buf->len),
    };
    const struct hsm_seg *seg = buf->n_segs ? buf->segs : &whole;
    uint32_t done = 0;

    for (; done < len; seg++) {
        uint32_t n = MIN(len - done, le32_to_cpu(seg->len));

        if (hsm_dma(req->s, req->gen, le64_to_cpu(seg->addr),
                    op == HSM_DMA_PROBE ? NULL : buf->data + done, n, op)) {
            return HSM_SC_DATA_FAULT;
        }
        done += n;
    }
    return HSM_SC_OK;
}

bool hsm_buf_alloc(HsmBuf *buf)
{
    buf->data = g_try_malloc(buf->len);
    return buf->data;
}

/* @used: bytes that may hold a secret. */
void hsm_buf_free(HsmBuf *buf, uint32_t used)
{
    if (buf->data) {
        hsm_wipe(buf->data, used);
        g_free(buf->data);
    }
    g_free(buf->segs);
    memset(buf, 0, sizeof(*buf));
}
