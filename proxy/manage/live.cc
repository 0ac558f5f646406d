// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/live.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "audit/backward.h"
#include "audit/segment.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/base/thread.h"

namespace keyswap::manage {

using base::bounds::kManageViewBytesMax;
using base::bounds::kManageViewRecordsMax;

namespace {

// A comment, by which a client that is gone shows, and one that is there knows that we are.
constexpr std::string_view kStillHere = ":\n\n";
constexpr int kQuietTurnsMax =
    static_cast<int>(base::bounds::kManageViewQuietMs / base::bounds::kManageViewEveryMs);

// What people look for first: 0 what was not let through, and whatever keyswap says of itself; 2
// the ends of what was.
int rank_of(std::string_view line) {
  const auto has = [line](std::string_view text) {
    return line.find(text) != std::string_view::npos;
  };
  if (has(R"("type":"upstream_response")")) {
    return 2;
  }
  const bool is_usual = has(R"("decision":"allowed")") || has(R"("decision":"pass")");
  return is_usual ? 1 : 0;
}

std::string event_of(std::string_view line) {
  std::string event = "id: " + std::to_string(audit::seq_of(line).value_or(0)) + "\ndata: ";
  event.append(line).append("\n\n");
  return event;
}

}  // namespace

// --- the log's end ---

// What was written to the last one before this one was made is taken first.
bool LogTail::open(std::uint32_t segment, News& news) {
  auto input = audit::Input::open(audit::path_of(folder_, audit::segment_name(segment)));
  if (!input) {
    return false;
  }
  if (input_) {
    take(read_new(), news);
  }
  input_.emplace(std::move(*input));
  segment_ = segment;
  offset_ = 0;
  return true;
}

LogTail::News LogTail::read() {
  News news;
  const bool is_first = !input_;
  if (is_first) {
    const auto segments = audit::list_segments(folder_);
    if (!segments || segments->newest == 0 || !open(segments->newest, news)) {
      return news;
    }
  }
  take(read_new(), news);
  if (segment_ < audit::kSegmentsMax && open(segment_ + 1, news)) {
    take(read_new(), news);
  }
  if (is_first) {
    news.lines.clear();
  }
  return news;
}

// Whole lines, the newest of them.
std::string LogTail::read_new() {
  const auto size = input_->size();
  if (!size || *size <= offset_) {
    return "";
  }
  const bool is_cut = *size - offset_ > kManageViewBytesMax;
  const std::uint64_t begin = is_cut ? *size - kManageViewBytesMax : offset_;
  std::string text(*size - begin, '\0');
  const auto read = input_->read(begin, text.data(), text.size());
  if (!read) {
    return "";
  }
  text.resize(*read);
  text.resize(text.rfind('\n') + 1);  // nothing where there is none
  offset_ = begin + text.size();
  return is_cut ? text.substr(text.find('\n') + 1) : text;
}

// The first few by rank, in their order.
void LogTail::take(std::string_view text, News& news) const {
  struct Line {
    std::string_view text;
    int rank;
  };

  std::vector<Line> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (const auto seq = audit::seq_of(line)) {
      news.last_seq = std::max(news.last_seq, *seq);
      lines.push_back({line, rank_of(line)});
    }
  }
  std::size_t room = kManageViewRecordsMax - std::min(news.lines.size(), kManageViewRecordsMax);
  for (int rank = 0; rank <= 2; ++rank) {
    for (Line& line : lines) {
      if (line.rank != rank) {
        continue;
      }
      if (room == 0) {
        line.text = {};
      } else {
        --room;
      }
    }
  }
  for (const Line& line : lines) {
    if (!line.text.empty()) {
      news.lines.emplace_back(line.text);
    }
  }
}

// --- who looks on ---

class Live::Viewer final : public services::AnswerRest {
 public:
  Viewer(Live& live, std::string session) : live_(&live), session_(std::move(session)) {}

  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;
  Viewer(Viewer&&) = delete;
  Viewer& operator=(Viewer&&) = delete;

