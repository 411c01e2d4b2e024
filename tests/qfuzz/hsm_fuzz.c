/*
 * Fuzzing of the HSM card: inputs that are a guest's doings
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two targets of qemu-fuzz-x86_64: "hsm", and "hsm-race", in which a second
 * processor changes what the card reads. An input is a byte of flags and
 * records of eight bytes: an operation, three small numbers and a word.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "hsm/hsm_cmd.h"
#include "tests/qtest/fuzz/fuzz.h"
#include "hsm_guest.h"

#define FLAG_RAW        0x01    /* the card is not made ready first */
#define FLAG_HURRY      0x02    /* reset while commands run */
#define LINGER_US       3000    /* else they have this long */
#define RECORDS_MAX     128
#define FIRST_SESSION   0x01000000u
#define LIST_BYTES      0x1000  /* from one segment list to the next */
#define LISTS           4
#define MESSAGE_BYTES   0x100

typedef struct Record {
    uint8_t op;
    uint8_t a;
    uint8_t b;
    uint8_t c;
    uint32_t val;
} Record;

static Guest guest;

static void sqe_set(Guest *g, unsigned word, uint32_t val)
{
    g->sqe[word] = guest_tame(true, word, val);
}

/* One direction of the entry's data: a buffer, or list @lists of segments. */
static void sqe_data(Guest *g, bool out, uint64_t addr, uint32_t len,
                     uint16_t segs)
{
    unsigned word = out ? 4 : 2;
    uint32_t both = g->sqe[11];

    g->sqe[word] = addr;
    g->sqe[word + 1] = addr >> 32;
    g->sqe[out ? 7 : 6] = len;
    g->sqe[11] = out ? (both & 0xffff) | (uint32_t)segs << 16
                     : (both & 0xffff0000) | segs;
}

/* A new entry, as a driver fills it in: opcode, context, timeout. */
static void op_entry(Guest *g, const Record *r)
{
    static const uint8_t opcodes[] = {
        HSM_OP_EXEC, HSM_OP_RANDOM, HSM_OP_NOP, HSM_OP_CTX_OPEN,
        HSM_OP_CTX_CLOSE, HSM_OP_ABORT, HSM_OP_EXEC, 0x77,
    };
    uint8_t opcode = opcodes[r->a % ARRAY_SIZE(opcodes)];
    bool data = opcode == HSM_OP_EXEC;

    memset(g->sqe, 0, sizeof(g->sqe));
    sqe_set(g, 0, opcode);
    sqe_set(g, 1, r->b % 4);
    sqe_set(g, 8, (uint32_t)PLACE_LOW << 24 | r->c);
    if (opcode == HSM_OP_ABORT) {
        sqe_set(g, 10, GUEST_CID | (r->val & 0xff));
    }
    if (data) {
        uint32_t at = (r->val & 0x0f) * MESSAGE_BYTES;

        sqe_data(g, false, HSM_IN_AT + at, 16 + (r->val >> 4 & 0xff), 0);
        sqe_set(g, 9, 0xff);
    }
    if (data || opcode == HSM_OP_RANDOM) {
        sqe_data(g, true, HSM_OUT_AT, 16 + (r->val >> 16 & 0xfff), 0);
    }
}

static void op_buffer(Guest *g, const Record *r)
{
    sqe_data(g, r->c & 1, guest_addr(r->a, r->val & 0xffff), r->val >> 16,
             r->c & 2 ? r->b : 0);
    if (r->c & 4) {
        sqe_set(g, r->c & 1 ? 5 : 3, r->val);
    }
}

static void op_list(Guest *g, const Record *r)
{
    sqe_data(g, r->c & 1, HSM_LIST_AT + r->a % LISTS * LIST_BYTES, r->val,
             1 + r->b + (r->c >> 7));
}

static void op_field(Guest *g, const Record *r)
{
    sqe_set(g, r->a % GUEST_SQE_WORDS, r->val);
}

