/* A QEMU plugin that says, at the end, how many instructions the emulated program ran (user mode, all its threads). */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* What is used of QEMU's plugin interface, version 1, of which Debian packages no header. */
struct qemu_plugin_tb;
typedef uint64_t qemu_plugin_id_t;
typedef void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*ended)(qemu_plugin_id_t, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int operation, void *number, uint64_t value);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, ended, void *);
unsigned long qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_outs(const char *);

enum { ADD = 0 };
int qemu_plugin_version = 1;
static uint64_t count;

static void at_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD, &count, qemu_plugin_tb_n_insns(block));
}

static void at_end(qemu_plugin_id_t id, void *data) {
    char line[64];
    (void)id, (void)data;
    snprintf(line, sizeof line, "instructions %" PRIu64 "\n", count);
    qemu_plugin_outs(line);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *information, int n, char **arguments) {
    (void)information, (void)n, (void)arguments;
    qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation);
    qemu_plugin_register_atexit_cb(id, at_end, 0);
    return 0;
}
