// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_pty.c - sits at a terminal and types a hidden password: hsm_pty COMMAND [ARG...]
 *
 * The first line of standard input is the password. Then, in turn: a line to wait for
 * (a part of what the terminal shows), and what is typed then ("*": the password). What the
 * terminal shows goes to standard output. Fails if a line does not come, or if the
 * password is shown or stands in the command line or environment of any process.
 */
#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 30000

static char shown[1 << 16];	/* all of it, with zeros taken out */
static size_t len, seen;	/* seen: up to where it was waited for */
static char secret[128];

static bool read_line(char *line, size_t room)
{
	if (!fgets(line, (int)room, stdin))
		return false;
	line[strcspn(line, "\n")] = 0;
	return true;
}

/* Takes in what the terminal shows; false at its end or if nothing comes. */
static bool look(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n, i;
	char buf[512];

	if (poll(&p, 1, WAIT_MS) <= 0)
		return false;
	n = read(fd, buf, sizeof(buf));
	for (i = 0; i < n && len < sizeof(shown) - 1; i++) {
		if (buf[i])
			shown[len++] = buf[i];
	}
	fwrite(buf, 1, n > 0 ? (size_t)n : 0, stdout);
	return n > 0;
}

static bool wait_for(int fd, const char *what)
{
	const char *at;

	while (!(at = strstr(shown + seen, what))) {
		if (!look(fd)) {
			fprintf(stderr, "hsm_pty: '%s' did not come\n", what);
			return false;
		}
	}
	seen = (size_t)(at - shown) + strlen(what);
	return true;
}

static bool file_has_secret(const char *pid, const char *name)
{
	char path[300], buf[1 << 16];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	return memmem(buf, n, secret, strlen(secret));
}

static bool leaks(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	bool found = false;

	while (proc && (e = readdir(proc))) {
		if (isdigit(e->d_name[0]) && (file_has_secret(e->d_name, "cmdline") ||
					      file_has_secret(e->d_name, "environ"))) {
			fprintf(stderr, "hsm_pty: process %s shows the password\n", e->d_name);
			found = true;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

static bool type(int fd, const char *line)
{
	const char *text = strcmp(line, "*") ? line : secret;

	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) && write(fd, "\n", 1) == 1;
}

static bool talk(int fd)
{
	char line[512];

	while (read_line(line, sizeof(line))) {
		if (!wait_for(fd, line))
			return false;
		if (!read_line(line, sizeof(line)))
			return true;
		if (!type(fd, line) || leaks())
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool ok;
	int fd;
	pid_t pid;

	if (argc < 2 || !read_line(secret, sizeof(secret)) || !*secret) {
		fputs("usage: hsm_pty COMMAND [ARG...]\n", stderr);
		return 2;
	}
	pid = forkpty(&fd, NULL, NULL, NULL);
	if (!pid) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	ok = talk(fd);
	while (look(fd))
		;
	close(fd);
	waitpid(pid, NULL, 0);
	if (strstr(shown, secret)) {
		fputs("hsm_pty: the terminal shows the password\n", stderr);
		ok = false;
	}
	return !ok;
}
