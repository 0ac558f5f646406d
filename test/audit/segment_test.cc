// SPDX-License-Identifier: Apache-2.0
#include "audit/segment.h"

#include <cerrno>

#include <catch2/catch.hpp>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

std::unique_ptr<AppendFile> make_file(Files& files, const test::TempFolder& folder) {
  const std::string path = folder.file("f");
  auto file = files.create(path);
  REQUIRE(file);
  auto adopted = AppendFile::adopt(files, path, std::move(*file));
  REQUIRE(adopted);
  return std::move(*adopted);
}

}  // namespace

TEST_CASE("segments are numbered with six digits, and other names are not segments") {
  CHECK(segment_name(1) == "audit-000001.jsonl");
  CHECK(segment_name(999'999) == "audit-999999.jsonl");
  const test::TempFolder folder;
  CHECK(list_segments(folder.path())->newest == 0);
  for (const char* name : {"audit-000000.jsonl",
                           "audit-1.jsonl",
                           "audit-0000002.jsonl",
                           "audit-00000a.jsonl",
                           "audit-+00002.jsonl",
                           "audit-000009.jsonl.bak",
                           "audit-000009.torn-3",
                           "xaudit-000009.jsonl"}) {
    test::write_file(folder.file(name), "");
  }
  CHECK(list_segments(folder.path())->newest == 0);
  test::write_file(folder.file("audit-000001.jsonl"), "");
  test::write_file(folder.file("audit-000002.jsonl"), "");
  CHECK(list_segments(folder.path())->newest == 2);
  CHECK(list_segments(folder.path())->first_missing == 0);
  test::write_file(folder.file("audit-000005.jsonl"), "");
  CHECK(list_segments(folder.path())->newest == 5);
  CHECK(list_segments(folder.path())->first_missing == 3);
  CHECK(list_segments(folder.file("none")).error().code == base::Errc::not_found);
}

TEST_CASE("AU-04 a short write is carried on to the last byte") {
  const test::TempFolder folder;
  test::TestFiles files;
  const std::size_t piece = GENERATE(1U, 2U, 7U, 9U);
  files.taken = [piece](const test::Event&, std::size_t size) {
    return std::min(piece, size);
  };
  const auto file = make_file(files, folder);
  REQUIRE(file->append("0123456789"));
  CHECK(test::read_file(folder.file("f")) == "0123456789");
  CHECK(file->size() == 10);
  CHECK(file->check_size());
}

TEST_CASE("AU-04 a write that takes nothing is an error, not a loop") {
  const test::TempFolder folder;
  test::TestFiles files;
  files.taken = [](const test::Event&, std::size_t) {
    return std::size_t{0};
  };
  const auto file = make_file(files, folder);
  CHECK(file->append("0123456789").error().code == base::Errc::io);
}

TEST_CASE("AU-19 a file that somebody else changes is noticed", "[I7]") {
  const test::TempFolder folder;
  const auto file = make_file(system_files(), folder);
  REQUIRE(file->append("0123456789"));
  CHECK(file->check_size());
  CHECK(file->check_path());
  SECTION("cut") {
    std::filesystem::resize_file(folder.file("f"), 4);
    CHECK(file->check_size().error().code == base::Errc::corrupt);
  }
  SECTION("extended") {
    std::ofstream(folder.file("f"), std::ios::app) << "x";
    CHECK(file->check_size().error().code == base::Errc::corrupt);
  }
  SECTION("deleted") {
    std::filesystem::remove(folder.file("f"));
    CHECK(file->check_size().error().code == base::Errc::corrupt);
    CHECK(file->check_path().error().code == base::Errc::not_found);
  }
  SECTION("moved away") {
    std::filesystem::rename(folder.file("f"), folder.file("g"));
    CHECK_FALSE(file->check_path());
  }
  SECTION("replaced by a copy") {
    std::filesystem::rename(folder.file("f"), folder.file("g"));
    std::filesystem::copy_file(folder.file("g"), folder.file("f"));
    CHECK(file->check_path().error().code == base::Errc::corrupt);
  }
}

}  // namespace keyswap::audit
