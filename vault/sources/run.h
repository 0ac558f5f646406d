// SPDX-License-Identifier: Apache-2.0
//
// One fetch from a source, as a machine: steps out, answers in, one at a time. It opens no socket,
// no file and no clock; an Engine carries its steps out (vault/sources/cache.h). So no source waits
// on a thread, none can hold up another, and each is tested by scripted answers alone.
//
// Whatever an answer holds is untrusted until the run has looked at it, and its text goes nowhere:
// a failure is told by words of ours (I1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::vault {

// --- steps ---

struct CallField {
  std::string_view name;  // of static lifetime
  std::variant<std::string, Secret> value;
};

// One request of ours: https, or http to a loopback literal; no userinfo. Redirects are not
// followed: they are answers.
struct Call {
  std::string_view method;  // of static lifetime
  std::string url;
  std::vector<CallField> fields;
  Secret body;  // may be empty
  std::size_t answer_bytes_max = base::bounds::kCallAnswerBytesMax;
  std::int64_t ms_max = base::bounds::kCallMs;  // all in all; no more than that
  // What it sends is good once, and what comes back is nowhere else: once it is under way it is
  // waited for, for its own time, whatever else ends. It is not sent again where it may have been
  // taken.
  bool is_spending = false;
};

// Of the program that the source's specification names (SourceSpec::argv); "{key}" in it is `key`.
struct RunCommand {
  std::string key;
};

// Of the vault of this machine: what the source is opened with (SourceSpec::own).
struct ReadEntry {
  SecretName name;
};

// A file that is ours or root's alone, no link, in a folder that nobody else may write to; or
// "credential:NAME", which systemd gave us.
struct ReadFile {
  std::string path;
  // What a platform mounts for its programs, such as Kubernetes' tokens: it may be a link, and
  // others may read it, but not write it.
  bool is_mounted = false;
};

// Nobody else has it, in no process, until the run has ended.
struct LockEntry {
  SecretName name;
};

// Kept if the entry still is of the version `replaces` ("": it is not there yet). It is durable
// when it is answered with Kept::done.
struct KeepEntry {
  SecretName name;
  Secret value;
  std::string replaces;
};

// What an audit record says of a credential that was fetched or made.
enum class FetchEventKind : std::uint8_t {
  fetched,
  minted,
  refreshed,
  rotation_pending,
  rotated,
  rotation_conflict,
  rotation_failed,
  captured,
  login,
};

struct FetchEvent {
  FetchEventKind kind = FetchEventKind::fetched;
  std::string secret;   // its name, or the one it has at the source
  std::string version;  // recorded as a digest of it
  std::optional<std::int64_t> expires_at;
  std::string outcome = "ok";  // of closed words
  bool used_default_expiry = false;
};

// A record of the run's own, durable before the next step. What Done brings, what it says is missed
// and what Failed says is recorded by the engine: `fetched`, or `minted` where the source mints.
struct Note {
  FetchEvent event;
};

// Nothing is done for so long, as between two questions whether a person has logged in by now.
struct Wait {
  std::int64_t ms = 0;
};

struct FetchedValue {
  std::string key;  // one of those asked for
  Secret value;
  std::string version;                     // the source's own; "" it has none
  std::optional<std::int64_t> expires_at;  // seconds since 1970; nothing: it does not say
};

enum class FetchFault : std::uint8_t {
  not_found,    // the source has it not
  unavailable,  // it is down, slow or has too much to do: it is asked again later
  auth_lost,    // it takes our credential no more: what it gave before is good no more either
  bad_answer,   // what it says cannot be read, or is no value
  needs_login,  // a person has to log in again
  no_room,      // there was no locked memory for it
  no_turn,      // it was not asked: we were asking for too much else, or it has rested since
};

struct Failed {
  FetchFault fault = FetchFault::unavailable;
  std::string outcome;              // of closed words: "token_endpoint_error:invalid_grant"
  std::int64_t retry_after_ms = 0;  // as the source says it; 0: it does not

