// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cli_cancel.c - ^C. While a command waits for the card it asks the card to stop, until the
 * command is over; a second one, or one at any other time, ends the process.
 *
 * A thread waits for the signal: the one that waits for the card sleeps in the driver, which
 * wakes it for nothing less than its end.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define AGAIN_NS	100000000L	/* a command may send one message after another */

static struct {
	pthread_mutex_t lock;
	const struct cli_tool *busy;	/* its command runs */
	bool asking;			/* but waits for an answer of the user */
	bool pressed;			/* the command that runs was told to stop */
	bool stopped;			/* one of them was */
	bool tty;
	struct termios usual;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* As if nobody had waited for the signal; but no terminal stays without its echo. */
static void end_process(const sigset_t *set)
{
	if (watch.tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &watch.usual);
	signal(SIGINT, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
	raise(SIGINT);
}

/* @signaled: ^C came; else a while has passed. Returns whether to look again in a while. */
static bool on_signal(bool signaled, const sigset_t *set)
{
	const struct cli_tool *tool;
	bool more;

	pthread_mutex_lock(&watch.lock);
	tool = watch.asking ? NULL : watch.busy;
	if (signaled && (!tool || watch.pressed))
		end_process(set);
	if (signaled)
		watch.pressed = watch.stopped = true;
	more = tool && watch.pressed;
	if (more)
		tool->cancel(tool->ctx);
	pthread_mutex_unlock(&watch.lock);
	return more;
}

static void *watch_run(void *arg)
{
	static const struct timespec a_while = { .tv_nsec = AGAIN_NS };
	bool more = false;
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	for (;;)
		more = on_signal((more ? sigtimedwait(&set, NULL, &a_while) :
				  sigwaitinfo(&set, NULL)) == SIGINT, &set);
	return NULL;
}

void cli_watch(void)
{
	struct sigaction now;
	pthread_t thread;
	sigset_t set;

	if (!sigaction(SIGINT, NULL, &now) && now.sa_handler == SIG_IGN)
		return;		/* a background job of a script: it is not meant */
	watch.tty = isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &watch.usual);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!pthread_create(&thread, NULL, watch_run, NULL))
		pthread_detach(thread);
	else
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void cli_busy(const struct cli_tool *tool)
{
	pthread_mutex_lock(&watch.lock);
	watch.busy = tool && tool->cancel ? tool : NULL;
	watch.pressed = false;
	pthread_mutex_unlock(&watch.lock);
}

void cli_asking(bool asking)
{
	pthread_mutex_lock(&watch.lock);
	watch.asking = asking;
	pthread_mutex_unlock(&watch.lock);
}

bool cli_stopped(void)
{
	bool stopped;

	pthread_mutex_lock(&watch.lock);
	stopped = watch.stopped;
	pthread_mutex_unlock(&watch.lock);
	return stopped;
}
