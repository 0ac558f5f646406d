// SPDX-License-Identifier: Apache-2.0
//
// Where a passphrase comes from besides a file and a prompt: descriptors, which are closed with it,
// and the kernel's keyring.
#include "proxy/cli/unlock.h"

#include <cerrno>
#include <linux/keyctl.h>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

// The read end of a pipe with the text in it, as a shell hands it over: under a number of its own,
// and not close-on-exec.
int given(std::string_view text) {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  REQUIRE(write_all(pipe->write_end.descriptor(), text));
  const int number = fcntl(pipe->read_end.descriptor(), F_DUPFD, 50);
  REQUIRE(number >= 50);
  return number;
}

bool is_open(int number) {
  return fcntl(number, F_GETFD) >= 0;
}

std::string passphrase_of(const test::TempHome& temp, const UnlockOptions& unlock) {
  REQUIRE(vault::lock_memory());
  auto passphrase = read_passphrase(temp.home(), unlock);
  REQUIRE(passphrase);
  return std::string(passphrase->view());
}

}  // namespace

TEST_CASE("a passphrase's descriptor is closed with the passphrase, however it is named", "[I1]") {
  const test::TempHome temp;
  const int number = given("open sesame\n");
  UnlockOptions unlock;
  const std::string how = GENERATE("--password-fd", "/dev/fd/", "/proc/self/fd/");
  if (how == "--password-fd") {
    unlock.password_fd = number;
  } else {
    unlock.password_file = how + std::to_string(number);
  }
  CHECK(passphrase_descriptor(unlock) == number);
  CHECK(passphrase_of(temp, unlock) == "open sesame");
  CHECK_FALSE(is_open(number));
}

TEST_CASE("a file is no descriptor, and neither is a number that is not open") {
  UnlockOptions unlock;
  unlock.password_file = GENERATE("/etc/passwd", "/dev/fd/", "/dev/fd/x", "/dev/fd/987", "fd/1");
  CHECK(passphrase_descriptor(unlock) == -1);
}

TEST_CASE("from its check on no child inherits a descriptor that was named") {
  const int number = given("x");
  CHECK(check_descriptor(std::to_string(number)).empty());
  CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  close(number);
  CHECK(check_descriptor(std::to_string(number)) == "no open file descriptor");
  CHECK(check_descriptor("-1") == "not a file descriptor");
  CHECK(check_descriptor("") == "not a file descriptor");
}

TEST_CASE("a newline behind the passphrase in the keyring is no part of it") {
  const test::TempHome temp;
  const std::string name = "keyswap:" + temp.path();
  const std::string text = GENERATE("open sesame", "open sesame\n", "open sesame\r\n");
  const long key = syscall(
      SYS_add_key, "user", name.c_str(), text.data(), text.size(), KEY_SPEC_PROCESS_KEYRING);
  if (key < 0) {
    WARN("this machine has no keyring: errno " << errno);
    return;
  }
  UnlockOptions unlock;
  unlock.uses_keyring = true;
  CHECK(passphrase_of(temp, unlock) == "open sesame");
}

TEST_CASE("a new passphrase has eight characters or more, whatever they take") {
  CHECK_FALSE(check_new_passphrase("12345678"));
  CHECK_FALSE(
      check_new_passphrase("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"));
  for (const std::string_view weak : {"", "1234567", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"}) {
    auto problem = check_new_passphrase(weak);
    REQUIRE(problem);
    CHECK(problem->exit == Exit::usage);
  }
}

TEST_CASE("a weak passphrase makes no vault, and still opens one that has it") {
  const test::TempHome temp;
  UnlockOptions unlock;
  unlock.password_file = temp.put("word", "short\n");
  REQUIRE(vault::lock_memory());
  CHECK_FALSE(read_new_passphrase(unlock));
  CHECK_FALSE(read_new_approval_passphrase({unlock.password_file}));
  CHECK(passphrase_of(temp, unlock) == "short");
}

}  // namespace keyswap::cli
