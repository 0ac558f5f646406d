// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/thread.h"

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace keyswap::base {

namespace {

// A thread inherits the mask.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }

  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  SignalsBlocked(SignalsBlocked&&) = delete;
  SignalsBlocked& operator=(SignalsBlocked&&) = delete;

  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Result<std::thread> start_thread(std::function<void()> run) {
  const SignalsBlocked blocked;
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {  // the one way in which it reports
    return Error{Errc::unavailable, "a thread cannot be started", error.code().value()};
  }
}

bool is_lack_of_threads(const Error& error) {
  return error.code == Errc::unavailable && error.number == EAGAIN;
}

}  // namespace keyswap::base