static void op_put(Guest *g, const Record *r)
{
    unsigned q = r->a % GUEST_QUEUES;
    HsmRing *ring = &g->card.ring[q];

    for (unsigned n = r->b % 8 + 1; n; n--) {
        uint32_t slot = ring->tail++ & ((1u << ring->log2_size) - 1);
        uint32_t first = g->sqe[0] | (uint32_t)(g->cid++ & 0xff) << 16;

        for (unsigned i = 0; i < GUEST_SQE_WORDS; i++) {
            guest_poke(g, q, slot * sizeof(struct hsm_sqe) + i * 4,
                       i ? g->sqe[i] : first);
        }
    }
    if (r->c & 1) {
        hsm_ring(&g->card, q);
    }
}

static void op_bell(Guest *g, const Record *r)
{
    unsigned q = r->a % (GUEST_QUEUES + 1);
    uint32_t reg = HSM_REG_DOORBELL + q * HSM_REG_DOORBELL_STRIDE;
    uint32_t tail = g->card.ring[q].tail;
    uint32_t done = qatomic_read(&g->dev->queue[q].cq_tail);
    const struct {
        uint32_t reg;
        uint32_t val;
    } bells[] = {
        { HSM_DB_SQ_TAIL, tail },
        { HSM_DB_CQ_HEAD, done },
        { HSM_DB_SQ_TAIL, tail + r->val },
        { HSM_DB_CQ_HEAD, done + r->val },
        { HSM_DB_SQ_TAIL, r->val },
        { HSM_DB_CQ_HEAD, r->val },
    };
    unsigned i = r->b % ARRAY_SIZE(bells);

    hsm_wr(&g->card, reg + bells[i].reg, bells[i].val);
}

static void op_segment(Guest *g, const Record *r)
{
    uint32_t list = r->a % LISTS * LIST_BYTES;
    uint32_t len = r->val >> 16;

    for (unsigned n = 0; n <= r->a >> 4; n++) {
        uint64_t addr = guest_addr(r->c, (r->val & 0xffff) + n * len);
        uint32_t at = list + (r->b + n) % HSM_MAX_SEGS * sizeof(struct hsm_seg);

        guest_poke(g, AREA_LIST, at, addr);
        guest_poke(g, AREA_LIST, at + 4, addr >> 32);
        guest_poke(g, AREA_LIST, at + 8, len);
        guest_poke(g, AREA_LIST, at + 12, 0);
    }
}

static size_t put_tlv(uint8_t *p, uint32_t tag, const void *val, uint32_t len)
{
    stl_le_p(p, tag);
    stl_le_p(p + 4, len);
    memcpy(p + 8, val, len);
    return 8 + len;
}

static size_t put_u32(uint8_t *p, uint32_t tag, uint32_t val)
{
    uint32_t le = cpu_to_le32(val);

    return put_tlv(p, tag, &le, sizeof(le));
}

static size_t put_login(uint8_t *p)
{
    size_t n = put_u32(p, HSM_TAG_USER_TYPE, HSM_USER_CO);

    n += put_tlv(p + n, HSM_TAG_USER_NAME, "admin", 5);
    return n + put_tlv(p + n, HSM_TAG_PASSWORD, "not this", 8);
}

