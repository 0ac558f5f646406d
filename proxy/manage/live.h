// SPDX-License-Identifier: Apache-2.0
//
// Records as they are written, for those who look on. One thread reads the end of the log, a few
// times a second and only while somebody looks, and gives all of them the same piece: of a busy
// proxy a few records at a time, refusals first, and how many were left out. So a hundred who look
// on cost the event loops a few small writes a second each, whatever the proxy does.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "audit/file.h"
#include "proxy/base/result.h"
#include "proxy/manage/sessions.h"
#include "proxy/services/slow_service.h"

namespace keyswap::manage {

// What was written to the log behind a place in it. By one thread at a time.
class LogTail {
 public:
  explicit LogTail(std::string folder) : folder_(std::move(folder)) {}

  struct News {
    std::vector<std::string> lines;  // in their order
    std::uint64_t last_seq = 0;      // of the newest that was seen, and maybe left out; 0: none was
  };

  // The first call gives nothing, but the newest record's number: from there on it is news.
  News read();

 private:
  bool open(std::uint32_t segment, News& news);
  std::string read_new();
  void take(std::string_view text, News& news) const;

  std::string folder_;
  std::uint32_t segment_ = 0;
  std::optional<audit::Input> input_;  // of that segment
  std::uint64_t offset_ = 0;           // behind the last whole line that was read
};

class Live {
 public:
  // It outlives this. `has_password`: may anybody log in? Asked on the thread of this, each time
  // that all are told: where the password was forgotten, no session goes on.
  Live(Sessions& sessions, std::function<bool()> has_password)
      : sessions_(&sessions), has_password_(std::move(has_password)) {}

  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  Live(Live&&) = delete;
  Live& operator=(Live&&) = delete;

  ~Live() { stop(); }

  // Before start(): "" there is no log, and nobody can look on.
  void set_folder(std::string folder) { folder_ = std::move(folder); }

  // As base::start_thread.
  base::Status start();
  // No piece is given afterwards.
  void stop();

  // Server-sent events, until the session ends; null: bounds::kManageViewersMax look on.
  std::shared_ptr<services::AnswerRest> join(const Session& session);

 private:
  class Viewer;

  void work();
  // Gives all what is new.
  void tell(const LogTail::News& news, std::uint64_t before);
  void leave(const Viewer* viewer);

  Sessions* sessions_;
  std::function<bool()> has_password_;
  std::string folder_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Viewer*> viewers_;  // guarded by mutex_
  bool is_stopping_ = false;      // guarded by mutex_
  std::thread thread_;
};

}  // namespace keyswap::manage
