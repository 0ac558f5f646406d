// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/session/around.h"

#include <cstdio>
#include <cstdlib>

#include "proxy/base/log.h"

namespace keyswap::test {

namespace {

// The text of a record's member, "" if there is none.
std::string member(std::string_view record, std::string_view name) {
  const std::string mark = "\"" + std::string(name) + "\":\"";
  const std::size_t at = record.find(mark);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = record.substr(at + mark.size());
  return std::string(rest.substr(0, rest.find('"')));
}

}  // namespace

void must(bool condition, const char* what) {
  if (!condition) {
    static_cast<void>(std::fprintf(stderr, "session_fuzz: %s\n", what));
    std::abort();
  }
}

void must_hold_no_secret(std::string_view bytes, const char* where) {
  for (const std::string_view secret : {kHeaderSecret, kApiKey, kApiSecret, kTextSecret}) {
    must(bytes.find(secret) == std::string_view::npos, where);
  }
}

// --- the vault ---

base::Result<bool> NoCallers::matches_system(std::string_view /*name*/,
                                             std::string_view /*value*/) const {
  return false;
}

std::map<std::string, std::string> all_secrets() {
  return {{"K", std::string(kHeaderSecret)},
          {"BK", std::string(kApiKey)},
          {"BS", std::string(kApiSecret)},
          {"T", std::string(kTextSecret)},
          {"R", std::string(kSentValue)}};
}

// --- the log ---

void ScriptedLog::came(std::string_view bodies) {
  must_hold_no_secret(bodies, "a secret is in the audit log");
  must(bodies.find(kSentValue) == std::string_view::npos, "a real value is in the audit log");
}

// Each record begins with its time.
void ScriptedLog::keep(std::string_view bodies) {
  constexpr std::string_view kBegin = "\"ts\":";
  while (!bodies.empty()) {
    const std::size_t end = std::min(bodies.find(kBegin, kBegin.size()), bodies.size());
    read_record(bodies.substr(0, end));
    bodies.remove_prefix(end);
  }
}

void ScriptedLog::read_record(std::string_view record) {
  const std::string type = member(record, "type");
  const std::string id = member(record, "request_id");
  if (type == "upstream_response") {
    if (const auto found = decided_.find(id); found != decided_.end()) {
      const std::string outcome = member(record, "outcome");
      if (outcome == "sent_again") {
        ++allowed_[found->second.path];
      } else {
        ++found->second.ends;
        found->second.is_not_sent = outcome == "not_sent";
        const std::string cause = member(record, "cause");
        found->second.end = outcome + (cause.empty() ? "" : " " + cause);
      }
    }
    return;
  }
  const std::string decision = member(record, "decision");
  if (decision.empty() || decision == "refused") {
    return;  // it speaks of no request, or nothing of it may leave
  }
  const std::string path = type == "tunnel" ? "tunnel" : member(record, "path");
  if (!decided_.contains(id)) {
    decided_[id].path = path;
    ++allowed_[path];
  }
}

void ScriptedLog::note_sent(const std::string& path) {
  must(++sent_[path] <= allowed_[path], "I6: sent without a durable record");
}

int ScriptedLog::times_sent(const std::string& path) const {
  const auto found = sent_.find(path);
  return found == sent_.end() ? 0 : found->second;
}

std::string ScriptedLog::end_of(const std::string& path) const {
  for (const auto& [id, decided] : decided_) {
    if (decided.path == path) {
      return decided.end;
    }
  }
  return "";
}

void ScriptedLog::check_ends() const {
  if (is_dead()) {
    return;
  }
  std::map<std::string, int> unsent;
  for (const auto& [id, decided] : decided_) {
    must(decided.ends > 0, "a decision has no closing record");
    must(decided.ends == 1, "a decision has two closing records");
    unsent[decided.path] += decided.is_not_sent ? 1 : 0;
  }
  for (const auto& [path, count] : sent_) {
    must(allowed_.at(path) - unsent[path] >= count, "a request that was sent is not_sent");
  }
}

// --- the limits ---

std::optional<limits::ChargeAnswer> ScriptedMeter::charge(
    const std::shared_ptr<const limits::LimitTable>& /*table*/,
    const limits::ChargeRequest& /*request*/,
    const limits::ChargeTime& /*now*/,
    limits::ChargeCallback callback) {
  if (answers_at_once) {
    limits::ChargeAnswer granted;
    granted.outcome = limits::ChargeOutcome::granted;
    return granted;
  }
  waiting_.push_back(std::move(callback));
  return std::nullopt;
}

void ScriptedMeter::release(const limits::Ticket& /*ticket*/, limits::GiveBack /*what*/) {}

void ScriptedMeter::spend(const limits::Ticket& /*ticket*/, const limits::Spend& /*spent*/) {}

bool ScriptedMeter::answer(limits::ChargeOutcome outcome) {
  if (waiting_.empty()) {
    return false;
  }
  const auto told = std::move(waiting_.front());
  waiting_.pop_front();
  limits::ChargeAnswer answer;
  answer.outcome = outcome;
  answer.retry_after_ms = 1000;
  told(answer);
  return true;
}

}  // namespace keyswap::test

// stderr is no place for secrets, either; nobody reads it here.
namespace keyswap::base::log {

void line(Level /*level*/, Note text) {
  test::must_hold_no_secret(text.text(), "a secret is on stderr");
}

void line(Level level, Note text, std::int64_t /*number*/) {
  line(level, text);
}

void line(Level level, Note text, const Error& /*error*/) {
  line(level, text);
}

void line(Level /*level*/, std::initializer_list<Piece> pieces) {
  for (const Piece& piece : pieces) {
    test::must_hold_no_secret(piece.bytes(), "a secret is on stderr");
  }
}

}  // namespace keyswap::base::log
