#define _GNU_SOURCE
#include "CTestSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

// In the child: only async-signal-safe calls, since tests run in many threads.
static void become(
    const char *path, char *const *arguments, char *const *environment, const int *descriptors,
    int count, int own_session) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (own_session) setsid();
  // Above all that is wanted first, so that no copy overwrites another's source.
  int moved[16];
  for (int index = 0; index < count; index++) {
    moved[index] = fcntl(descriptors[index], F_DUPFD, 100);
    if (moved[index] < 0) return;
  }
  for (int index = 0; index < count; index++)
    if (dup2(moved[index], index) < 0) return;
  close_range((unsigned)count, ~0U, 0);
  if (own_session && isatty(0)) ioctl(0, TIOCSCTTY, 0);
  execve(path, arguments, environment);
}

pid_t ctest_spawn(
    const char *path, char *const *arguments, char *const *environment, const int *descriptors,
    int count, int own_session) {
  if (count > 16) { errno = EINVAL; return -1; }
  pid_t pid = fork();
  if (pid == 0) {
    become(path, arguments, environment, descriptors, count, own_session);
    _exit(127);
  }
  return pid;
}

int ctest_open_pseudo_terminal(char *path, size_t capacity) {
  int leader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (leader < 0) return -1;
  if (grantpt(leader) == 0 && unlockpt(leader) == 0) {
    int error = ptsname_r(leader, path, capacity);
    if (error == 0) return leader;
    errno = error;
  }
  int error = errno;
  close(leader);
  errno = error;
  return -1;
}
