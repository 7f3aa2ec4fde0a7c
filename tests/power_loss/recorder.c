/*
 * Records, in order, everything a program does to the files below one directory, for the simulation of power loss in
 * tests/it/durability_power_loss.rs. Loaded with LD_PRELOAD into the test's child process, and nowhere else.
 *
 *   HOLDPOINT_RECORD_UNDER   the directory that is watched (absolute, without a trailing slash)
 *   HOLDPOINT_RECORD_TO      the file that the record is appended to
 *   HOLDPOINT_RECORD_UNSYNCED  set: syncs are neither carried out nor recorded, as with PRAGMA synchronous=OFF
 *   HOLDPOINT_DISK_FULL_WHEN   while this file exists, no watched file but the one called `acks` can grow (ENOSPC)
 *
 * One entry: kind (1 byte), length of the path (2), path, offset or token (8), length of the data (4), data; little-endian.
 * Kinds: C created, W written, T truncated (to offset), U unlinked, R renamed (the data is the new path), B sync begun,
 * S sync done (of the beginning with the same token). A change and its entry are made while nobody else can make one, so
 * the record has them in the order in which they happened, and at the places at which they happened. A sync is under way
 * between two entries, and others may write meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *paths[MOST_FILES]; /* the watched path of each open file, or null */
static const char *under, *full_when;
static int record_to = -1, unsynced;
static uint64_t syncs;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void *original(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static void begin(void) {
    real_open = original("open");
    real_openat = original("openat");
    real_close = original("close");
    real_write = original("write");
    real_pwrite = original("pwrite64");
    real_ftruncate = original("ftruncate64");
    real_unlink = original("unlink");
    real_rename = original("rename");
    real_fsync = original("fsync");
    real_fdatasync = original("fdatasync");
    under = getenv("HOLDPOINT_RECORD_UNDER");
    full_when = getenv("HOLDPOINT_DISK_FULL_WHEN");
    unsynced = getenv("HOLDPOINT_RECORD_UNSYNCED") != NULL;
    const char *to = getenv("HOLDPOINT_RECORD_TO");
    if (to) record_to = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void ready(void) { pthread_once(&once, begin); }

static int watched(const char *path) {
    size_t length = under ? strlen(under) : 0;
    return length && path && strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* The watched path behind an open file, or null. The lock is held: nobody can close the file meanwhile. */
static const char *path_of(int fd) { return fd >= 0 && fd < MOST_FILES ? paths[fd] : NULL; }

/* Makes an entry. The lock is held. */
static void record(char kind, const char *path, uint64_t number, const void *data, uint32_t length) {
    if (record_to < 0) return;
    uint16_t path_length = (uint16_t)strlen(path);
    struct iovec parts[] = {
        {&kind, 1}, {&path_length, 2}, {(void *)path, path_length}, {&number, 8}, {&length, 4}, {(void *)data, length},
    };
    long written = syscall(SYS_writev, record_to, parts, 6);
    if (written != 15 + (long)path_length + (long)length) abort();
}

static int open_any(int at, const char *path, int flags, mode_t mode) {
    ready();
    pthread_mutex_lock(&lock);
    struct stat before;
    int creates = (flags & O_CREAT) && watched(path) && stat(path, &before) != 0;
    int fd = at == AT_FDCWD ? real_open(path, flags, mode) : real_openat(at, path, flags, mode);
    int error = errno;
    if (fd >= 0 && fd < MOST_FILES && watched(path)) {
        free(paths[fd]);
        paths[fd] = strdup(path);
        if (creates)
            record('C', path, 0, "", 0);
        else if (flags & O_TRUNC)
            record('T', path, 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE_OF_CALL                                             \
    mode_t mode = 0;                                             \
    if (flags & (O_CREAT | O_TMPFILE)) {                         \
        va_list list;                                            \
        va_start(list, flags);                                   \
        mode = va_arg(list, mode_t);                             \
        va_end(list);                                            \
    }

int open(const char *path, int flags, ...) { MODE_OF_CALL return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF_CALL return open_any(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF_CALL return open_any(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF_CALL return open_any(at, path, flags, mode); }

int close(int fd) {
    ready();
    pthread_mutex_lock(&lock);
    if (fd >= 0 && fd < MOST_FILES) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    pthread_mutex_unlock(&lock);
    return real_close(fd);
}

/* Would this make a watched file longer while the disk is full? */
static int is_full(int fd, const char *path, off_t end) {
    struct stat now;
    if (!full_when || stat(full_when, &now) != 0) return 0;
    const char *name = strrchr(path, '/');
    if (name && strcmp(name, "/acks") == 0) return 0;
    return fstat(fd, &now) == 0 && end > now.st_size;
}

/* Writes at the offset, or where the file stands if it is negative. */
static ssize_t write_any(int fd, const void *data, size_t length, off_t at) {
    ready();
    pthread_mutex_lock(&lock);
    const char *path = path_of(fd);
    off_t offset = at;
    if (path && at < 0) offset = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t written = -1;
    int error = ENOSPC;
    if (!path || !is_full(fd, path, offset + (off_t)length)) {
        if (!path) pthread_mutex_unlock(&lock); /* A pipe may make its writer wait. */
        written = at < 0 ? real_write(fd, data, length) : real_pwrite(fd, data, length, at);
        error = errno;
        if (path && written > 0) record('W', path, (uint64_t)offset, data, (uint32_t)written);
    }
    if (path) pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t write(int fd, const void *data, size_t length) { return write_any(fd, data, length, -1); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) { return write_any(fd, data, length, offset); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return write_any(fd, data, length, offset); }

int ftruncate64(int fd, off_t length) {
    ready();
    pthread_mutex_lock(&lock);
    const char *path = path_of(fd);
    int result = -1, error = ENOSPC;
    if (!path || !is_full(fd, path, length)) {
        result = real_ftruncate(fd, length);
        error = errno;
        if (path && result == 0) record('T', path, (uint64_t)length, "", 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    ready();
    pthread_mutex_lock(&lock);
    int result = real_unlink(path);
    int error = errno;
    if (result == 0 && watched(path)) record('U', path, 0, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) {
    ready();
    pthread_mutex_lock(&lock);
    int result = real_rename(from, to);
    int error = errno;
    if (result == 0 && watched(from)) record('R', from, 0, to, (uint32_t)strlen(to));
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

static int sync_any(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    uint64_t token = 0;
    pthread_mutex_lock(&lock);
    int is_watched = path_of(fd) != NULL;
    if (is_watched && !unsynced) {
        strcpy(path, path_of(fd));
        token = ++syncs;
        record('B', path, token, "", 0);
    }
    pthread_mutex_unlock(&lock);
    if (is_watched && unsynced) return 0;
    int result = real(fd);
    int error = errno;
    if (token && result == 0) {
        pthread_mutex_lock(&lock);
        record('S', path, token, "", 0);
        pthread_mutex_unlock(&lock);
    }
    errno = error;
    return result;
}

int fsync(int fd) {
    ready();
    return sync_any(fd, real_fsync);
}

int fdatasync(int fd) {
    ready();
    return sync_any(fd, real_fdatasync);
}
