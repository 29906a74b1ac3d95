// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the test guest: runs the programs that /gen/tests names, one after
 * the other, and resets the guest.
 *
 * /gen/tests has one test a line, tab separated:
 *	<time limit in seconds> [@<file>=<text> ...] <path> [<argument> ...]
 * where each text is written to its file, a kernel parameter say, before.
 *
 * /gen/guest says what there is to know of the guest, a line each:
 *	report <device>		where init's words go
 *	clock <name>		the clock source that the kernel has to find
 *	flag <name>		a flag of the processor
 *	param <module>.<name>	a parameter of a module
 *
 * What it says, line by line:
 *	@gen guest cpus=<n> kvm=<0|1> clock=<0|1> <flag>=<0|1> <name>=<its first letter> ...
 *	@gen param <module>.<parameter>=<its value now, or nothing>
 *	@gen begin <index>
 *	| <a line of the test's stdout or stderr>
 *	@gen end <index> exit|signal|timeout|stuck|missing <number> <milliseconds>
 *	@gen done
 * and begin and end also into the kernel's own log, so that a kernel message
 * can be given to the test that caused it.  The prefix "| " keeps a test from
 * speaking as init.
 *
 * Run on the host it prints the frequency of the processor's clock in kHz, where it can.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS	64
#define MAX_OUTPUT	(256 * 1024)	/* bytes kept of one test */
#define CLOCKSOURCES	"/sys/devices/system/clocksource/clocksource0/available_clocksource"
#define POLL_MS		5
#define REAP_MS		5000		/* from SIGKILL to "stuck" */

static FILE *report;
static FILE *kmsg;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void say(FILE *to, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fflush(to);
}

static void mount_all(void)
{
	static const char *const mounts[][2] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "cgroup2", "/sys/fs/cgroup" },
		{ "tmpfs", "/tmp" },
		{ "tmpfs", "/dev/shm" },
		{ "hugetlbfs", "/dev/hugepages" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL);
	}
}

/* Some tests map a guest as large as this machine, and touch little of it. */
static void allow_overcommit(void)
{
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "w");

	if (f) {
		fputs("1", f);
		fclose(f);
	}
}

static FILE *open_report(FILE *list)
{
	struct termios t;
	char path[64];
	int fd = -1;

	if (list && fscanf(list, "report %63s\n", path) == 1)
		fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		exit(1);
	if (!tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		cfsetspeed(&t, B115200);
		tcsetattr(fd, TCSANOW, &t);
	}
	return fdopen(fd, "w");
}

static int has_cpu_flag(const char *flag)
{
	static char text[16384];
	FILE *f = fopen("/proc/cpuinfo", "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	char *line;

	if (f)
		fclose(f);
	text[n] = 0;
	line = strstr(text, "\nflags");
	if (!line)
		return 0;
	for (char *w = strtok(line + 1, " \t"); w; w = strtok(NULL, " \t")) {
		if (strchr(w, '\n'))
			return !strncmp(w, flag, strcspn(w, "\n")) &&
			       strlen(flag) == strcspn(w, "\n");
		if (!strcmp(w, flag))
			return 1;
	}
	return 0;
}

static char parameter(const char *module, const char *name)
{
	char path[256];
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	f = fopen(path, "r");
	c = f ? fgetc(f) : '-';
	if (f)
		fclose(f);
	return c == EOF ? '-' : (char)c;
}

/* What became of each module.parameter=value of the command line. */
static void describe_parameters(void)
{
	static char words[4096];
	char path[256], value[64];
	FILE *f = fopen("/proc/cmdline", "r"), *p;
	char *dot, *end, *w;

	if (!f || !fgets(words, sizeof(words), f))
		return;
	fclose(f);
	for (w = strtok(words, " \n"); w; w = strtok(NULL, " \n")) {
		dot = strchr(w, '.');
		end = strchr(w, '=');
		if (!dot || !end || dot > end)
			continue;
		*dot = *end = 0;
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", w, dot + 1);
		p = fopen(path, "r");
		if (!p || !fgets(value, sizeof(value), p))
			strcpy(value, "");
		if (p)
			fclose(p);
		value[strcspn(value, "\n")] = 0;
		say(report, "@gen param %s.%s=%s\n", w, dot + 1, value);
	}
}

/* A kernel that found no TSC, say, has none to offer to its guests either. */
static int has_clock(const char *name)
{
	char text[256] = "";
	FILE *f = fopen(CLOCKSOURCES, "r");

	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = 0;
		fclose(f);
	}
	return strstr(text, name) != NULL;
}

static void describe_guest(FILE *list)
{
	char what[16], name[128];
	char *dot;

	say(report, "@gen guest cpus=%ld kvm=%d",
	    sysconf(_SC_NPROCESSORS_ONLN), !access("/dev/kvm", R_OK | W_OK));
	while (list && fscanf(list, "%15s %127s", what, name) == 2) {
		dot = strchr(name, '.');
		if (!strcmp(what, "clock")) {
			say(report, " clock=%d", has_clock(name));
		} else if (!strcmp(what, "flag")) {
			say(report, " %s=%d", name, has_cpu_flag(name));
		} else if (!strcmp(what, "param") && dot) {
			*dot = 0;
			say(report, " %s=%c", dot + 1, parameter(name, dot + 1));
		}
	}
	say(report, "\n");
}

