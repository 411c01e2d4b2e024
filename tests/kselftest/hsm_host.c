// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_host.c - stands on the host beside QEMU and does for the tests in the guest
 * what only the host can: faults, unplugging, plugging.
 *
 *	hsm_host QMP-SOCKET FOLDER
 *
 * A file "request" in the folder, which guest and host share, holds one QMP command;
 * the answer goes into "reply". Runs until QEMU closes the socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static FILE *connect_qmp(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	for (int i = 0; fd >= 0 && i < 500; i++) {
		if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
			return fdopen(fd, "r+");
		sleep_ms(20);
	}
	return NULL;
}

/* Sends one command and takes its answer; events in between are dropped. */
static bool command(FILE *qmp, const char *json, char *line, int room)
{
	fseek(qmp, 0, SEEK_CUR);
	if (fprintf(qmp, "%s\n", json) < 0 || fflush(qmp))
		return false;
	while (fgets(line, room, qmp))
		if (!strncmp(line, "{\"return\"", 9) || !strncmp(line, "{\"error\"", 8))
			return true;
	return false;
}

static bool serve(FILE *qmp, const char *request, const char *tmp, const char *reply)
{
	char json[4096], line[65536];
	FILE *f = fopen(request, "re");
	size_t n;

	if (!f)
		return true;
	n = fread(json, 1, sizeof(json) - 1, f);
	fclose(f);
	json[n] = 0;
	unlink(request);
	if (!command(qmp, json, line, sizeof(line)))
		return false;
	fprintf(stderr, "hsm_host: %s -> %s", json, line);
	f = fopen(tmp, "we");
	if (!f || fputs(line, f) < 0 || fclose(f) || rename(tmp, reply)) {
		fprintf(stderr, "hsm_host: %s: %s\n", reply, strerror(errno));
		return false;
	}
	return true;
}

static bool hung_up(FILE *qmp)
{
	struct pollfd p = { .fd = fileno(qmp), .events = POLLRDHUP };

	return poll(&p, 1, 0) && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

int main(int argc, char **argv)
{
	char request[512], tmp[512], reply[512], line[65536];
	FILE *qmp;

	if (argc != 3) {
		fprintf(stderr, "usage: hsm_host QMP-SOCKET FOLDER\n");
		return 2;
	}
	snprintf(request, sizeof(request), "%s/request", argv[2]);
	snprintf(tmp, sizeof(tmp), "%s/reply.tmp", argv[2]);
	snprintf(reply, sizeof(reply), "%s/reply", argv[2]);
	qmp = connect_qmp(argv[1]);
	if (!qmp || !fgets(line, sizeof(line), qmp) ||
	    !command(qmp, "{\"execute\":\"qmp_capabilities\"}", line, sizeof(line))) {
		fprintf(stderr, "hsm_host: no QMP at %s\n", argv[1]);
		return 1;
	}
	while (!hung_up(qmp) && serve(qmp, request, tmp, reply))
		sleep_ms(10);
	return 0;
}
