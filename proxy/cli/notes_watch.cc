// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/notes_watch.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>
#include <variant>

#include "audit/record.h"
#include "bindings/yaml_write.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/notes_reading.h"
#include "proxy/cli/terminal.h"
#include "proxy/net/record_waiter.h"
#include "vault/sources/kinds.h"

namespace keyswap::cli {

namespace {

using bindings::MergedNotes;
using bindings::NoteStanding;
using bindings::NoteState;

constexpr std::int64_t kUsPerMs = 1000;

// The source as it is asked for notes; its backend is used on the engine's thread alone.
struct Asked {
  explicit Asked(const vault::SourceSpec& of)
      : spec(of), backend(vault::find_backend_kind(of.kind)->make(of)) {}

  vault::SourceSpec spec;
  std::unique_ptr<vault::Backend> backend;
};

// Where the engine leaves what came of a reading.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<vault::RunOutcome> outcome;  // guarded by mutex
};

// What is told of a secret when it changes.
std::string shown(const NoteState& state) {
  std::string text(to_string(state.standing));
  for (const bindings::HostPattern& host : state.hosts) {
    text += " " + bindings::text_of(host);
  }
  text += state.refused_hosts.empty() ? "" : ", but not";
  for (const bindings::HostPattern& host : state.refused_hosts) {
    text += " " + bindings::text_of(host);
  }
  return text + (state.why.empty() ? "" : ": " + state.why);
}

}  // namespace

struct NotesWatch::State {
  explicit State(Parts of) : parts(std::move(of)) {}

  void follow(const LoadedPolicy& loaded);
  void ask();
  void await_first();
  [[nodiscard]] std::optional<vault::RunOutcome> take_outcome();
  [[nodiscard]] bool take(vault::RunOutcome outcome);
  bool work_out();
  bool set(MergedNotes read);
  void tell(const std::string& secret, std::string_view outcome, const std::string& shown_as);
  void complain(const std::string& why, const std::string& hint);
  [[nodiscard]] net::Policy make() const;
  [[nodiscard]] std::shared_ptr<const bindings::Bindings> parsed_with(
      const MergedNotes& with) const;

  [[nodiscard]] const bindings::NotesRule* rule() const {
    return policy.bindings != nullptr && policy.bindings->notes ? &*policy.bindings->notes
                                                                : nullptr;
  }

  Parts parts;
  net::Policy policy;            // of the file alone
  std::string text;              // of the file
  std::shared_ptr<Asked> asked;  // null: notes do not count
  std::shared_ptr<Mailbox> mailbox;
  std::optional<vault::Done> brought;       // by the last reading that did not fail
  std::optional<MergedNotes> notes;         // what it means; nothing: none were read yet
  std::map<std::string, std::string> told;  // by secret: as shown(), and its entry in a line
  std::string complaint;
  std::int64_t due_us = 0;  // by the steady clock
  bool is_asking = false;
  bool is_first = true;
};

