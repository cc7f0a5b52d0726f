#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

int clinux_peer_credentials(int socket, struct clinux_peer *peer) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  if (length != sizeof credentials) { errno = EINVAL; return -1; }
  peer->pid = credentials.pid;
  peer->uid = credentials.uid;
  peer->gid = credentials.gid;
  return 0;
}

// Of a kernel that is newer than the headers.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int clinux_peer_pidfd(int socket) {
  int descriptor = -1;
  socklen_t length = sizeof descriptor;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &descriptor, &length) != 0) return -1;
  return descriptor;
}

int clinux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int clinux_is_readable(int descriptor) {
  struct pollfd watched = {.fd = descriptor, .events = POLLIN};
  return poll(&watched, 1, 0) == 1;
}

int clinux_peer_name(int socket, char *name, size_t capacity) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  if (getpeername(socket, (struct sockaddr *)&address, &length) != 0) return -1;
  size_t offset = offsetof(struct sockaddr_un, sun_path);
  if (length <= offset) return 0;
  size_t count = length - offset;
  if (count > sizeof address.sun_path || count > capacity) { errno = ENAMETOOLONG; return -1; }
  memcpy(name, address.sun_path, count);
  return (int)count;
}

int clinux_has_hung_up(int socket) {
  struct pollfd watched = {.fd = socket};
  return poll(&watched, 1, 0) == 1 && (watched.revents & POLLHUP) != 0;
}

int clinux_close_from(int first) { return close_range((unsigned)first, ~0U, 0); }

int clinux_limit_waiting(int socket, int seconds) {
  struct timeval limit = {.tv_sec = seconds};
  if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) return -1;
  return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int clinux_accept(int socket) {
  return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int clinux_prctl(int option, unsigned long argument) {
  return prctl(option, argument, 0UL, 0UL, 0UL);
}

void clinux_set_name(const char *name) { prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL); }

static int control(int epoll, int operation, int descriptor, uint32_t flags, uint64_t token) {
  struct epoll_event event = {.events = flags, .data.u64 = token};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

int clinux_epoll_add(int epoll, int descriptor, uint32_t flags, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, descriptor, flags, token);
}

int clinux_epoll_modify(int epoll, int descriptor, uint32_t flags, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, descriptor, flags, token);
}

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity) {
  struct epoll_event ready[256];
  if (capacity > 256) capacity = 256;
  int count = epoll_wait(epoll, ready, capacity, -1);
  for (int index = 0; index < count; index++) {
    events[index].token = ready[index].data.u64;
    events[index].flags = ready[index].events;
  }
  return count;
}

// Returns the length of the address, or 0 with errno set if the path does not fit.
static socklen_t fill_address(struct sockaddr_un *address, const char *path, size_t length) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (length == 0 || length >= sizeof address->sun_path) { errno = ENAMETOOLONG; return 0; }
  memcpy(address->sun_path, path, length);
  size_t end = path[0] == '\0' ? length : length + 1;
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + end);
}

int clinux_connect(int socket, const char *path, size_t length) {
  struct sockaddr_un address;
  socklen_t size = fill_address(&address, path, length);
  return size == 0 ? -1 : connect(socket, (struct sockaddr *)&address, size);
}

int clinux_bind(int socket, const char *path, size_t length) {
  struct sockaddr_un address;
  socklen_t size = fill_address(&address, path, length);
  return size == 0 ? -1 : bind(socket, (struct sockaddr *)&address, size);
}

int clinux_send_datagram(
    const char *path, size_t path_length, const char *text, size_t text_length) {
  struct sockaddr_un address;
  socklen_t size = fill_address(&address, path, path_length);
  if (size == 0) return -1;
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length);
  }
  int socket_descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_descriptor < 0) return -1;
  ssize_t sent = sendto(socket_descriptor, text, text_length, MSG_NOSIGNAL | MSG_DONTWAIT,
                        (struct sockaddr *)&address, size);
  int error = errno;
  close(socket_descriptor);
  errno = error;
  return sent < 0 ? -1 : 0;
}