/* A message that the firmware can read; @val is what its one tag says. */
static void op_message(Guest *g, const Record *r)
{
    static const uint16_t opcodes[] = {
        HSM_CMD_NOP, HSM_CMD_CARD_INFO, HSM_CMD_RANDOM, HSM_CMD_SESSION_OPEN,
        HSM_CMD_SESSION_CLOSE, HSM_CMD_LOGIN, HSM_CMD_LOGIN_STATUS,
        HSM_CMD_KEY_FIND, HSM_CMD_CERT, HSM_CMD_AUDIT_READ, HSM_CMD_CHALLENGE,
        HSM_CMD_USER_LIST, HSM_CMD_CLUSTER_INFO, HSM_CMD_LOGOUT, 0xffff,
    };
    uint16_t opcode = opcodes[r->a % ARRAY_SIZE(opcodes)];
    uint8_t *p = g->ram + HSM_IN_AT + r->b % 16 * MESSAGE_BYTES;
    size_t n = 16;

    if (opcode == HSM_CMD_LOGIN) {
        n += put_login(p + n);
    } else if (r->val) {
        n += put_u32(p + n, opcode == HSM_CMD_CERT ? HSM_TAG_CERT
                                                   : HSM_TAG_LEN, r->val);
    }
    stl_le_p(p, opcode);
    stl_le_p(p + 4, n);
    stl_le_p(p + 8, FIRST_SESSION + (r->c & 3));
    stl_le_p(p + 12, 0);
    /* It is what EXEC sends next. */
    if (r->c & 0x80) {
        sqe_data(g, false, HSM_IN_AT + r->b % 16 * MESSAGE_BYTES, n, 0);
    }
}

/*
 * Registers, MSI-X table and configuration space. What would let the card write
 * to watched memory is changed: it would be right to.
 */
static void op_write(Guest *g, const Record *r)
{
    GuestPlace place = PLACE_REGS + r->a % 3;
    uint32_t off = r->b << 8 | r->c;
    uint32_t size = 1 << (r->a >> 4 & 3);
    uint64_t val = r->val < GUEST_RAM ? r->val & 0xffff : r->val;

    if (place == PLACE_REGS && off >= HSM_REG_QUEUE && off < HSM_REG_DOORBELL &&
        !(hsm_rd(&g->card, HSM_REG_CTRL) & HSM_CTRL_EN)) {
        return;
    }
    if (place != PLACE_REGS) {
        size = MIN(size, 4);
        off &= ~3u;
    }
    if (place == PLACE_TABLE) {
        size = 4;
        val = off % PCI_MSIX_ENTRY_SIZE ? val : guest_addr(r->val >> 24, val);
    }
    if (place == PLACE_CONFIG && off >= PCI_BASE_ADDRESS_0 &&
        off <= PCI_BASE_ADDRESS_5) {
        size = 4;
        val |= 0x10000000; /* not where another one is */
    }
    val |= val << 32;
    qtest_memwrite(g->card.qts, guest_addr(place, off), &val, size);
}

static void op_read(Guest *g, const Record *r)
{
    uint64_t val;

    qtest_memread(g->card.qts,
                  guest_addr(PLACE_REGS + r->a % 3, r->b << 8 | r->c), &val,
                  1 << (r->a >> 4 & 3));
}

static void op_poke(Guest *g, const Record *r)
{
    unsigned area = r->a % AREAS;
    uint32_t offset = r->b << 8 | r->c;

    guest_poke(g, area, offset, guest_tame(area < AREA_LIST,
                                           offset / 4 % GUEST_SQE_WORDS,
                                           r->val));
}

static void op_ctrl(Guest *g, const Record *r)
{
    guest_check_entries(g);
    hsm_wr(&g->card, HSM_REG_CTRL, r->a & 3);
    if (!(r->a & HSM_CTRL_EN)) {
        guest_forget(g);
    }
}

static void op_queue(Guest *g, const Record *r)
{
    guest_queue(g, r->a % (GUEST_QUEUES + 1), r->val & 0x80 ? r->val :
                r->val & 0x0f, r->val >> 8 & 0xff, r->b, r->c);
}

