// SPDX-License-Identifier: Apache-2.0
//
// What the runs of refresh tokens are played against: a vault, a lock, a log of records, and a
// token endpoint that exchanges the refresh token each time and takes a second use of an old one
// for a theft.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/vault/sources/backend_support.h"
#include "vault/sources/oauth2_rotation.h"

namespace keyswap::vault::backend {

struct StoredEntry {
  std::string value;
  std::string version;
};

class TokenServer {
 public:
  bool rotates = true;
  bool is_revoked = false;
  bool sees_theft = true;  // in one that it does not know
  int calls = 0;
  std::vector<std::string> sent;
  std::string good = "refresh-0000";  // the refresh token that it takes

  Answer answer(const Call& call) {
    ++calls;
    const std::string body = body_of(call);
    const bool is_good = body.find("refresh_token=" + good) != std::string::npos;
    const std::size_t at = body.find("refresh_token=");
    sent.push_back(body.substr(at, body.find('&', at) - at));
    is_revoked = is_revoked || (sees_theft && !is_good);
    if (is_revoked || !is_good) {
      return made(400, R"({"error":"invalid_grant"})");
    }
    if (rotates) {
      good = "refresh-000" + std::to_string(calls);
    }
    return made(200,
                R"({"access_token":"access-)" + std::to_string(calls) +
                    R"(","token_type":"Bearer","expires_in":3600,"refresh_token":")" + good +
                    "\"}");
  }

  static Answer made(int status, std::string_view body) {
    CallAnswer answer;
    answer.status = status;
    answer.body = Secret::copy_of(body).value();
    return answer;
  }
};

class World {
 public:
  std::map<std::string, StoredEntry> vault = {{"CLIENT", {"client id", "c"}},
                                              {"CLIENT_SECRET", {"s+cret", "s"}},
                                              {"REFRESH", {"refresh-0000", "v0"}}};
  TokenServer server;
  std::vector<std::string> records;  // "kind outcome"
  bool is_log_dead = false;
  bool is_disk_full = false;
  bool is_locked = false;  // by another process

  void put(const std::string& name, const std::string& value) {
    vault[name] = {value, "v" + std::to_string(++versions_)};
  }

  // Nothing: it has to wait.
  std::optional<Answer> answer(const Step& step) {
    if (const auto* call = std::get_if<Call>(&step)) {
      return server.answer(*call);
    }
    if (const auto* read = std::get_if<ReadEntry>(&step)) {
      return entry(read->name.text());
    }
    if (const auto* keep = std::get_if<KeepEntry>(&step)) {
      return keep_entry(*keep);
    }
    if (const auto* note = std::get_if<Note>(&step)) {
      if (!is_log_dead) {
        records.push_back(word_of(note->event.kind) + " " + note->event.outcome);
      }
      return Noted{!is_log_dead};
    }
    REQUIRE(std::holds_alternative<LockEntry>(step));
    return is_locked ? std::nullopt : std::optional<Answer>(Granted{});
  }

  [[nodiscard]] std::string value(const std::string& name) const { return vault.at(name).value; }

 private:
  Answer entry(const std::string& name) {
    const auto found = vault.find(name);
    if (found == vault.end()) {
      return base::Error{base::Errc::not_found, "no such entry"};
    }
    return EntryAnswer{Secret::copy_of(found->second.value).value(), found->second.version};
  }

  Answer keep_entry(const KeepEntry& keep) {
    const auto found = vault.find(keep.name.text());
    const std::string before = found == vault.end() ? "" : found->second.version;
    if (before != keep.replaces) {
      return Kept::conflict;
    }
    if (is_disk_full) {
      return Kept::failed;
    }
    put(keep.name.text(), std::string(keep.value.reveal()));
    return Kept::done;
  }

  static std::string word_of(FetchEventKind kind) {
    static const std::map<FetchEventKind, std::string> words = {
        {FetchEventKind::refreshed, "refreshed"},
        {FetchEventKind::rotation_pending, "pending"},
        {FetchEventKind::rotated, "rotated"},
        {FetchEventKind::rotation_conflict, "conflict"},
        {FetchEventKind::rotation_failed, "failed"},
        {FetchEventKind::login, "login"},
    };
    return words.at(kind);
  }

  int versions_ = 0;
};

inline bool is_end(const Step& step) {
  return std::holds_alternative<Done>(step) || std::holds_alternative<Failed>(step);
}

// A process: its backend lives until it is killed.
class Process {
 public:
  Process(const BackendKind& kind, SourceSpec spec, World& world)
      : kind_(&kind), spec_(std::move(spec)), world_(&world) {
    restart();
  }

  std::int64_t now_us = test::FakeTime::kStartUs;

  void begin() {
    const std::vector<std::string> keys = {"K"};
    run_ = backend_->fetch(keys);
    step_ = run_->begin(++now_us);
  }

  // As when the source goes; false: there is nothing to do.
  bool begin_end() {
    run_ = backend_->log_out();
    if (run_ != nullptr) {
      step_ = run_->begin(++now_us);
    }
    return run_ != nullptr;
  }

  // False: it is over, or has to wait.
  bool go() {
    if (is_end(*step_)) {
      return false;
    }
    auto answer = world_->answer(*step_);
    if (!answer) {
      return false;
    }
    tell(std::move(*answer));
    return true;
  }

  void tell(Answer answer) { step_ = run_->on(std::move(answer), ++now_us); }

  const Step& fetch() {
    begin();
    while (go()) {
    }
    return *step_;
  }

  [[nodiscard]] const Step& step() const { return *step_; }

  // Somebody changed what the source is opened with.
  void reopen() { backend_->reopen(); }

  // It is emptied by hand, or an API took its token no more.
  void forget() { backend_->forget(); }

  // kill -9, and a new start.
  void restart() {
    step_.reset();
    run_.reset();
    pending_ = std::make_shared<PendingRotations>();
    backend_ = kind_->make(spec_);
    backend_->share(pending_);
  }

  // The bindings say the source in other words from now on.
  void reload(SourceSpec spec) {
    step_.reset();
    run_.reset();
    spec_ = std::move(spec);
    backend_ = kind_->make(spec_);
    backend_->share(pending_);
  }

 private:
  const BackendKind* kind_;
  SourceSpec spec_;
  World* world_;
  std::shared_ptr<PendingRotations> pending_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Run> run_;
  std::optional<Step> step_;
};

// The token, or "(outcome)" of why there is none.
inline std::string told(const Step& step) {
  if (const auto* done = std::get_if<Done>(&step)) {
    return value_of(*done, "K");
  }
  const auto* failed = std::get_if<Failed>(&step);
  return failed == nullptr ? "(not over)" : "(" + failed->outcome + ")";
}

}  // namespace keyswap::vault::backend
