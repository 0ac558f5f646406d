// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/result.h"

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keyswap::base {

namespace {

// I1: the text of an error is known when the program is compiled. Nothing that exists only when it
// runs can be made into one.
static_assert(!std::is_constructible_v<Note, const char*>);
static_assert(!std::is_constructible_v<Note, std::string>);
static_assert(!std::is_constructible_v<Note, std::string_view>);
static_assert(
    std::is_constructible_v<Note, const char (&)[5]>);  // NOLINT(modernize-avoid-c-arrays)

Status fail_if(bool fails) {
  if (fails) {
    return Error{Errc::io, "it failed", 5};
  }
  return {};
}

Result<int> seven_unless(bool fails) {
  KS_TRY(fail_if(fails));
  return 7;
}

// True when the body ends the process by a signal.
template <typename Body>
bool aborts(Body body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    static_cast<void>(std::signal(SIGABRT, SIG_DFL));
    const int sink = ::open("/dev/null", O_WRONLY);
    ::dup2(sink, STDERR_FILENO);
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

TEST_CASE("A result is a value or an error") {
  const Result<int> value = 3;
  REQUIRE(value);
  REQUIRE(*value == 3);
  const Result<int> error = Error{Errc::not_found, "none", 9};
  REQUIRE_FALSE(error);
  REQUIRE(error.error().code == Errc::not_found);
  REQUIRE(error.error().number == 9);
  REQUIRE(std::string(error.error().note.text()) == "none");
}

TEST_CASE("A result holds what can only be moved") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(4);
  REQUIRE(result);
  REQUIRE(**result == 4);
  const std::unique_ptr<int> taken = std::move(result).value();
  REQUIRE(*taken == 4);
}

TEST_CASE("A status is success or an error") {
  REQUIRE(Status());
  const Status failed = Error{Errc::closed, "gone"};
  REQUIRE_FALSE(failed);
  REQUIRE(failed.error().code == Errc::closed);
}

TEST_CASE("KS_TRY hands the error on and otherwise goes on") {
  REQUIRE(*seven_unless(false) == 7);
  const auto failed = seven_unless(true);
  REQUIRE_FALSE(failed);
  REQUIRE(failed.error().code == Errc::io);
  REQUIRE(failed.error().number == 5);
}

TEST_CASE("Looking at what is not there stops the program", "[I13]") {
  REQUIRE(aborts([] {
    const Result<int> failed = Error{Errc::io, "none"};
    static_cast<void>(*failed);
  }));
  REQUIRE(aborts([] {
    const Result<int> value = 1;
    static_cast<void>(value.error());
  }));
  REQUIRE(aborts([] {
    const Status fine;
    static_cast<void>(fine.error());
  }));
  REQUIRE_FALSE(aborts([] {}));
}

}  // namespace keyswap::base