static void op_flr(Guest *g, const Record *r)
{
    uint8_t exp = qpci_find_capability(g->card.dev, PCI_CAP_ID_EXP, 0);

    guest_check_entries(g);
    qpci_config_writew(g->card.dev, exp + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
    guest_forget(g);
    if (!(r->a & 1)) {
        guest_restore_config(g);
    }
}

static void op_wait(Guest *g, const Record *r)
{
    guest_let(r->a * 4);
}

static void op_race(Guest *g, const Record *r)
{
    unsigned area = r->a % AREAS;
    uint32_t at = r->b * 64 + r->c % GUEST_SQE_WORDS * 4;
    bool sqe = area < AREA_LIST;

    /* In a ring: one of its first entries. */
    if (sqe) {
        at %= 16 * sizeof(struct hsm_sqe);
    }
    racer_add(g, area, at, guest_tame(sqe, r->c % GUEST_SQE_WORDS, r->val));
}

static void (*const ops[])(Guest *g, const Record *r) = {
    op_entry, op_put, op_buffer, op_message, op_list, op_segment, op_field,
    op_bell, op_wait, op_race, op_poke, op_write, op_read, op_ctrl, op_queue,
    op_flr,
};

/* Two queue pairs, context 1 and a session in it. */
static void make_ready(Guest *g)
{
    static const Record script[] = {
        { .a = 3, .b = 1 },                     /* entry: CTX_OPEN 1 */
        { .op = 1, .c = 1 },                    /* put, kick */
        { .op = 8, .a = 10 },
        { .op = 3, .a = 3 },                    /* message: SESSION_OPEN */
        { .a = 0, .b = 1, .val = 0x01000000 },  /* entry: EXEC of it */
        { .op = 1, .c = 1 },
        { .op = 8, .a = 10 },
    };

    hsm_wr(&g->card, HSM_REG_CTRL, HSM_CTRL_EN);
    for (unsigned i = 0; i < ARRAY_SIZE(script); i++) {
        ops[script[i].op](g, &script[i]);
    }
    hsm_wr(&g->card, HSM_REG_DOORBELL + HSM_DB_CQ_HEAD,
           qatomic_read(&g->dev->queue[0].cq_tail));
}

static void fuzz(QTestState *qts, const unsigned char *data, size_t size)
{
    Guest *g = &guest;
    Record r;

    if (!size) {
        return;
    }
    guest_start(g);
    if (!(data[0] & FLAG_RAW)) {
        make_ready(g);
    }
    for (size_t i = 0; i < RECORDS_MAX && 1 + (i + 1) * sizeof(r) <= size;
         i++) {
        memcpy(&r, data + 1 + i * sizeof(r), sizeof(r));
        r.val = le32_to_cpu(r.val);
        ops[r.op % ARRAY_SIZE(ops)](g, &r);
    }
    if (!(data[0] & FLAG_HURRY)) {
        guest_wait_idle(g, LINGER_US);
    }
    guest_check_card(g);
}

static void pre_fuzz(QTestState *qts)
{
    guest_init(&guest, qts, false);
}

static void pre_fuzz_race(QTestState *qts)
{
    guest_init(&guest, qts, true);
}

static GString *command_line(const char *store)
{
    GString *line = g_string_new(TARGET_NAME);

    g_string_append_printf(line, " -machine q35,accel=qtest -nodefaults "
                           "-display none -m %uM -device hsm-pci,%s,queues=%u,"
                           "core-dump=on,"
                           HSM_TEST_SLOT, GUEST_RAM >> 20, store,
                           GUEST_QUEUES + 1);
    return line;
}

static GString *command_line_memory(FuzzTarget *t)
{
    return command_line("x-store=memory");
}

/* A store whose commands end on a thread of its own. */
static GString *command_line_file(FuzzTarget *t)
{
    g_autofree char *dir = g_dir_make_tmp("hsm-fuzz.XXXXXX", NULL);
    g_autofree char *store = NULL;

    g_assert_nonnull(dir);
    store = g_strdup_printf("keystore=%s/store", dir);
    return command_line(store);
}

static void register_targets(void)
{
    fuzz_add_target(&(FuzzTarget) {
        .name = "hsm",
        .description = "the HSM card: rings, entries, segment lists, resets",
        .get_init_cmdline = command_line_memory,
        .pre_fuzz = pre_fuzz,
        .fuzz = fuzz,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "hsm-race",
        .description = "the same with a processor that writes meanwhile",
        .get_init_cmdline = command_line_file,
        .pre_fuzz = pre_fuzz_race,
        .fuzz = fuzz,
    });
}

fuzz_target_init(register_targets);
