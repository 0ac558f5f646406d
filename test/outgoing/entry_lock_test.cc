// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/entry_lock.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/temp_file.h"

namespace keyswap {
namespace {

using base::Errc;
using outgoing::EntryLock;

// A file that is not there yet, and is gone at the end.
struct Place {
  test::TempFile beside{""};
  std::string file = beside.path() + ".lock";

  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Place(Place&&) = delete;
  Place& operator=(Place&&) = delete;

  ~Place() { ::unlink(file.c_str()); }
};

vault::SecretName name(std::string_view text) {
  auto parsed = vault::SecretName::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

EntryLock lock_of(const std::string& file, std::string_view text) {
  auto lock = EntryLock::of(file, name(text));
  REQUIRE(lock);
  return std::move(*lock);
}

TEST_CASE("an entry has one owner, in one process, too") {
  const Place place;
  const std::string& file = place.file;
  std::optional first(lock_of(file, "SHOP"));
  EntryLock second = lock_of(file, "SHOP");
  EntryLock other = lock_of(file, "OTHER");
  REQUIRE(first->take());
  CHECK(second.take().error().code == Errc::locked);
  CHECK(second.take().error().code == Errc::locked);
  CHECK(other.take());
  first.reset();
  CHECK(second.take());

  struct stat info {};

  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("whoever ends gives it back, as he ends") {
  const Place place;
  const std::string& file = place.file;
  EntryLock ours = lock_of(file, "SHOP");
  const pid_t child = ::fork();
  if (child == 0) {
    auto theirs = EntryLock::of(file, name("SHOP"));
    ::_exit(theirs && theirs->take() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(ours.take());
}

TEST_CASE("a file of locks that cannot be made is an error") {
  CHECK(EntryLock::of("/nonexistent/sources.lock", name("SHOP")).error().code == Errc::io);
}

}  // namespace
}  // namespace keyswap
