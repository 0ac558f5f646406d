// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_follow.h"

#include <array>
#include <cerrno>

#include <sys/inotify.h>
#include <unistd.h>

#include "audit/archived.h"
#include "audit/segment.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::uint32_t kGone = IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED;

Failure cannot_read(const std::string& path, const std::string& why) {
  return {Exit::cannot, "cannot read " + path + ": " + why, "see: keyswap audit verify"};
}

}  // namespace

Outcome<LogWatch> LogWatch::open(const std::string& folder) {
  File events(inotify_init1(IN_CLOEXEC));
  if (!events.is_open() || inotify_add_watch(events.descriptor(),
                                             folder.c_str(),
                                             IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVE_SELF |
                                                 IN_DELETE_SELF | IN_ONLYDIR) < 0) {
    return Failure{
        Exit::cannot, "cannot watch " + folder + ": " + explain_errno(errno), "use --no-follow"};
  }
  return LogWatch(folder, std::move(events));
}

Problem LogWatch::wait() {
  alignas(inotify_event) std::array<char, 4096> bytes{};
  // Which file it was does not matter, nor whether the wait was cut short: the caller looks for
  // itself.
  const ssize_t count = read(events_.descriptor(), bytes.data(), bytes.size());
  std::size_t at = 0;
  while (count > 0 && at + sizeof(inotify_event) <= static_cast<std::size_t>(count)) {
    const auto* const event = reinterpret_cast<const inotify_event*>(bytes.data() + at);
    if ((event->mask & kGone) != 0) {
      return Failure{Exit::cannot,
                     "the audit folder " + folder_ + " was moved or removed",
                     "start this command anew"};
    }
    at += sizeof(inotify_event) + event->len;
  }
  return std::nullopt;
}

std::string LogFollower::path_of(std::uint32_t segment) const {
  return audit::path_of(folder_, audit::segment_name(segment));
}

Problem follow_folder(const std::string& folder, bool stops, const std::function<Problem()>& look) {
  // Watched before it is read, so that nothing written in between is missed.
  std::optional<LogWatch> changes;
  if (!stops) {
    auto opened = LogWatch::open(folder);
    if (!opened) {
      return opened.failure();
    }
    changes = std::move(opened).value();
  }
  for (;;) {
    auto problem = look();
    if (!problem && changes) {
      problem = changes->wait();
    }
    if (problem || stops) {
      return problem;
    }
  }
}

Problem LogFollower::read(const Take& take) {
  for (;;) {
    if (auto problem = find_segment()) {
      return problem;
    }
    if (place_.segment == 0) {
      return std::nullopt;
    }
    if (auto problem = read_segment(take)) {
      return problem;
    }
    if (!is_followed()) {
      return std::nullopt;
    }
    // What was written to it before its successor was made.
    if (auto problem = read_segment(take)) {
      return problem;
    }
    place_ = {place_.segment + 1, 0};
    reader_.reset();
  }
}

// At the begin it is the oldest that is there. One that was archived since is passed over.
Problem LogFollower::find_segment() {
  if (place_.segment == 0) {
    const auto segments = audit::list_segments(folder_);
    if (!segments) {
      return cannot_read(folder_, explain(segments.error()));
    }
    place_.segment = segments->oldest;
    return std::nullopt;
  }
  if (reader_ || access(path_of(place_.segment).c_str(), F_OK) == 0) {
    return std::nullopt;
  }
  const auto archived = audit::read_archived_unjudged(folder_);
  if (!archived || archived->segment < place_.segment) {
    return std::nullopt;  // it is missing, which shows when it is opened
  }
  if (place_ != LogPlace{archived->segment, archived->bytes}) {
    warn("records were archived before they were read here: up to record " +
             std::to_string(archived->seq),
         "they are in the archive");
  }
  place_ = {archived->segment + 1, 0};
  return std::nullopt;
}

bool LogFollower::is_followed() const {
  if (place_.segment >= audit::kSegmentsMax) {
    return false;
  }
  if (access(path_of(place_.segment + 1).c_str(), F_OK) == 0) {
    return true;
  }
  const auto archived = audit::read_archived_unjudged(folder_);
  return archived && archived->segment > place_.segment;
}

Problem LogFollower::open_segment() {
  const std::string path = path_of(place_.segment);
  auto reader = audit::LineReader::open(path);
  if (!reader) {
    return cannot_read(path, explain(reader.error()));
  }
  while (reader->offset() < place_.offset) {
    const auto item = reader->next();
    if (!item) {
      return cannot_read(path, explain(item.error()));
    }
    if (item->kind != audit::LineReader::Kind::line) {
      break;
    }
  }
  if (reader->offset() != place_.offset) {
    return cannot_read(path, "no line begins where the last one that was read ended");
  }
  reader_.emplace(std::move(*reader));
  return std::nullopt;
}

Problem LogFollower::read_segment(const Take& take) {
  if (!reader_) {
    if (auto problem = open_segment()) {
      return problem;
    }
  }
  for (;;) {
    const auto item = reader_->next();
    if (!item) {
      return cannot_read(path_of(place_.segment), explain(item.error()));
    }
    switch (item->kind) {
      case audit::LineReader::Kind::line:
        if (auto problem = take(item->text)) {
          reader_.reset();
          return problem;
        }
        place_.offset = reader_->offset();
        break;
      case audit::LineReader::Kind::end:
        return std::nullopt;
      case audit::LineReader::Kind::torn:
        // It may be cut off and written anew after a crash: it is read again from its begin.
        reader_.reset();
        return std::nullopt;
      case audit::LineReader::Kind::too_long:
        return cannot_read(path_of(place_.segment), "a line is longer than any record");
    }
  }
}

}  // namespace keyswap::cli
