// Linux calls that Swift's Glibc overlay does not import.
//
// Never define _GNU_SOURCE here: it would change the layout of shared libc types
// (fd_set) and clash with the other Clang modules. GNU-only calls live in clinux.c.
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>

/// Credentials that the kernel recorded for the peer of a connected AF_UNIX socket.
struct clinux_peer { pid_t pid; uid_t uid; gid_t gid; };

/// SO_PEERCRED. Returns 0, or -1 with errno set. Source: unix(7).
int clinux_peer_credentials(int socket, struct clinux_peer *_Nonnull peer);

/// SO_PEERPIDFD: a descriptor of the process at the other end of a connected AF_UNIX socket, as
/// it was when the connection was made; close-on-exec. Returns it, or -1 with errno set:
/// ENOPROTOOPT before Linux 6.5. Source: unix(7).
int clinux_peer_pidfd(int socket);

/// A descriptor of the process that has the number `pid` now; close-on-exec. Returns it, or -1
/// with errno set. Source: pidfd_open(2).
int clinux_pidfd_open(pid_t pid);

/// Whether a descriptor has something to read now, or has failed; 1 or 0. Of a process it says
/// that it has ended. Source: poll(2), pidfd_open(2).
int clinux_is_readable(int descriptor);

/// The address of the peer of a connected AF_UNIX socket, as it was bound, into `name`; an
/// abstract one begins with NUL. Returns its length, 0 for a peer without one, or -1 with
/// errno set. Source: getpeername(2), unix(7).
int clinux_peer_name(int socket, char *_Nonnull name, size_t capacity);

/// Whether the peer of a connected AF_UNIX socket has closed it; 1 or 0. Source: poll(2).
int clinux_has_hung_up(int socket);

/// renameat2(2) with RENAME_EXCHANGE, of two files of one directory. Returns 0, or -1 with errno
/// set: EINVAL where the file system has no such thing.
int clinux_exchange(int directory, const char *_Nonnull one, const char *_Nonnull other);

/// Gives a file the access control list of another one, or none if that has none, and the
/// attributes that users have given that one. Returns 0, or -1 with errno set.
/// Source: acl(5), fsetxattr(2), xattr(7).
int clinux_copy_attributes(int from, int to);

/// Closes all descriptors from `first` on. Returns 0, or -1 with errno set.
/// Source: close_range(2).
int clinux_close_from(int first);

/// SO_RCVTIMEO and SO_SNDTIMEO; 0 seconds is no limit. Returns 0, or -1 with errno set.
/// Source: socket(7).
int clinux_limit_waiting(int socket, int seconds);

/// accept4(2) with SOCK_CLOEXEC | SOCK_NONBLOCK. Returns the descriptor, or -1 with errno set.
int clinux_accept(int socket);

/// prctl(2) with one argument. Returns the prctl result, or -1 with errno set.
int clinux_prctl(int option, unsigned long argument);

/// What epoll_wait(2) tells of one registration, without the union of `epoll_event`.
struct clinux_event { uint64_t token; uint32_t flags; };

/// prctl(2) PR_SET_NAME. Source: prctl(2).
void clinux_set_name(const char *_Nonnull name);

/// epoll_ctl(2) and epoll_wait(2) without a timeout. Return 0 or the count, or -1 with errno set.
int clinux_epoll_add(int epoll, int descriptor, uint32_t flags, uint64_t token);
int clinux_epoll_modify(int epoll, int descriptor, uint32_t flags, uint64_t token);
int clinux_epoll_wait(int epoll, struct clinux_event *_Nonnull events, int capacity);

/// connect(2) or bind(2) to the AF_UNIX address of `length` bytes at `path`; a leading NUL
/// makes it abstract. Returns 0, or -1 with errno set; ENAMETOOLONG if it does not fit.
int clinux_connect(int socket, const char *_Nonnull path, size_t length);
int clinux_bind(int socket, const char *_Nonnull path, size_t length);

/// Sends one datagram to the AF_UNIX address of `path_length` bytes at `path`; a leading `@`
/// makes it abstract. Returns 0, or -1 with errno set. Source: sd_notify(3).
int clinux_send_datagram(
    const char *_Nonnull path, size_t path_length, const char *_Nonnull text, size_t text_length);

