/* Lets the n-th write or sync of a registry's files fail, as a dying or a full disk does.

   FAULT_MATCH: what the file's path holds; FAULT_CALL: "write" or "sync"; FAULT_NUMBER: which call fails, counted
   from 1, and every later one too; FAULT_ERRNO: with what. How many there were is written to FAULT_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long seen = 0;

static int fails(int fd, const char *call) {
    const char *match = getenv("FAULT_MATCH"), *wanted = getenv("FAULT_CALL"), *armed = getenv("FAULT_ARMED");
    char link[64], path[4096];
    if (!match || !wanted || strcmp(wanted, call) || !armed || access(armed, F_OK)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, match)) return 0;
    seen += 1;
    if (seen < atol(getenv("FAULT_NUMBER"))) return 0;
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) { return fails(fd, "write") ? -1 : REAL(write)(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return fails(fd, "write") ? -1 : REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return fails(fd, "write") ? -1 : REAL(pwrite64)(fd, data, size, at);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return fails(fd, "write") ? -1 : REAL(pwritev)(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    return fails(fd, "write") ? -1 : REAL(pwritev64)(fd, parts, count, at);
}
int posix_fallocate(int fd, off_t at, off_t size) {
    return fails(fd, "write") ? errno : REAL(posix_fallocate)(fd, at, size);
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
    return fails(fd, "write") ? errno : REAL(posix_fallocate64)(fd, at, size);
}
int ftruncate64(int fd, off64_t size) { return fails(fd, "write") ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails(fd, "sync") ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails(fd, "sync") ? -1 : REAL(fdatasync)(fd); }
