// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a program under test: its clocks go as many seconds wrong as the file named by
// KEYSWAP_TEST_CLOCK says, which whoever tests may change at any time. Two int64_t, read at each call:
// for the time of day, and for the clocks that nobody can set.
// faketime(1) can do more, but reads its file into one buffer for all threads: now and then a thread
// of the program saw a time that nobody had set.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kOfDay, kSteady };
static const _Atomic int64_t *moved;

static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
  real_timedwait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  real_clockwait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
  const char *path = getenv("KEYSWAP_TEST_CLOCK");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void *page = file < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) {
    abort();  // a test with the true time would say nothing
  }
  close(file);
  moved = page;
}

static time_t seconds_moved(clockid_t clock) {
  if (moved == NULL || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID) {
    return 0;
  }
  const int is_of_day = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  return (time_t)atomic_load(&moved[is_of_day ? kOfDay : kSteady]);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0) {
    now->tv_sec += seconds_moved(clock);
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *to) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (to != NULL) {
    *to = exact.tv_sec;
  }
  return exact.tv_sec;
}

// The kernel waits by its own clocks.
static struct timespec truly(clockid_t clock, const struct timespec *until) {
  struct timespec time = *until;
  time.tv_sec -= seconds_moved(clock);
  return time;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
  const struct timespec time = truly(CLOCK_REALTIME, until);
  return real_timedwait(condition, mutex, &time);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           clockid_t clock, const struct timespec *restrict until) {
  const struct timespec time = truly(clock, until);
  return real_clockwait(condition, mutex, clock, &time);
}
