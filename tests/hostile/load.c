// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load.c - threads and processes that use a card: messages of all sizes between guard
 * bytes, cancels, opening and closing, processes that are killed, /dev/hwrng.
 */
#include <signal.h>
#include <sys/wait.h>

#include "hsm_threads.h"
#include "load.h"

#define GUARD_BYTE	0xa5
#define GUARD_BYTES	256

static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER;

void load_wrong(struct load *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	pthread_mutex_lock(&wrong_lock);
	if (!*l->wrong)
		vsnprintf(l->wrong, sizeof(l->wrong), fmt, ap);
	pthread_mutex_unlock(&wrong_lock);
	va_end(ap);
}

static bool load_over(struct load *l)
{
	return atomic_load(&l->stop) || now_ms() > l->end;
}

struct worker {
	struct load *l;
	pthread_t tid;
	int fd;			/* with a context that the card has opened, or -1 */
	unsigned int seed;
	uint8_t in[1 << 20];
	uint8_t out[(1 << 20) + GUARD_BYTES];
};

/* The errors of EXEC that a card can be the cause of. */
static bool errno_known(int err)
{
	static const int known[] = {
		ENOSPC, EAGAIN, EINTR, ETIMEDOUT, ECANCELED, ESTALE, ENODEV, EIO, ENOMEM,
	};

	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (err == known[i])
			return true;
	return false;
}

/* The first byte from `from' on that was written to; room + GUARD_BYTES if none. */
static uint32_t written_at(const struct worker *w, uint32_t from, uint32_t room)
{
	while (from < room + GUARD_BYTES && w->out[from] == GUARD_BYTE)
		from++;
	return from;
}

static void judge(struct worker *w, const struct hsm_exec *exec, uint32_t room, int err)
{
	uint32_t dirty = written_at(w, err ? 0 : exec->out_len, room);

	if (err && !errno_known(err))
		load_wrong(w->l, "EXEC: errno %d is not in the table", err);
	if (!err && exec->out_len > room)
		load_wrong(w->l, "EXEC: a reply of %u bytes in a room of %u", exec->out_len, room);
	if (err == ENOSPC && (exec->out_len <= room || exec->out_len > w->l->max))
		load_wrong(w->l, "EXEC: ENOSPC of %u wants %u of %u", room, exec->out_len, w->l->max);
	if (err && err != ENOSPC && exec->out_len != room)
		load_wrong(w->l, "EXEC: errno %d changed out_len", err);
	if (dirty < room + GUARD_BYTES)
		load_wrong(w->l, "EXEC: errno %d, room %u, reply %u: byte %u was written", err, room,
			   exec->out_len, dirty);
}

static uint32_t any_size(struct worker *w)
{
	static const uint32_t sizes[] = { 1, 16, 17, 255, 4095, 4096, 4097, 8192, 12289, 65536 };
	uint32_t size = sizes[(unsigned int)rand_r(&w->seed) % 10];

	return size < w->l->max ? size : w->l->max;
}

static void one_call(struct worker *w, int fd)
{
	uint32_t room = any_size(w);
	struct hsm_exec exec = {
		.size = sizeof(exec), .in_len = any_size(w), .out_len = room,
		.in = (uintptr_t)w->in, .out = (uintptr_t)w->out,
		.timeout_ms = 400, .cookie = 1 + (unsigned int)rand_r(&w->seed) % 4,
	};
	uint64_t start = now_ms(), took;
	int err;

	memset(w->out, GUARD_BYTE, room + GUARD_BYTES);
	err = ioctl(fd, HSM_IOC_EXEC, &exec) ? errno : 0;
	took = now_ms() - start;
	if (took > w->l->max_call_ms)
		load_wrong(w->l, "EXEC: took %u ms", (unsigned int)took);
	judge(w, &exec, room, err);
	atomic_fetch_add(&w->l->calls, 1);
	if (!err)
		atomic_fetch_add(&w->l->replies, 1);
	else
		sleep_ms(5);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	int fd = -1;

	/* A NOP, and often something that is none. */
	w->in[4] = 16;
	while (!load_over(w->l)) {
		if (w->fd >= 0 && rand_r(&w->seed) % 4) {
			one_call(w, w->fd);
			continue;
		}
		fd = open(hsm_path(), (rand_r(&w->seed) % 2 ? O_RDWR : O_RDONLY) | O_CLOEXEC |
			  (rand_r(&w->seed) % 8 ? 0 : O_NONBLOCK));
		if (fd < 0) {
			sleep_ms(10);
			continue;
		}
		for (int i = rand_r(&w->seed) % 4; i >= 0 && !load_over(w->l); i--)
			one_call(w, fd);
		close(fd);
	}
	return NULL;
}

static void *canceller_main(void *arg)
{
	struct worker *w = arg;
	struct hsm_info info;
	uint32_t count;
	int err;

	while (!load_over(w->l)) {
		err = -hsm_cancel(w->fd, 1 + (unsigned int)rand_r(&w->seed) % 4, &count);
		if (err && err != ENOENT && err != ENODEV && err != EBADF)
			load_wrong(w->l, "CANCEL: errno %d is not in the table", err);
		info = (struct hsm_info) { .size = sizeof(info) };
		if (w->fd >= 0 && ioctl(w->fd, HSM_IOC_INFO, &info))
			load_wrong(w->l, "INFO: errno %d", errno);
		sleep_ms(20);
	}
	return NULL;
}

/* Processes that are killed in the middle of a call: one in EXEC, one in /dev/hwrng. */
static void victim_main(struct worker *w, bool hwrng)
{
	uint8_t bytes[512];
	int fd = hwrng ? open("/dev/hwrng", O_RDONLY | O_CLOEXEC) : hsm_open();

	for (;;) {
		if (!hwrng && fd >= 0)
			one_call(w, fd);
		else if (fd < 0 || read(fd, bytes, sizeof(bytes)) <= 0)
			sleep_ms(20);
	}
}

static bool victim_gone(pid_t pid, uint64_t end)
{
	while (!waitpid(pid, NULL, WNOHANG)) {
		if (now_ms() > end)
			return false;
		sleep_ms(5);
	}
	return true;
}

static void *killer_main(void *arg)
{
	struct worker *w = arg;
	bool hwrng = false;

	while (!load_over(w->l)) {
		pid_t pid = fork();

		if (!pid)
			victim_main(w, hwrng);
		sleep_ms(30 + rand_r(&w->seed) % 100);
		kill(pid, SIGKILL);
		if (pid > 0 && !victim_gone(pid, now_ms() + w->l->max_call_ms))
			load_wrong(w->l, "%s: a killed process does not end", hwrng ? "hwrng" : "EXEC");
		hwrng = !hwrng;
	}
	return NULL;
}

bool load_run(struct load *l, unsigned int ms, int fd, unsigned int seed)
{
	static struct worker worker[LOAD_WORKERS + 2];
	bool back = true;

	l->end = now_ms() + ms;
	for (int i = 0; i < LOAD_WORKERS + 2; i++) {
		struct worker *w = &worker[i];

		w->l = l;
		w->fd = i == 0 || i == LOAD_WORKERS ? fd : -1;
		w->seed = seed * 64 + (unsigned int)i;
		pthread_create(&w->tid, NULL, i < LOAD_WORKERS ? worker_main :
			       i == LOAD_WORKERS ? canceller_main : killer_main, w);
	}
	for (int i = 0; i < LOAD_WORKERS + 2; i++)
		back &= join_by(worker[i].tid, l->end + 2 * l->max_call_ms);
	return back;
}
