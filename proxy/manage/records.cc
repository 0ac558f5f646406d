// SPDX-License-Identifier: Apache-2.0
//
// The audit log: its records newest first, as they are written, as CSV, and whether it is intact.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "audit/backward.h"
#include "audit/line_reader.h"
#include "audit/segment.h"
#include "audit/timestamp.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/manage/handlers.h"

namespace keyswap::manage {

namespace {

using base::bounds::kManageExportRowsMax;
using base::bounds::kManagePageRecordsMax;
using base::bounds::kManagePieceBytes;

constexpr std::uint64_t kPageRecords = 20;

// A number of the query; `otherwise` where it is not there. Nothing for what is none.
std::optional<std::uint64_t> number_of(const Request& request,
                                       std::string_view name,
                                       std::uint64_t otherwise) {
  const std::string_view text = request.asked(name);
  if (text.empty()) {
    return otherwise;
  }
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

Answer no_log() {
  return answer_error(503, "the audit log cannot be read now");
}

struct LogPage {
  std::string entries;  // a comma between them
  std::size_t count = 0;
  std::optional<std::uint64_t> next;  // older ones are in front of that; nothing: there are none
};

base::Result<LogPage> read_page(const LogView& log,
                                const LogView::Wants& wants,
                                std::uint64_t before,
                                std::uint64_t limit) {
  auto reader = audit::BackwardReader::open(log.folder, before);
  if (!reader) {
    return reader.error();
  }
  LogPage page;
  std::optional<std::uint64_t> last;
  for (;;) {
    if (page.count >= limit || reader->bytes_read() > base::bounds::kManageSearchedBytesMax) {
      page.next = last;
      return page;
    }
    const auto line = reader->next();
    if (!line) {
      return line.error();
    }
    if (!*line) {
      return page;
    }
    const auto seq = audit::seq_of(**line);
    if (!seq) {
      return base::Error{base::Errc::corrupt, "a line of the audit log is no record"};
    }
    last = seq;
    if (wants(**line)) {
      page.entries.append(page.count == 0 ? "" : ",").append(**line);
      ++page.count;
    }
  }
}

// --- the export ---

// From the oldest record on, segment by segment.
class ForwardReader {
 public:
  explicit ForwardReader(std::string folder) : folder_(std::move(folder)) {}

  // Nothing at the end, or where an unfinished line begins.
  base::Result<std::optional<std::string_view>> next() {
    for (;;) {
      if (!reader_) {
        if (const auto opened = open_next(); !opened) {
          return opened.error();
        }
        if (!reader_) {
          return std::optional<std::string_view>();
        }
      }
      const auto item = reader_->next();
      if (!item) {
        return item.error();
      }
      if (item->kind == audit::LineReader::Kind::line) {
        return std::optional(item->text);
      }
      if (item->kind == audit::LineReader::Kind::too_long) {
        return base::Error{base::Errc::corrupt,
                           "a line of the audit log is longer than any record"};
      }
      reader_.reset();
    }
  }

 private:
  base::Status open_next() {
    const auto segments = audit::list_segments(folder_);
    if (!segments) {
      return segments.error();
    }
    if (segment_ != 0 && segments->oldest > segment_ + 1) {
      return base::Error{base::Errc::unavailable, "segments were archived meanwhile"};
    }
    const std::uint32_t wanted = std::max(segment_ + 1, segments->oldest);
    if (wanted > segments->newest) {
      return {};
    }
    auto reader = audit::LineReader::open(audit::path_of(folder_, audit::segment_name(wanted)));
    if (!reader) {
      return reader.error();
    }
    reader_.emplace(std::move(*reader));
    segment_ = wanted;
    return {};
  }

  std::string folder_;
  std::uint32_t segment_ = 0;
  std::optional<audit::LineReader> reader_;
};

// Are there more rows than one export has?
base::Result<bool> is_too_much(const LogView& log, const LogView::Wants& wants) {
  ForwardReader reader(log.folder);
  for (std::size_t rows = 0; rows <= kManageExportRowsMax;) {
    const auto line = reader.next();
    if (!line) {
      return line.error();
    }
    if (!*line) {
      return false;
    }
    rows += wants(**line) ? 1 : 0;
  }
  return true;
}

// Each piece is read when it is asked for.
class Export final : public services::AnswerRest, public std::enable_shared_from_this<Export> {
 public:
  Export(Manager& manager, LogView::Wants wants)
      : manager_(&manager),
        wants_(std::move(wants)),
        reader_(manager.around.log.folder),
        text_(manager.around.log.csv_heading()) {}

  void next(std::function<void(Piece)> done) override {
    Lane& lane = manager_->lanes.of(LaneOf::slow);
    if (!lane.run([self = shared_from_this(), done] { done(self->read_piece()); })) {
      done({.bytes = {}, .is_broken = true});
    }
  }

 private:
  Piece read_piece() {
    while (text_.size() < kManagePieceBytes) {
      if (rows_ >= kManageExportRowsMax) {
        return {.bytes = std::exchange(text_, {}), .is_last = true};
      }
      const auto line = reader_.next();
      if (!line) {
        return {.bytes = {}, .is_broken = true};
      }
      if (!*line) {
        return {.bytes = std::exchange(text_, {}), .is_last = true};
      }
      if (wants_(**line)) {
        text_ += manager_->around.log.csv_row(**line);
        ++rows_;
      }
    }
    return {.bytes = std::exchange(text_, {})};
  }

  Manager* manager_;
  LogView::Wants wants_;
  ForwardReader reader_;
  std::string text_;
  std::size_t rows_ = 0;
};

// "20261203"
std::string day_of(std::int64_t wall_us) {
  std::string text(audit::kTimestampBytes, '\0');
  audit::write_timestamp(wall_us, text.data());
  constexpr std::size_t kDayBytes = 10;
  text.resize(kDayBytes);
  std::erase(text, '-');
  return text;
}

}  // namespace

// Beyond the records that were searched for one answer it says where to go on, so that a search for
// what is rare takes several, and none of them long.
Answer list_records(Manager& manager, const Request& request) {
  const LogView& log = manager.around.log;
  if (log.folder.empty()) {
    return no_log();
  }
  const auto before = number_of(request, "before", 0);
  const auto limit = number_of(request, "limit", kPageRecords);
  Query query = request.query;
  query.erase("before");
  query.erase("limit");
  const auto wants = log.wants(query);
  if (!before || !limit) {
    return answer_error(400, "before and limit are numbers");
  }
  if (!wants) {
    return answer_error(400, wants.error().note.text());
  }
  const auto page =
      read_page(log, *wants, *before, std::clamp<std::uint64_t>(*limit, 1, kManagePageRecordsMax));
  if (!page) {
    return no_log();
  }
  return answer_json(200,
                     R"({"entries":[)" + page->entries + R"(],"next":)" +
                         (page->next ? std::to_string(*page->next) : "null") + R"(,"signed_to":)" +
                         std::to_string(log.signed_to()) + "}\n");
}

Answer export_records(Manager& manager, const Request& request) {
  const LogView& log = manager.around.log;
  if (log.folder.empty()) {
    return no_log();
  }
  auto wants = log.wants(request.query);
  if (!wants) {
    return answer_error(400, wants.error().note.text());
  }
  const auto is_cut = is_too_much(log, *wants);
  if (!is_cut) {
    return no_log();
  }
  const std::string name = "audit-log-" + day_of(manager.clock->wall_us()) + ".csv";
  return {.status = 200,
          .body = {},
          .type = "text/csv; charset=utf-8",
          .fields = {{"Content-Disposition", "attachment; filename=\"" + name + "\""},
                     {"X-Export-Row-Limit", std::to_string(kManageExportRowsMax)},
                     {"X-Export-Truncated", *is_cut ? "true" : "false"}},
          .rest = std::make_shared<Export>(manager, std::move(*wants))};
}

Answer verify_log(Manager& manager, const Request& /*request*/) {
  if (!manager.around.log.verify) {
    return no_log();
  }
  auto json = manager.around.log.verify();
  return json ? answer_json(200, std::move(*json)) : no_log();
}

Answer stream_records(Manager& manager, const Request& request) {
  auto rest = manager.live.join(request.session);
  if (rest == nullptr) {
    return answer_error(503, "there is no room for one more who looks on");
  }
  return {.status = 200, .body = {}, .type = "text/event-stream", .rest = std::move(rest)};
}

}  // namespace keyswap::manage
