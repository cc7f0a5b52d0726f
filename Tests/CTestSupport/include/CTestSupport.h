// What tests do to start programs, and Swift's Glibc overlay does not import.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Starts a program that has only `count` descriptors, copies of `descriptors`, and nothing
/// blocked or ignored; in a session of its own if `own_session`, with descriptor 0 as its
/// terminal if that is one. Returns its pid, or -1 with errno set.
pid_t ctest_spawn(
    const char *_Nonnull path, char *_Nullable const *_Nonnull arguments,
    char *_Nullable const *_Nonnull environment, const int *_Nonnull descriptors, int count,
    int own_session);

/// A new pseudo-terminal: returns the leader, close-on-exec, and writes the path of its
/// follower; -1 with errno set. Source: pty(7).
int ctest_open_pseudo_terminal(char *_Nonnull path, size_t capacity);
