/*
 * QTest of the HSM card: properties
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/resource.h>
#include "qobject/qdict.h"
#include "hsm-lib.h"

typedef struct BadProps {
    const char *props;          /* JSON, after bus */
    const char *error;          /* part of what QEMU must say */
} BadProps;

static const BadProps bad_props[] = {
    { "'x-store': 'memory', 'workers': 0", "workers=0" },
    { "'x-store': 'memory', 'workers': 17", "workers=17" },
    { "'x-store': 'memory', 'queues': 0", "queues=0" },
    { "'x-store': 'memory', 'queues': 33", "queues=33" },
    { "'x-store': 'memory', 'policy': 'lax'", "policy='lax'" },
    { "'x-store': 'memory', 'cluster': 'solo'", "cluster='solo'" },
    { "'x-store': 'memory', 'cluster': ''", "cluster=''" },
    { "'x-store': 'memory', 'cluster': 'none:x'", "takes no ':x'" },
    { "'x-store': 'memory', 'cluster': 'leave:x'", "takes no ':x'" },
    { "'x-store': 'memory', 'cluster': 'group:'", "1 to 63 printable" },
    { "'x-store': 'memory', 'cluster': 'group:a\\tb'", "1 to 63 printable" },
    { "'x-store': 'memory', 'cluster': 'etcd'", "needs a file" },
    { "'x-store': 'memory', 'cluster': 'etcd:'", "needs a file" },
    { "'x-store': 'memory', 'cluster': 'etcd:/nonexistent/cluster.json'",
      "/nonexistent/cluster.json" },
    { "'x-store': 'memory', 'cluster': 'etcd:/dev/null'", "/dev/null" },
    { "'x-store': 'memory', 'address': ''", "address=''" },
    { "'x-store': 'memory', 'address': 'a\\tb'", "printable" },
    { "'x-store': 'memory', 'address': '01234567890123456789012345678901"
      "23456789012345678901234567890123'", "1 to 63 characters" },
    { "'keystore': '/nonexistent/card.db', 'cluster': 'blob'",
      "cluster='blob'" },
    { "'x-store': 'memory', 'zeroize': 'nobody'", "zeroize='nobody'" },
    { "'x-store': 'memory', 'tamper': 'early'", "the card is not there" },
    { "'x-store': 'memory', 'serial': ''", "serial has 0" },
    { "'x-store': 'memory', 'serial': '01234567890123456789012345678901'",
      "serial has 32" },
    { "'x-store': 'memory', 'serial': 'a\\tb'", "serial: character 2" },
    { "'x-store': 'memory', 'max-transfer': 32768", "max-transfer=32768" },
    { "'x-store': 'memory', 'max-transfer': 65537", "max-transfer=65537" },
    { "'x-store': 'memory', 'max-transfer': 2097152", "max-transfer=2097152" },
    { "'x-store': 'memory', 'secret': 'nobody'", "'nobody'" },
    { "'x-store': 'memory', 'keystore': 'x'", "exclude" },
    { "'x-store': 'floppy'", "x-store='floppy'" },
    { "'policy': 'strict'", "keystore= is required" },
    { "'keystore': ''", "keystore= is required" },
    { "'keystore': '/nonexistent/card.db'", "/nonexistent/card.db" },
    { "'keystore': '/nonexistent/card.db', 'secret': 's0'",
      "/nonexistent/card.db" },
    { "'keystore': '/dev/null', 'secret': 's0'", "/dev/null" },
    { "'x-store': 'memory', 'x-fault': 'sulk'", "sulk" },
    { "'x-store': 'memory', 'x-fault': 'stuck'", "stuck" },
    { "'x-store': 'memory', 'x-fault': 'stuck:0'", "stuck:0" },
    { "'x-store': 'memory', 'x-fault': 'stuck:1x'", "stuck:1x" },
};