/* Whole lines only; @tail keeps the start of a line between two calls. */
static void forward(const char *text, size_t n, int *at_start, size_t *kept)
{
	for (size_t i = 0; i < n; i++) {
		if (++*kept == MAX_OUTPUT)
			fputs("\n| (more output was cut here)", report);
		if (*kept >= MAX_OUTPUT)
			continue;
		if (*at_start)
			fputs("| ", report);
		*at_start = text[i] == '\n';
		fputc(text[i], report);
	}
	fflush(report);
}

static void become_test(char **argv, int out)
{
	struct rlimit files = { 1 << 20, 1 << 20 }, core = { 0, 0 };
	int in = open("/dev/null", O_RDONLY);

	setsid();
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &core);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Returns 0 where the guest cannot go on because the test cannot be killed. */
static int run(int index, int limit_s, int ready, char **argv)
{
	long long start = now_ms(), killed = 0;
	int status = 0, reaped = 0, at_start = 1, fds[2];
	const char *how = NULL;
	size_t kept = 0;
	char text[4096];
	pid_t child;

	say(kmsg, "<1>gen: begin %d\n", index);
	say(report, "@gen begin %d\n", index);
	if (!ready || access(argv[0], X_OK) || pipe2(fds, O_CLOEXEC)) {
		say(report, "@gen end %d missing %d 0\n", index, errno);
		return 1;
	}
	child = fork();
	if (!child)
		become_test(argv, fds[1]);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);

	for (;;) {
		struct pollfd p = { .fd = fds[0], .events = POLLIN };
		ssize_t n = 0;

		poll(&p, 1, POLL_MS);
		if (fds[0] >= 0)
			n = read(fds[0], text, sizeof(text));
		if (n > 0) {
			forward(text, n, &at_start, &kept);
		} else if (!n && fds[0] >= 0) {
			close(fds[0]);
			fds[0] = -1;
		}
		if (!reaped && waitpid(child, &status, WNOHANG) == child) {
			reaped = 1;
			/* What the test left running must not see the next. */
			kill(-1, SIGKILL);
			killed = killed ? killed : now_ms();
		}
		if (reaped && (fds[0] < 0 || n < 0))
			break;
		if (!killed && now_ms() - start > limit_s * 1000LL) {
			how = "timeout";
			killed = now_ms();
			kill(-1, SIGKILL);
		}
		if (killed && now_ms() - killed > REAP_MS) {
			how = reaped ? how : "stuck";
			break;
		}
	}
	if (fds[0] >= 0)
		close(fds[0]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (!at_start && kept)
		say(report, "\n");
	say(kmsg, "<1>gen: end %d\n", index);
	if (!how)
		how = WIFSIGNALED(status) ? "signal" : "exit";
	say(report, "@gen end %d %s %d %lld\n", index, how,
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    now_ms() - start);
	return strcmp(how, "stuck") != 0;
}

/* @what is a file and the text to write to it, "file=text". */
static int set(char *what)
{
	char *equals = strchr(what, '=');
	int fd, ok;

	if (!equals)
		return 0;
	*equals = 0;
	fd = open(what, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, equals + 1, strlen(equals + 1)) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void run_all(void)
{
	FILE *list = fopen("/gen/tests", "re");
	char line[4096], *argv[MAX_ARGS + 1];

	for (int index = 0; list && fgets(line, sizeof(line), list); index++) {
		char *limit = strtok(line, "\t\n"), *word;
		int n = 0, ready = 1;

		while (n < MAX_ARGS && (word = strtok(NULL, "\t\n"))) {
			if (!n && word[0] == '@')
				ready = set(word + 1) && ready;
			else
				argv[n++] = word;
		}
		argv[n] = NULL;
		if (!limit || !n)
			continue;
		if (!run(index, atoi(limit), ready, argv))
			return;
	}
	say(report, "@gen done\n");
}

#if __has_builtin(__builtin_ia32_rdtsc)
#define ticks()		__builtin_ia32_rdtsc()
#else
#define ticks()		0ULL
#endif

/* The median of some short measurements: what disturbs one is left out. */
static long host_clock_khz(void)
{
	long khz[9];
	const int n = sizeof(khz) / sizeof(khz[0]);

	for (int i = 0; i < n; i++) {
		struct timespec a, b, pause = { 0, 4000000 };
		unsigned long long from, to;
		int j = i;
		long k;

		clock_gettime(CLOCK_MONOTONIC_RAW, &a);
		from = ticks();
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_MONOTONIC_RAW, &b);
		to = ticks();
		k = (long)((to - from) * 1e6 / ((b.tv_sec - a.tv_sec) * 1e9 + b.tv_nsec - a.tv_nsec));
		for (; j > 0 && khz[j - 1] > k; j--)
			khz[j] = khz[j - 1];
		khz[j] = k;
	}
	return khz[n / 2];
}

int main(void)
{
	FILE *list;

	if (getpid() != 1) {
		printf("%ld\n", host_clock_khz());
		return 0;
	}
	mount_all();
	allow_overcommit();
	list = fopen("/gen/guest", "re");
	report = open_report(list);
	kmsg = fopen("/dev/kmsg", "we");
	if (!kmsg)
		kmsg = fopen("/dev/null", "we");
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/tmp", 1);
	if (chdir("/tmp"))
		say(report, "| no /tmp: %s\n", strerror(errno));
	describe_guest(list);
	describe_parameters();
	run_all();
	tcdrain(fileno(report));
	/* No ACPI, so no power switch on some: QEMU runs with -no-reboot. */
	reboot(RB_AUTOBOOT);
	return 1;
}