/// Starts `path` in a session of its own with standard streams on /dev/null, no other
/// descriptor, no blocked or ignored signal, / as working directory, and another parent than
/// this process. Returns its pid, or -1 with errno set. Source: posix_spawn(3), fork(2).
pid_t clinux_spawn_detached(
    const char *_Nonnull path, char *_Nullable const *_Nonnull arguments,
    char *_Nullable const *_Nonnull environment);

/// Whether the process has ended, reaped or not; 1 or 0. Source: pidfd_open(2).
int clinux_has_ended(pid_t pid);

/// Waits until a descriptor can be read, as one of a process can when it has ended. Returns 1,
/// or -1 with errno set. Source: poll(2), pidfd_open(2).
int clinux_wait_until_readable(int descriptor);

/// memfd_create(2) with MFD_CLOEXEC | MFD_ALLOW_SEALING. Returns the descriptor, or -1 with
/// errno set.
int clinux_memory_file(const char *_Nonnull name);

/// Whether the file system at `path` is tmpfs or ramfs; 1 or 0, or -1 with errno set.
/// Source: statfs(2).
int clinux_is_in_memory(const char *_Nonnull path);

/// fcntl(2) F_ADD_SEALS: the file is never written, grown or shrunk again, nor are these seals
/// taken off. Returns 0, or -1 with errno set.
int clinux_seal(int descriptor);

/// The login name of `uid`, NUL-terminated, into `name`.
/// Returns 0; -1 if there is none or it does not fit. Source: getpwuid_r(3).
int clinux_login_name(uid_t uid, char *_Nonnull name, size_t capacity);

/// mlock2(2) with MLOCK_ONFAULT: locks the pages as they are touched, and counts them all.
/// Returns 0, or -1 with errno set.
int clinux_lock_on_touch(void *_Nonnull start, size_t length);

/// Gives the memory that was freed back to the system. Source: malloc_trim(3).
void clinux_give_back_memory(void);

/// ioctl(2) TIOCGWINSZ: the number of columns of the terminal, or 0.
int clinux_terminal_columns(int descriptor);

/// fork(2), which Swift does not import: only for a process with one thread.
pid_t clinux_fork(void);

/// pipe2(2) with O_CLOEXEC, into two descriptors. Returns 0, or -1 with errno set.
int clinux_pipe(int *_Nonnull ends);

/// mremap(2) with MREMAP_MAYMOVE. Returns the address, or MAP_FAILED with errno set.
void *_Nonnull clinux_remap(void *_Nonnull address, size_t former, size_t wanted);

/// A new pseudo-terminal: returns the leader, close-on-exec and non-blocking, and stores the
/// follower, close-on-exec; -1 with errno set. Source: pty(7), ioctl_tty(2) TIOCGPTPEER.
int clinux_open_pseudo_terminal(int *_Nonnull follower);

/// ioctl_tty(2) TIOCSCTTY: makes the terminal the one that controls this session.
/// Returns 0, or -1 with errno set.
int clinux_take_terminal(int descriptor);

/// ioctl_tty(2) TIOCGWINSZ and TIOCSWINSZ. Return 0, or -1 with errno set.
int clinux_window_size(int descriptor, struct winsize *_Nonnull size);
int clinux_set_window_size(int descriptor, const struct winsize *_Nonnull size);

/// ioctl(2) FIONREAD: how many bytes can be read at once, or -1 with errno set.
int clinux_waiting_byte_count(int descriptor);

/// The same of the other end of a pseudo-terminal: how much of what was typed nobody has read.
int clinux_typed_byte_count(int leader);

/// ioctl_tty(2) TIOCGDEV: stores which device a terminal is, whatever name it was opened by.
/// Returns 0, or -1 with errno set.
int clinux_terminal_device(int descriptor, unsigned *_Nonnull device);

/// Whether this process ignores the signal: 1 or 0. Source: sigaction(2).
int clinux_ignores(int signal);

/// close_range(2), of nothing if `first` is past `last`. Returns 0, or -1 with errno set.
int clinux_close_range(int first, int last);

/// Where `pattern` begins in `bytes`, or -1. Source: memmem(3).
ssize_t clinux_find(
    const void *_Nonnull bytes, size_t count, const void *_Nonnull pattern, size_t pattern_count);
