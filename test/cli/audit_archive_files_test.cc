// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_archive_files.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "audit/head.h"
#include "audit/segment.h"
#include "test/audit/support.h"

namespace keyswap::cli {

namespace {

using audit::segment_name;
using audit::test::make_log;
using audit::test::read_file;
using audit::test::TempFolder;
using audit::test::TestKey;
using audit::test::verdict_of;
using audit::test::write_file;

constexpr std::uint64_t kSegmentBytes = 4096;

ArchivePlan plan_of(const TempFolder& log, const TempFolder& archive) {
  const auto before = audit::read_archived_unjudged(log.path());
  REQUIRE(before);
  const auto closed = verdict_of(log).closed;
  REQUIRE(closed.segment > before->segment);
  return {log.path(), archive.path(), *before, closed};
}

void sign(const ArchivePlan& plan) {
  const auto log = audit::log_id(plan.folder);
  REQUIRE(log);
  const auto path = audit::path_of(plan.folder, segment_name(plan.end.segment));
  audit::Archived now{
      **log, plan.end.segment, std::filesystem::file_size(path), plan.end.seq, plan.end.hash, 1};
  now.signature = TestKey().sign(audit::archived_message(now));
  write_file(audit::path_of(plan.folder, audit::kArchivedName), audit::archived_line(now) + "\n");
}

}  // namespace

TEST_CASE("an archive is a log of its own, and so is what stays", "[I7]") {
  const TempFolder log;
  const TempFolder archive;
  make_log(log, 40, kSegmentBytes);
  const ArchivePlan first = plan_of(log, archive);
  REQUIRE_FALSE(copy_to_archive(first));
  CHECK(verdict_of(archive).is_intact);
  CHECK(verdict_of(archive).last_seq == first.end.seq);

  struct stat info {};

  REQUIRE(stat(archive.file(segment_name(1)).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  sign(first);
  REQUIRE_FALSE(remove_archived(log.path(), first.end.segment));
  CHECK(audit::list_segments(log.path())->oldest == first.end.segment + 1);
  CHECK(verdict_of(log).is_intact);

  make_log(log, 40, kSegmentBytes);
  SECTION("the next go to the same folder") {
    const ArchivePlan next = plan_of(log, archive);
    REQUIRE_FALSE(copy_to_archive(next));
    CHECK(verdict_of(archive).is_intact);
    CHECK(verdict_of(archive).archived_seq == 0);
    CHECK(verdict_of(archive).last_seq == next.end.seq);
  }
  SECTION("the next go to another folder") {
    const TempFolder second;
    const ArchivePlan next = plan_of(log, second);
    REQUIRE_FALSE(copy_to_archive(next));
    CHECK(verdict_of(second).is_intact);
    CHECK(verdict_of(second).archived_seq == first.end.seq);
    CHECK(verdict_of(second).last_seq == next.end.seq);
  }
}

TEST_CASE("a run that was stopped is done again, and nothing is overwritten") {
  const TempFolder log;
  const TempFolder archive;
  make_log(log, 40, kSegmentBytes);
  const ArchivePlan plan = plan_of(log, archive);
  REQUIRE_FALSE(copy_to_archive(plan));
  CHECK_FALSE(copy_to_archive(plan));
  const std::string path = archive.file(segment_name(2));
  const std::string content = read_file(path);
  for (const std::string& other : {content + "x", content.substr(1), std::string()}) {
    write_file(path, other);
    const auto problem = copy_to_archive(plan);
    REQUIRE(problem);
    CHECK(problem->what.find("is another one") != std::string::npos);
    CHECK(read_file(path) == other);
  }
}

TEST_CASE("the log's own folder is no archive, by any name") {
  const TempFolder log;
  const TempFolder links;
  make_log(log, 40, kSegmentBytes);
  const std::string link = links.file("link");
  std::filesystem::create_directory_symlink(log.path(), link);
  for (const std::string& name : {log.path(), log.path() + "/.", link}) {
    ArchivePlan plan = plan_of(log, log);
    plan.archive = name;
    const auto problem = copy_to_archive(plan);
    REQUIRE(problem);
    CHECK(problem->exit == Exit::usage);
  }
  CHECK(verdict_of(log).is_intact);
}

}  // namespace keyswap::cli