// Starts the program as a child of this process. Returns 0 or an errno value.
static int spawn_alone(
    pid_t *pid, const char *path, char *const *arguments, char *const *environment) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  int error = posix_spawnattr_init(&attributes);
  if (error != 0) return error;
  error = posix_spawn_file_actions_init(&actions);
  if (error != 0) { posix_spawnattr_destroy(&attributes); return error; }
  if ((error = posix_spawnattr_setflags(&attributes,
           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0 &&
      (error = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
      (error = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
      (error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
      (error = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)) == 0 &&
      (error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)) == 0 &&
      (error = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0 &&
      (error = posix_spawn_file_actions_addchdir_np(&actions, "/")) == 0)
    error = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

pid_t clinux_spawn_detached(
    const char *path, char *const *arguments, char *const *environment) {
  struct { int error; pid_t pid; } report = {EIO, -1};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  // The process in between ends at once, so that the new one has no parent here: this
  // process may become a command that knows nothing of having a child.
  pid_t between = fork();
  if (between == 0) {
    report.error = spawn_alone(&report.pid, path, arguments, environment);
    ssize_t written = write(ends[1], &report, sizeof report);
    _exit(written == sizeof report ? 0 : 1);
  }
  int error = errno;
  close(ends[1]);
  if (between > 0) {
    ssize_t count;
    do count = read(ends[0], &report, sizeof report); while (count < 0 && errno == EINTR);
    error = count == sizeof report ? report.error : EIO;
    while (waitpid(between, NULL, 0) < 0 && errno == EINTR) {}
  }
  close(ends[0]);
  if (error != 0) { errno = error; return -1; }
  return report.pid;
}

int clinux_wait_until_readable(int descriptor) {
  struct pollfd watched = {.fd = descriptor, .events = POLLIN};
  return poll(&watched, 1, -1);
}

int clinux_exchange(int directory, const char *one, const char *other) {
  return renameat2(directory, one, directory, other, RENAME_EXCHANGE);
}

static int copy_access_list(int from, int to) {
  const char *name = "system.posix_acl_access";
  char list[4096];
  ssize_t length = fgetxattr(from, name, list, sizeof list);
  if (length >= 0) return fsetxattr(to, name, list, (size_t)length, 0);
  if (errno == ENOTSUP) return 0;
  if (errno != ENODATA) return -1;
  // The one that the directory gives to new files.
  return fremovexattr(to, name) == 0 || errno == ENODATA ? 0 : -1;
}

int clinux_copy_attributes(int from, int to) {
  if (copy_access_list(from, to) != 0) return -1;
  // The most that the kernel has of either.
  char names[65536], value[65536];
  ssize_t count = flistxattr(from, names, sizeof names);
  if (count < 0) return errno == ENOTSUP ? 0 : -1;
  for (ssize_t at = 0; at < count; at += (ssize_t)strlen(names + at) + 1) {
    if (strncmp(names + at, "user.", 5) != 0) continue;
    ssize_t length = fgetxattr(from, names + at, value, sizeof value);
    if (length < 0 || fsetxattr(to, names + at, value, (size_t)length, 0) != 0) return -1;
  }
  return 0;
}

int clinux_memory_file(const char *name) {
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int clinux_is_in_memory(const char *path) {
  struct statfs status;
  if (statfs(path, &status) != 0) return -1;
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

int clinux_seal(int descriptor) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int clinux_has_ended(pid_t pid) {
  int descriptor = clinux_pidfd_open(pid);
  if (descriptor < 0) return errno == ESRCH;
  int ended = clinux_is_readable(descriptor);
  close(descriptor);
  return ended;
}

int clinux_login_name(uid_t uid, char *name, size_t capacity) {
  char storage[16384];
  struct passwd entry, *found = NULL;
  if (getpwuid_r(uid, &entry, storage, sizeof storage, &found) != 0 || found == NULL) return -1;
  size_t length = strlen(found->pw_name);
  if (length >= capacity) return -1;
  memcpy(name, found->pw_name, length + 1);
  return 0;
}

int clinux_lock_on_touch(void *start, size_t length) {
  return mlock2(start, length, MLOCK_ONFAULT);
}

void clinux_give_back_memory(void) { malloc_trim(0); }

int clinux_terminal_columns(int descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

pid_t clinux_fork(void) { return fork(); }

int clinux_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

void *clinux_remap(void *address, size_t former, size_t wanted) {
  return mremap(address, former, wanted, MREMAP_MAYMOVE);
}

int clinux_open_pseudo_terminal(int *follower) {
  int leader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (leader < 0) return -1;
  if (grantpt(leader) == 0 && unlockpt(leader) == 0) {
    // Not by its path, which may lead elsewhere in another mount namespace.
    *follower = ioctl(leader, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*follower >= 0) return leader;
  }
  int error = errno;
  close(leader);
  errno = error;
  return -1;
}

int clinux_take_terminal(int descriptor) { return ioctl(descriptor, TIOCSCTTY, 0); }

int clinux_window_size(int descriptor, struct winsize *size) {
  return ioctl(descriptor, TIOCGWINSZ, size);
}

int clinux_set_window_size(int descriptor, const struct winsize *size) {
  return ioctl(descriptor, TIOCSWINSZ, size);
}

int clinux_waiting_byte_count(int descriptor) {
  int count = 0;
  return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

int clinux_typed_byte_count(int leader) {
  int follower = ioctl(leader, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (follower < 0) return -1;
  int count = clinux_waiting_byte_count(follower);
  close(follower);
  return count;
}

int clinux_terminal_device(int descriptor, unsigned *device) {
  return ioctl(descriptor, TIOCGDEV, device);
}

int clinux_ignores(int signal) {
  struct sigaction action;
  return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int clinux_close_range(int first, int last) {
  return first > last ? 0 : close_range((unsigned)first, (unsigned)last, 0);
}

ssize_t clinux_find(
    const void *bytes, size_t count, const void *pattern, size_t pattern_count) {
  const char *found = memmem(bytes, count, pattern, pattern_count);
  return found == NULL ? -1 : found - (const char *)bytes;
}