  // The source says of itself that it is asked too much, or when it may be asked again.
  [[nodiscard]] bool asks_for_rest() const {
    return outcome == "rate_limited" || retry_after_ms > 0;
  }
};

// Why nothing came for one key, while others of the same run may have theirs: the source has it
// not, what it says of it is no value, or it could not be had. What concerns the source as a whole
// ends the run with Failed.
struct Missed {
  std::string key;  // one of those asked for
  Failed failed;
};

// Each key that was asked for stands in one of the two.
struct Done {
  std::vector<FetchedValue> values;
  std::vector<Missed> missed;
  bool is_listing = false;  // of names and notes: no credential is in it, and none is recorded
  // Why it is asked for nothing more for a while, though this came (Failed::asks_for_rest).
  std::optional<Failed> rests = std::nullopt;
};

using Step = std::
    variant<Call, RunCommand, ReadEntry, ReadFile, LockEntry, KeepEntry, Note, Wait, Done, Failed>;

// --- answers ---

struct CallAnswer {
  int status = 0;
  Secret body;
  std::int64_t retry_after_ms = 0;
  std::optional<std::int64_t> date_s;  // of the field Date
  // GitHub's x-ratelimit-reset, since 1970, where x-ratelimit-remaining is 0; 0: it says no time.
  std::optional<std::int64_t> used_up_until_s;
};

struct CommandAnswer {
  int status = 0;  // of its exit; a signal's is 128 and more
  Secret out;
};

// To ReadEntry and ReadFile; a file has no version.
struct EntryAnswer {
  Secret value;
  std::string version;
};

// To LockEntry; and to Wait, once its time is over.
struct Granted {};

enum class Kept : std::uint8_t {
  done,
  conflict,  // it is of another version by now
  failed,    // nothing was kept
};

struct Noted {
  bool is_durable = false;
};

// An Error to any step that can fail: network, tls, timed_out, limit_exceeded (too much of an
// answer), permission (the address guard, a file's mode), not_found, unavailable (no locked
// memory), corrupt.
using Answer =
    std::variant<CallAnswer, CommandAnswer, EntryAnswer, Granted, Kept, Noted, base::Error>;

// --- who does it ---

// How a run ended.
using RunOutcome = std::variant<Done, Failed>;

// Used up with Done or Failed: nothing is told to it any more.
class Run {
 public:
  Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  Run(Run&&) = delete;
  Run& operator=(Run&&) = delete;
  virtual ~Run() = default;

  [[nodiscard]] virtual Step begin(std::int64_t now_us) = 0;              // by the wall clock
  [[nodiscard]] virtual Step on(Answer answer, std::int64_t now_us) = 0;  // to the last step

  // Its time is over before it is through, and it is used up. `why`; or what it has, if anything,
  // and `why` of each key that nothing came for.
  [[nodiscard]] virtual RunOutcome cut_off(Failed why) { return why; }

  // Asked when its turn to call has come; false: it does not call, and is cut off.
  [[nodiscard]] virtual bool is_wanted() const { return true; }
};

class PendingRotations;  // vault/sources/oauth2_rotation.h

