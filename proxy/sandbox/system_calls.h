// SPDX-License-Identifier: Apache-2.0
//
// The system calls that a process which serves may still make (seccomp(2)). A list of what is
// allowed, proxy/sandbox/call_list.h: what it does not name is refused as if this kernel did not
// have it, and what a proxy asks for only when somebody else drives it ends the process.
//
// For a process that has started: every thread is there, every socket listens. It binds all of
// them, for good.
#pragma once

#include <span>

#include "proxy/base/result.h"

namespace keyswap::sandbox {

// `also` names further calls that are allowed: what the engine of a fuzz target needs.
//
// - The process can start no thread and no program, can map no memory that can be run, and can send
//   signals to itself alone, nor have the kernel send them for it.
// - New sockets are TCP, UDP, or sock_diag(7): none leads to an agent or a daemon that listens on a
//   socket of this machine, nor to the service manager. It listens nowhere anew.
// - execve, ptrace, mount, bpf, keyctl and their like: the process ends by SIGSYS, and the kernel
//   log says by which call.
// - Any other: ENOSYS, which libraries take as "do without" when a newer one tries something.
//
// In a build with sanitizers what would end the process is refused with ENOSYS, so that their
// reports are written. unsupported (number = errno): the kernel takes no such filter; then nothing
// is restricted.
base::Status restrict_system_calls(std::span<const char* const> also = {});

// For a command in namespaces of its own (proxy/sandbox/isolation.h), which may do all but reach
// past them: no socket of a family that a network namespace does not hold back, no keys typed into
// the terminal for whoever reads it next, no key rings of the kernel (ENOSYS, and io_uring, too, by
// which a filter is passed). Programs of another word size make no call at all. Errors as above.
base::Status restrict_guest();

}  // namespace keyswap::sandbox