/* Each is refused with a word about it, and a good card can follow. */
static void test_bad(void)
{
    QTestState *qts = qtest_init("-machine q35 -m 64 "
                                 "-object secret,id=s0,data=abcdef "
                                 "-device pcie-root-port,id=rp0,chassis=1");

    for (unsigned i = 0; i < G_N_ELEMENTS(bad_props); i++) {
        g_autofree char *cmd = g_strdup_printf(
            "{'execute': 'device_add', 'arguments': {'driver': 'hsm-pci', "
            "'bus': 'rp0', %s}}", bad_props[i].props);
        QDict *reply, *error;

        qtest_qmp_send_raw(qts, "%s", cmd);
        reply = qtest_qmp_receive(qts);
        error = qdict_get_qdict(reply, "error");
        g_test_message("%s", error ? qdict_get_str(error, "desc") : cmd);
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(qdict_get_str(error, "desc"),
                                bad_props[i].error));
        qobject_unref(reply);
    }
    qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                         "{'bus': 'rp0', 'x-store': 'memory', 'workers': 16, "
                         "'queues': 32, 'policy': 'strict', 'fips': true, "
                         "'zeroize': 'anyone', "
                         "'serial': 'a serial', 'node-id': 3}");
    qtest_quit(qts);
}

static void check_refused(QTestState *qts, const char *file, const char *secret,
                          const char *word)
{
    QDict *args = qdict_new();
    QDict *error;

    qdict_put_str(args, "driver", "hsm-pci");
    qdict_put_str(args, "bus", "rp1");
    qdict_put_str(args, "keystore", file);
    if (secret) {
        qdict_put_str(args, "secret", secret);
    }
    error = qtest_qmp_assert_failure_ref(qts, "{'execute': 'device_add', "
                                         "'arguments': %p}", args);

    g_test_message("%s", qdict_get_str(error, "desc"));
    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), word));
    qobject_unref(error);
}

static void unplug(QTestState *qts, const char *id)
{
    qtest_qmp_device_del_send(qts, id);
    qtest_system_reset_nowait(qts);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
}

/* One card per store; the store comes back only under its secret. */
static void test_store(void)
{
    g_autofree char *dir = g_dir_make_tmp("hsm-test-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "card.db", NULL);
    g_autofree char *key = g_strconcat(file, ".key", NULL);
    QTestState *qts = qtest_init("-machine q35 -m 64 "
                                 "-object secret,id=s0,data=abcdef "
                                 "-object secret,id=s1,data=ghijkl "
                                 "-device pcie-root-port,id=rp0,chassis=1 "
                                 "-device pcie-root-port,id=rp1,chassis=2");
    struct stat st;

    qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                         "{'bus': 'rp0', 'keystore': %s, 'secret': 's0'}",
                         file);
    g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
    check_refused(qts, file, "s0", file);
    unplug(qts, "hsm0");
    check_refused(qts, file, "s1", "secret");
    check_refused(qts, file, NULL, key);
    g_assert_false(g_file_test(key, G_FILE_TEST_EXISTS));
    qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                         "{'bus': 'rp0', 'keystore': %s, 'secret': 's0'}",
                         file);
    unplug(qts, "hsm0");
    unlink(file);

    /* Without a secret, twice: the key file is made, then used again. */
    for (unsigned i = 0; i < 2; i++) {
        qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                             "{'bus': 'rp0', 'keystore': %s}", file);
        g_assert_cmpint(stat(key, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 0777, ==, 0600);
        g_assert_cmpint(st.st_size, ==, 32);
        unplug(qts, "hsm0");
    }
    qtest_quit(qts);
    unlink(key);
    unlink(file);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* Cards of one process are a cluster: who may not be in it is not added. */