  ~Viewer() override { live_->leave(this); }

  void next(std::function<void(Piece)> done) override {
    const std::lock_guard lock(live_->mutex_);
    done_ = std::move(done);
  }

  [[nodiscard]] const std::string& session() const { return session_; }

  // With the mutex held. What comes while it has not taken the last piece, it will be told the
  // number of.
  void tell(const LogTail::News& news, std::uint64_t before, const std::string& events) {
    if (done_ == nullptr) {
      return;
    }
    std::string text;
    if (!has_begun_) {
      has_begun_ = true;
      last_seq_ = before;
      text = "retry: 2000\nevent: begin\ndata: {\"seq\":" + std::to_string(before) + "}\n\n";
    }
    if (news.last_seq > last_seq_) {
      const std::uint64_t left_out =
          news.last_seq - last_seq_ -
          std::min<std::uint64_t>(news.lines.size(), news.last_seq - last_seq_);
      if (left_out > 0) {
        text += "event: skipped\ndata: {\"count\":" + std::to_string(left_out) + "}\n\n";
      }
      text += events;
      last_seq_ = news.last_seq;
    }
    if (text.empty() && ++quiet_turns_ >= kQuietTurnsMax) {
      text = kStillHere;
    }
    if (!text.empty()) {
      give({.bytes = std::move(text)});
    }
  }

  void end() {
    if (done_ != nullptr) {
      give({.bytes = "event: end\ndata: {}\n\n", .is_last = true});
    }
  }

 private:
  void give(Piece piece) {
    quiet_turns_ = 0;
    std::exchange(done_, nullptr)(std::move(piece));
  }

  Live* live_;
  std::string session_;
  std::function<void(Piece)> done_;  // guarded by the mutex of live_, as what follows
  bool has_begun_ = false;
  std::uint64_t last_seq_ = 0;
  int quiet_turns_ = 0;
};

base::Status Live::start() {
  auto thread = base::start_thread([this] { work(); });
  if (!thread) {
    return thread.error();
  }
  thread_ = std::move(*thread);
  return {};
}

void Live::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

std::shared_ptr<services::AnswerRest> Live::join(const Session& session) {
  auto viewer = std::make_shared<Viewer>(*this, session.id);
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || folder_.empty() || viewers_.size() >= base::bounds::kManageViewersMax) {
      return nullptr;
    }
    viewers_.push_back(viewer.get());
  }
  wake_.notify_all();
  return viewer;
}

void Live::leave(const Viewer* viewer) {
  const std::lock_guard lock(mutex_);
  std::erase(viewers_, viewer);
}

void Live::work() {
  constexpr std::chrono::milliseconds kEvery(base::bounds::kManageViewEveryMs);
  std::optional<LogTail> tail;
  std::uint64_t before = 0;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (viewers_.empty()) {
      tail.reset();
      wake_.wait(lock, [this] { return is_stopping_ || !viewers_.empty(); });
      continue;
    }
    lock.unlock();
    if (!tail) {
      tail.emplace(folder_);
      before = tail->read().last_seq;
    }
    const LogTail::News news = tail->read();
    if (!has_password_()) {
      sessions_->end_all();  // it was forgotten (keyswap manage disable)
    }
    lock.lock();
    tell(news, before);
    before = std::max(before, news.last_seq);
    wake_.wait_for(lock, kEvery, [this] { return is_stopping_; });
  }
}

void Live::tell(const LogTail::News& news, std::uint64_t before) {
  std::string events;
  for (const std::string& line : news.lines) {
    events += event_of(line);
  }
  for (Viewer* const viewer : viewers_) {
    // Over the socket of the owner there is no session to end.
    if (viewer->session() != kOwnerSession && !sessions_->is_there(viewer->session())) {
      viewer->end();
    } else {
      viewer->tell(news, before, events);
    }
  }
}

}  // namespace keyswap::manage
