// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/operation_file.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"
#include "test/approvals/support.h"
#include "test/limits/temp_folder.h"

namespace keyswap::approvals {

using base::Errc;
using limits::test::TempFolder;
using test::taken;
using test::waiting;

namespace {

Operation full() {
  Operation one = waiting("op_full");
  one.version = 7;
  one.request_id = "req1";
  one.body_bytes = 25;
  one.body_sha256 = "ab";
  one.is_detached = true;
  one.created_us = 1;
  one.changed_us = 2;
  one.retry_expires_us = 3;
  one.by = "uid 0";
  one.how = "command";
  one.seal = "cd";
  return one;
}

OperationFile opened(const std::string& path) {
  auto file = OperationFile::open(path);
  REQUIRE(file);
  return std::move(*file);
}

}  // namespace

TEST_CASE("what was written is there after another opening, in a file that is ours alone") {
  const TempFolder folder;
  const std::string path = folder.file("approvals.db");
  REQUIRE(opened(path).add(full(), {"nonce", "box"}));

  struct stat info {};

  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  auto file = opened(path);
  const auto all = file.read();
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  CHECK(all->front() == full());
  const auto request = file.read_request("op_full");
  REQUIRE(request);
  CHECK(request->nonce == "nonce");
  CHECK(request->box == "box");
  CHECK(OperationFile::open_to_read(path)->read()->size() == 1);
}

TEST_CASE("what was asked for goes when it is decided no more, and with its operation") {
  const TempFolder folder;
  auto file = opened(folder.file("approvals.db"));
  REQUIRE(file.add(waiting(), {"nonce", "box"}));
  const Operation approved = taken(decide(waiting(), true, {"uid 0", "command"}, 0, 1));
  REQUIRE(file.change(approved));
  CHECK(file.read_request("op_1"));
  REQUIRE(file.change(taken(claim(approved, "agent", "digest", 2))));
  CHECK(file.read_request("op_1").error().code == Errc::not_found);
  CHECK(file.read()->front().state == State::executing);
  REQUIRE(file.remove("op_1"));
  CHECK(file.read()->empty());
  CHECK(file.read_request("op_1").error().code == Errc::not_found);
}

TEST_CASE("an operation that is not there is not made by a change of it") {
  const TempFolder folder;
  auto file = opened(folder.file("approvals.db"));
  REQUIRE(file.change(waiting()));
  CHECK(file.read()->empty());
}

TEST_CASE("another file is refused") {
  const TempFolder folder;
  const std::string path = folder.file("approvals.db");
  CHECK(OperationFile::open_to_read(path).error().code == Errc::not_found);
  {
    auto other = base::Database::open(path, base::Database::Mode::create_new);
    REQUIRE(other);
    REQUIRE(other->execute("CREATE TABLE t(x INTEGER)"));
  }
  CHECK(OperationFile::open(path).error().code == Errc::corrupt);
}

}  // namespace keyswap::approvals