NotesWatch::NotesWatch(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {}

NotesWatch::~NotesWatch() = default;

net::Policy NotesWatch::complete(const LoadedPolicy& loaded) {
  state_->follow(loaded);
  return state_->make();
}

std::optional<net::Policy> NotesWatch::renew() {
  State& state = *state_;
  const bool is_first = std::exchange(state.is_first, false);
  if (state.asked == nullptr) {
    return std::nullopt;
  }
  if (!state.is_asking && state.due_us <= state.parts.clock->steady_us()) {
    state.ask();
  }
  if (is_first) {
    state.await_first();
  }
  auto outcome = state.take_outcome();
  return outcome && state.take(std::move(*outcome)) ? std::optional(state.make()) : std::nullopt;
}

// Another source, or the same in other words, gave none of what is known.
void NotesWatch::State::follow(const LoadedPolicy& loaded) {
  policy = loaded.policy;
  text = loaded.text.bindings;
  due_us = 0;
  const auto* const counts = rule();
  const bool is_same = counts != nullptr && asked != nullptr &&
                       policy.bindings->sources->specs()[counts->spec] == asked->spec;
  if (is_same) {
    if (brought) {
      static_cast<void>(work_out());  // what the new file lets notes say
    }
    return;
  }
  mailbox.reset();
  asked.reset();
  brought.reset();
  notes.reset();
  told.clear();
  is_asking = false;
  if (counts != nullptr) {
    asked = std::make_shared<Asked>(policy.bindings->sources->specs()[counts->spec]);
  }
}

void NotesWatch::State::ask() {
  is_asking = true;
  mailbox = std::make_shared<Mailbox>();
  const std::int64_t deadline_us = parts.clock->steady_us() + base::bounds::kSourceRunMs * kUsPerMs;
  parts.engine->post([engine = parts.engine, source = asked, box = mailbox, deadline_us] {
    engine->run(source->spec,
                source->backend->notes(),
                deadline_us,
                [source, box](vault::RunOutcome outcome) {
                  const std::lock_guard lock(box->mutex);
                  box->outcome = std::move(outcome);
                  box->came.notify_all();
                });
  });
}

void NotesWatch::State::await_first() {
  if (mailbox == nullptr) {
    return;
  }
  std::unique_lock lock(mailbox->mutex);
  const bool has_come =
      mailbox->came.wait_for(lock, std::chrono::milliseconds(base::bounds::kNotesFirstMs), [this] {
        return mailbox->outcome.has_value();
      });
  if (!has_come) {
    complain("their source did not answer yet", "they count once it does");
  }
}

std::optional<vault::RunOutcome> NotesWatch::State::take_outcome() {
  if (mailbox == nullptr) {
    return std::nullopt;
  }
  const std::lock_guard lock(mailbox->mutex);
  return std::exchange(mailbox->outcome, std::nullopt);
}

// False: what is in force stays. A failure is tried again after the time of a refresh, or,
// where there is none, after a minute; not before the source said.
bool NotesWatch::State::take(vault::RunOutcome outcome) {
  is_asking = false;
  const auto* const failed = std::get_if<vault::Failed>(&outcome);
  std::int64_t wait_ms = rule()->refresh_ms;
  if (failed != nullptr) {
    const std::int64_t told_ms =
        std::min(failed->retry_after_ms, base::bounds::kSourceRetryAfterMsMax);
    wait_ms = std::max(wait_ms > 0 ? wait_ms : base::bounds::kSourceAgainMsMax, told_ms);
  }
  due_us = wait_ms == 0 ? INT64_MAX : parts.clock->steady_us() + wait_ms * kUsPerMs;
  if (failed != nullptr) {
    complain("their source does not give them: " + failed->outcome,
             "what they said before stays in force; see: keyswap audit show");
    return false;
  }
  brought = std::move(std::get<vault::Done>(outcome));
  return work_out();
}

// Is it something else than before?
bool NotesWatch::State::work_out() {
  auto salt = read_salt(*rule());
  auto read = salt ? read_notes(*policy.bindings, *brought, *salt)
                   : base::Result<MergedNotes>(salt.error());
  if (!read) {
    // What is known by a placeholder that cannot be made is known by none.
    complain(rule()->salt_path + " cannot be used: " + explain(read.error()),
             "it is a file of 32 bytes or more, of mode 0600; until then no note counts");
    read = MergedNotes();
  } else {
    complaint.clear();
  }
  return set(std::move(*read));
}

// Recorded before it comes into force.
bool NotesWatch::State::set(MergedNotes read) {
  std::map<std::string, std::string> now;
  for (const NoteState& state : read.states) {
    if (state.standing != NoteStanding::no_note || !state.why.empty()) {
      now[state.name] = shown(state);
    }
  }
  for (const bindings::NoteEntry& entry : read.entries) {
    now[entry.name.text()] += "\n" + bindings::flow_text(entry.entry);
  }
  for (const NoteState& state : read.states) {
    const auto after = now.find(state.name);
    const auto before = told.find(state.name);
    if (after != now.end() && (before == told.end() || before->second != after->second)) {
      tell(state.name, to_string(state.standing), shown(state));
    }
  }
  for (const auto& [name, before] : told) {
    if (!now.contains(name)) {
      tell(name, "gone", "it binds nothing any more");
    }
  }
  const bool is_other =
      now != told || (notes ? notes->unbound : MergedNotes().unbound) != read.unbound;
  told = std::move(now);
  notes = std::move(read);
  return is_other;
}

void NotesWatch::State::tell(const std::string& secret,
                             std::string_view outcome,
                             const std::string& shown_as) {
  note("the note of " + printable(secret) + " counts: " + printable(shown_as));
  static_cast<void>(net::hand_over(*parts.log,
                                   audit::SecretFetchedRecord{.ts_us = parts.clock->wall_us(),
                                                              .event = audit::FetchEvent::note,
                                                              .secret = secret,
                                                              .source = asked->spec.id,
                                                              .kind = asked->spec.kind,
                                                              .outcome = outcome}));
}

// Once, as long as it stays the same.
void NotesWatch::State::complain(const std::string& why, const std::string& hint) {
  if (std::exchange(complaint, why) != why) {
    warn("bindings in notes (" + parts.file + "): " + why, hint);
  }
}

std::shared_ptr<const bindings::Bindings> NotesWatch::State::parsed_with(
    const MergedNotes& with) const {
  auto parsed = parse_bindings(
      text, std::filesystem::path(absolute_path(parts.file)).parent_path().string(), &with);
  return parsed.errors.empty() ? std::make_shared<bindings::Bindings>(std::move(parsed.bindings))
                               : nullptr;
}

net::Policy NotesWatch::State::make() const {
  net::Policy made = policy;
  if (rule() == nullptr || !notes) {
    return made;
  }
  if (auto with = parsed_with(*notes)) {
    made.bindings = std::move(with);
    return made;
  }
  // Together they cannot be read, so none of them counts, nor what they were to take the place of.
  MergedNotes none;
  none.unbound = notes->unbound;
  for (const bindings::NoteEntry& entry : notes->entries) {
    none.out_of_force.push_back(entry.name);
  }
  none.out_of_force.insert(
      none.out_of_force.end(), notes->out_of_force.begin(), notes->out_of_force.end());
  warn("bindings in notes (" + parts.file + ") do not go together with the file",
       "see what each says: keyswap bindings check --online");
  if (auto without = parsed_with(none)) {
    made.bindings = std::move(without);
  }
  return made;
}

}  // namespace keyswap::cli
