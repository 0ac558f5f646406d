// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_archive_files.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/line_reader.h"
#include "audit/segment.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kPieceBytes = std::size_t{64} * 1024;

using base::Errc;
using base::Error;

Failure not_copied(const std::string& path, const Error& error) {
  return {Exit::cannot,
          "cannot write " + path + ": " + explain(error),
          "make room, or name another folder; nothing was taken out of the log"};
}

Failure another_is_there(const std::string& path) {
  return {Exit::cannot,
          path + " is there already, and is another one",
          "nothing is overwritten: name another folder"};
}

bool is_there(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

// What stands behind a descriptor's place, up to a piece; "" at its end.
base::Result<std::string_view> read_piece(int descriptor, std::array<char, kPieceBytes>& piece) {
  std::size_t size = 0;
  while (size < piece.size()) {
    const ssize_t count = read(descriptor, piece.data() + size, piece.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return Error{Errc::io, "cannot read", errno};
    }
    if (count == 0) {
      break;
    }
    size += static_cast<std::size_t>(count);
  }
  return std::string_view(piece.data(), size);
}

base::Result<bool> say_the_same(const std::string& one, const std::string& other) {
  const auto first = open_file(one);
  const auto second = open_file(other);
  if (!first || !second) {
    return first ? second.error() : first.error();
  }
  std::array<char, kPieceBytes> ours{};
  std::array<char, kPieceBytes> theirs{};
  for (;;) {
    const auto here = read_piece(first->descriptor(), ours);
    const auto there = read_piece(second->descriptor(), theirs);
    if (!here || !there) {
      return here ? there.error() : here.error();
    }
    if (*here != *there || here->empty()) {
      return *here == *there;
    }
  }
}

using Fill = std::function<base::Status(int descriptor)>;

// A file that `fill` writes, whole and durable, then given its name by `name_it`.
base::Status write_whole(const std::string& path,
                         const Fill& fill,
                         const std::function<base::Status(const std::string& from)>& name_it) {
  std::string beside = path + ".XXXXXX";
  const File file(mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) {
    return Error{base::write_errc(errno), "cannot make the file", errno};
  }
  base::Status done = fill(file.descriptor());
  if (done && (fchmod(file.descriptor(), kFileMode) != 0 || fsync(file.descriptor()) != 0)) {
    done = Error{base::write_errc(errno), "cannot make it durable", errno};
  }
  done = done ? name_it(beside) : done;
  if (!done) {
    unlink(beside.c_str());
  }
  return done;
}

base::Status copy_content(const std::string& from, int to) {
  const auto source = open_file(from);
  if (!source) {
    return source.error();
  }
  std::array<char, kPieceBytes> piece{};
  for (;;) {
    const auto bytes = read_piece(source->descriptor(), piece);
    if (!bytes) {
      return bytes.error();
    }
    if (bytes->empty()) {
      return {};
    }
    KS_TRY(write_all(to, *bytes));
  }
}

Problem copy_new(const std::string& from, const std::string& to) {
  if (is_there(to)) {
    const auto same = say_the_same(from, to);
    return same && *same ? Problem() : another_is_there(to);
  }
  const auto copied = write_whole(
      to,
      [&from](int descriptor) { return copy_content(from, descriptor); },
      [&to](const std::string& whole) { return rename_new(whole, to); });
  return copied ? Problem() : not_copied(to, copied.error());
}

// Those up to the archive's end: a log must reach its newest one.
base::Status copy_checkpoints(const std::string& from, std::uint64_t seq, int to) {
  auto reader = audit::LineReader::open(from);
  if (!reader) {
    return reader.error();
  }
  std::string lines;
  for (;;) {
    const auto item = reader->next();
    if (!item) {
      return item.error();
    }
    const auto checkpoint = item->kind == audit::LineReader::Kind::line
                                ? audit::parse_checkpoint_line(item->text)
                                : std::nullopt;
    const bool is_over = !checkpoint || checkpoint->seq > seq;
    if (!is_over) {
      lines.append(item->text).append("\n");
    }
    if (is_over || lines.size() >= kPieceBytes) {
      KS_TRY(write_all(to, lines));
      lines.clear();
    }
    if (is_over) {
      return {};
    }
  }
}

// Only more of them than before, so that this is the one file that takes another's place.
Problem replace_checkpoints(const ArchivePlan& plan) {
  const std::string path = audit::path_of(plan.archive, audit::kCheckpointsName);
  const auto written = write_whole(
      path,
      [&plan](int descriptor) {
        return copy_checkpoints(
            audit::path_of(plan.folder, audit::kCheckpointsName), plan.end.seq, descriptor);
      },
      [&path](const std::string& whole) -> base::Status {
        return rename(whole.c_str(), path.c_str()) == 0
                   ? base::Status()
                   : Error{base::write_errc(errno), "cannot replace it", errno};
      });
  return written ? Problem() : not_copied(path, written.error());
}

Problem prepare_archive(const ArchivePlan& plan) {
  if (mkdir(plan.archive.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Failure{Exit::cannot,
                   "cannot make " + plan.archive + ": " + explain_errno(errno),
                   "name a folder that is there"};
  }

  struct stat ours {};

  struct stat theirs {};

  if (stat(plan.folder.c_str(), &ours) != 0 || stat(plan.archive.c_str(), &theirs) != 0 ||
      !S_ISDIR(theirs.st_mode)) {
    return Failure{Exit::cannot, plan.archive + " is no folder", "name one"};
  }
  // What is archived is taken away: it would be, from both.
  if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) {
    return Failure{Exit::usage, plan.archive + " is the log's own folder", "name another one"};
  }
  return std::nullopt;
}

std::string name_in(const std::string& folder, std::uint32_t segment) {
  return audit::path_of(folder, audit::segment_name(segment));
}

}  // namespace

Problem copy_to_archive(const ArchivePlan& plan) {
  if (auto problem = prepare_archive(plan)) {
    return problem;
  }
  const auto in_both = [&plan](std::string_view name) {
    return copy_new(audit::path_of(plan.folder, name), audit::path_of(plan.archive, name));
  };
  if (auto problem = in_both(audit::kPublicKeyName)) {
    return problem;
  }
  // An archive that does not go on where the last one ended begins there.
  if (plan.before.segment > 0 && !is_there(name_in(plan.archive, plan.before.segment))) {
    if (auto problem = in_both(audit::kArchivedName)) {
      return problem;
    }
  }
  for (std::uint32_t number = plan.before.segment + 1; number <= plan.end.segment; ++number) {
    if (auto problem = in_both(audit::segment_name(number))) {
      return problem;
    }
  }
  if (auto problem = replace_checkpoints(plan)) {
    return problem;
  }
  const auto synced = sync_folder(plan.archive);
  return synced ? Problem() : not_copied(plan.archive, synced.error());
}

Problem remove_archived(const std::string& folder, std::uint32_t segment) {
  const auto segments = audit::list_segments(folder);
  if (!segments || segments->oldest == 0) {
    return std::nullopt;
  }
  int failed = 0;
  for (std::uint32_t number = segments->oldest; number <= segment; ++number) {
    if (unlink(name_in(folder, number).c_str()) != 0 && errno != ENOENT) {
      failed = errno;
    }
  }
  const auto synced = sync_folder(folder);
  if (failed == 0 && synced) {
    return std::nullopt;
  }
  return Failure{Exit::cannot,
                 "what was archived cannot be removed from " + folder + ": " +
                     (failed != 0 ? explain_errno(failed) : explain(synced.error())),
                 "it is in the archive already; run this again"};
}

}  // namespace keyswap::cli
