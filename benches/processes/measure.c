/* Runs a program and tells on standard error what the kernel counted of it when it had ended: user and system time
 * together, from start to end, both in nanoseconds, and the most memory that it held, in KiB. Its output goes where
 * ours goes. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(struct timeval t)
{
    return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL;
}

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage used;
    int status;
    FILE *told = fdopen(dup(2), "w");

    if (argc < 2 || !told)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = vfork();
    if (child < 0)
        return 2;
    if (child == 0) {
        close(2);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (wait4(child, &status, 0, &used) != child)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(told, "%lld %lld %ld\n", nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime),
            (end.tv_sec - start.tv_sec) * 1000000000LL + end.tv_nsec - start.tv_nsec, used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
