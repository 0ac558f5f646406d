// SPDX-License-Identifier: Apache-2.0
//
// What keyswap answers itself, where that takes time: a password is hashed, the vault is written, a
// log is searched. Such an answer is made on threads of the service's own and comes back when it is
// there, so that no event loop waits for it. An answer whose length is not known comes in pieces,
// each when it is asked for: a client that reads slowly, or not at all, holds one piece, and
// nothing grows (I10).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/flow/reply.h"
#include "proxy/http/message.h"

namespace keyswap::services {

// A request as a whole. I1: its body may be a secret, and is wiped, whoever drops it.
struct Question {
  Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  Question(Question&&) = delete;
  Question& operator=(Question&&) = delete;

  ~Question() { base::wipe(body.data(), body.size()); }

  http::RequestHead head;
  std::string body;       // at most bounds::kManageBodyBytesMax; wiped with it, or before
  std::string client;     // its address, or "unix"
  bool is_owner = false;  // it came over a Unix socket from the user that this process runs as
  // Set by who asked, on any thread: nobody waits for the answer any more. What was not begun then
  // is not done, and `done` need not be called.
  std::atomic<bool> is_given_up{false};
};

// The rest of an answer.
class AnswerRest {
 public:
  struct Piece {
    std::string bytes;
    bool is_last = false;
    bool is_broken = false;  // more should come, and cannot: the client must not take it for whole
  };

  AnswerRest() = default;
  AnswerRest(const AnswerRest&) = delete;
  AnswerRest& operator=(const AnswerRest&) = delete;
  AnswerRest(AnswerRest&&) = delete;
  AnswerRest& operator=(AnswerRest&&) = delete;
  virtual ~AnswerRest() = default;

  // Returns at once. `done` is called once, on any thread, with the next piece, when there is one;
  // not again before that. It is not called at all once this is gone or the service stopped.
  virtual void next(std::function<void(Piece)> done) = 0;
};

struct SlowAnswer {
  flow::Reply reply;
  std::shared_ptr<AnswerRest> rest{};  // null: the reply is whole
  std::int64_t delay_ms = 0;           // it is kept back for so long
};

// Thread-safe.
class SlowService {
 public:
  using Done = std::function<void(std::shared_ptr<SlowAnswer>)>;

  SlowService() = default;
  SlowService(const SlowService&) = delete;
  SlowService& operator=(const SlowService&) = delete;
  SlowService(SlowService&&) = delete;
  SlowService& operator=(SlowService&&) = delete;
  virtual ~SlowService() = default;

  // Starts its threads, with the others of the process. As base::start_thread.
  virtual base::Status start() = 0;
  // Finishes what is under way. When it returns, no `done` is called any more. Twice is once.
  virtual void stop() = 0;

  // Is this request its to answer?
  [[nodiscard]] virtual bool takes(const http::RequestHead& head) const = 0;

  // Returns at once. `done` is called once, on any thread, maybe before this returns; its body is
  // there for a HEAD, too, and is left out by who carries it.
  virtual void answer(std::shared_ptr<Question> question, Done done) = 0;

  // How many of its requests are read or answered now, as those count who carry them.
  [[nodiscard]] std::atomic<std::size_t>& carried() { return carried_; }

 private:
  std::atomic<std::size_t> carried_{0};
};

}  // namespace keyswap::services