// One source that is in use. Asked on the engine's thread only, as its runs are, so no locks in it;
// its runs may refer to it. Nothing is done before the first run.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  Backend(Backend&&) = delete;
  Backend& operator=(Backend&&) = delete;
  virtual ~Backend() = default;

  // `keys`: as key_text() makes them, at least one, those of one whole_of() together. Need not
  // outlive the call.
  [[nodiscard]] virtual std::unique_ptr<Run> fetch(std::span<const std::string> keys) = 0;

  // So many values, each with whatever fields, are asked for by one fetch() at most. Where they
  // come one by one, many would take longer than a run may, and the last of them would be missed.
  [[nodiscard]] virtual std::size_t values_at_once() const {
    return base::bounds::kSourceRunValuesMax;
  }

  // The value that a key is, or is a field of: what one answer of the source brings whole. A view
  // into `key`.
  [[nodiscard]] virtual std::string_view whole_of(std::string_view key) const;

  // A run that ends with Done{} once we are logged in; null: there is nothing to log in to.
  [[nodiscard]] virtual std::unique_ptr<Run> log_in() { return nullptr; }

  // When log_in() is due, by the wall clock: 0 before the first time, INT64_MAX never.
  [[nodiscard]] virtual std::int64_t login_due_us() const { return INT64_MAX; }

  // Until when fetch() gets on without log_in(), though that is due and fails: what was got before
  // is good yet. By the wall clock; 0: it does not.
  [[nodiscard]] virtual std::int64_t login_ends_us() const { return 0; }

  // A run that brings the keys that there are, with empty values; null: it cannot be asked.
  [[nodiscard]] virtual std::unique_ptr<Run> list() { return nullptr; }

  // Are its values made of what it is opened with? Then they go when somebody changes that. On any
  // thread.
  [[nodiscard]] virtual bool makes_values() const { return false; }

  // Drops the values that it keeps itself: its source was emptied. What runs that are under way
  // bring is not kept.
  virtual void forget() {}

  // The same of those that were made of what it was opened with: that may be another now.
  virtual void reopen() { forget(); }

  // A run that brings the keys that there are, each with its note as its value (vault/note_mark.h):
  // empty where that is somebody's own text. What it brings is a listing. Null: there are no notes.
  [[nodiscard]] virtual std::unique_ptr<Run> notes() { return nullptr; }

  // A run that brings `value` as the entry `name` of the vault of this machine has to be, so that
  // fetch() opens it, with what was done as its version (kSealedWord, kSealedHereWord); a listing.
  // Null: entries are as they are.
  [[nodiscard]] virtual std::unique_ptr<Run> seal(const SecretName& /*name*/, Secret /*value*/) {
    return nullptr;
  }

  // A run that rewrites each of these entries as seal() would make it today, unless it is so. It
  // brings no value, and what was done as its version (kAsItWasWord, too). Null: as above.
  [[nodiscard]] virtual std::unique_ptr<Run> seal_anew(std::span<const std::string> /*names*/) {
    return nullptr;
  }

  // What is left to do before this goes: gives back what was got by logging in, be it in log_in()
  // or in a run of fetch(), and keeps what is in no file yet; null: nothing is.
  [[nodiscard]] virtual std::unique_ptr<Run> log_out() { return nullptr; }

  // Before the first run, on any thread: where it keeps what is in no file yet, in common with all
  // sources of the process. Not null.
  virtual void share(std::shared_ptr<PendingRotations> /*pending*/) {}
};

// What became of an entry (Backend::seal(), seal_anew()).
inline constexpr std::string_view kSealedWord = "sealed";
inline constexpr std::string_view kSealedHereWord =
    "sealed_here";  // for now: nobody else was there
inline constexpr std::string_view kAsItWasWord = "as_it_was";

// What a backend is asked for: a key, and the field of its value, "" the whole of it.
struct KeyParts {
  std::string_view key;
  std::string_view field;
};

inline constexpr char kFieldSeparator = '\x1f';  // in no key: the bindings take no controls

inline std::string key_text(std::string_view key, std::string_view field) {
  std::string text(key);
  if (!field.empty()) {
    text.append(1, kFieldSeparator).append(field);
  }
  return text;
}

// Lives as long as `text`.
inline KeyParts parts_of(std::string_view text) {
  const std::size_t at = text.find(kFieldSeparator);
  return at == std::string_view::npos ? KeyParts{text, {}}
                                      : KeyParts{text.substr(0, at), text.substr(at + 1)};
}

inline std::string_view Backend::whole_of(std::string_view key) const {
  return parts_of(key).key;
}

}  // namespace keyswap::vault