static void test_group(void)
{
    QTestState *qts = qtest_init("-machine q35 -m 64 "
                                 "-object secret,id=s0,data=abcdef "
                                 "-object secret,id=s1,data=ghijkl "
                                 "-device pcie-root-port,id=rp0,chassis=1 "
                                 "-device pcie-root-port,id=rp1,chassis=2");
    static const struct {
        int id;
        const char *secret;
        const char *error;
    } bad[] = {
        { 1, "s1", "another secret" },
        { 0, "s0", "node id 0 is that of the live card HSM00000000" },
    };

    qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                         "{'bus': 'rp0', 'x-store': 'memory', 'secret': 's0', "
                         "'cluster': 'group', 'address': 'here'}");
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        QDict *error = qtest_qmp_assert_failure_ref(
            qts, "{'execute': 'device_add', 'arguments': {'driver': 'hsm-pci', "
            "'bus': 'rp1', 'x-store': 'memory', 'cluster': 'group', "
            "'serial': 'other', 'secret': %s, 'node-id': %d}}", bad[i].secret,
            bad[i].id);

        g_test_message("%s", qdict_get_str(error, "desc"));
        g_assert_nonnull(strstr(qdict_get_str(error, "desc"), bad[i].error));
        qobject_unref(error);
    }
    for (unsigned i = 0; i < 3; i++) {
        qtest_qmp_device_add(qts, "hsm-pci", "hsm1",
                             "{'bus': 'rp1', 'x-store': 'memory', "
                             "'secret': 's0', 'cluster': 'group', "
                             "'node-id': 1}");
        unplug(qts, "hsm1");
    }
    qtest_quit(qts);
}

/* A card whose cluster does not answer is there after a while. */
static void test_away(void)
{
    g_autofree char *dir = g_dir_make_tmp("hsm-test-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "cluster.json", NULL);
    g_autofree char *cluster = g_strconcat("etcd:", file, NULL);
    QTestState *qts = qtest_init("-machine q35 -m 64 "
                                 "-device pcie-root-port,id=rp0,chassis=1");

    g_assert_true(g_file_set_contents(file, "{ \"endpoints\": "
                                      "[ \"http://127.0.0.1:1\" ], "
                                      "\"prefix\": \"/hsm/\" }", -1, NULL));
    qtest_qmp_device_add(qts, "hsm-pci", "hsm0",
                         "{'bus': 'rp0', 'x-store': 'memory', 'cluster': %s}",
                         cluster);
    unplug(qts, "hsm0");
    qtest_quit(qts);
    unlink(file);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

/* The limit that /proc shows for the QEMU of @props. */
static unsigned long core_limit(const char *props)
{
    g_autofree char *args = g_strdup_printf(
        "-machine q35 -m 64 -device pcie-root-port,id=rp0,chassis=1 "
        "-device hsm-pci,bus=rp0,x-store=memory%s", props);
    QTestState *qts = qtest_init(args);
    g_autofree char *path = g_strdup_printf("/proc/%d/limits", qtest_pid(qts));
    g_autofree char *limits = NULL;
    unsigned long hard = 1;
    const char *line;

    g_assert_true(g_file_get_contents(path, &limits, NULL, NULL));
    line = strstr(limits, "Max core file size");
    g_assert_nonnull(line);
    if (sscanf(line, "Max core file size %*s %lu", &hard) != 1) {
        hard = ULONG_MAX;       /* "unlimited" */
    }
    qtest_quit(qts);
    return hard;
}

static void test_core_dump(void)
{
    struct rlimit here;

    getrlimit(RLIMIT_CORE, &here);
    g_assert_cmpuint(core_limit(""), ==, 0);
    if (here.rlim_max) {
        g_assert_cmpuint(core_limit(",core-dump=on"), !=, 0);
    }
}

void hsm_add_props_tests(void)
{
    qtest_add_func("hsm/props/bad", test_bad);
    qtest_add_func("hsm/props/store", test_store);
    qtest_add_func("hsm/props/group", test_group);
    qtest_add_func("hsm/props/away", test_away);
    qtest_add_func("hsm/props/core-dump", test_core_dump);
}
