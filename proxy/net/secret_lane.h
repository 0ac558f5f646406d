// SPDX-License-Identifier: Apache-2.0
//
// One loop's way to the source of secrets: asks it, and brings what it answers later back to the
// loop, to the request that waits for it and to no other. Requests wait; the loop does not. An
// answer for which nobody waits any more is dropped, and wiped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/event.h"
#include "proxy/uv/loop.h"
#include "vault/holdings.h"
#include "vault/secret.h"
#include "vault/source.h"

namespace keyswap::net {

class SecretFetch;

// Lives until the source has been stopped, and longer than each SecretFetch.
class SecretLane {
 public:
  // `holdings`: may be null.
  SecretLane(uv::Loop& loop,
             vault::Source& source,
             const base::Clock& clock,
             vault::Holdings* holdings)
      : loop_(&loop), source_(&source), clock_(&clock), holdings_(holdings) {}

  // What becomes of a text that was asked for.
  struct LookUp {
    std::function<void(vault::Secret)> late;  // it comes in a later turn
    std::function<void()> failed;             // it cannot be had: in this turn, or in a later one
  };

  // Asks for a text that nobody waits for, and that no source elsewhere is asked for because of
  // that. Gives it if it is there at once; else `told` says what becomes of it.
  std::optional<vault::Secret> look_up(const bindings::Bindings& bindings,
                                       const vault::SecretName& name,
                                       LookUp told);

  // By the steady clock.
  [[nodiscard]] std::int64_t now_ms() const;

  // Entries that somebody waits for.
  [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }

 private:
  friend class SecretFetch;

  struct Waiting {
    SecretFetch* fetch = nullptr;
    std::size_t entry = 0;
  };

  void bring(std::uint64_t ticket, vault::FetchAnswer answer);

  uv::Loop* loop_;
  vault::Source* source_;
  const base::Clock* clock_;
  vault::Holdings* holdings_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;  // by ticket
  std::uint64_t tickets_ = 0;
};

// The vault entries that one request, or one message, needs.
class SecretFetch {
 public:
  using Answer = std::variant<flow::SecretsReady, flow::SecretsUnavailable>;
  using Done = std::function<void(Answer)>;

  explicit SecretFetch(SecretLane& lane) : lane_(&lane) {}

  SecretFetch(const SecretFetch&) = delete;
  SecretFetch& operator=(const SecretFetch&) = delete;
  SecretFetch(SecretFetch&&) = delete;
  SecretFetch& operator=(SecretFetch&&) = delete;

  ~SecretFetch() { cancel(); }

  // Asks for all entries of these places, in their order. `done` gets the answer once all are
  // there, or one cannot be had: once, in this call or in a later turn; not after cancel(). The
  // bindings live until then. What is there while another is waited for counts as held by `caller`
  // (I10).
  void begin(const bindings::Bindings& bindings,
             std::span<const flow::PlaceOf> places,
             std::string_view caller,
             Done done);

  // Nobody waits any more.
  void cancel();

  // Who all that was sent to last refused it (vault::Source::refused).
  void tell_refused();

 private:
  friend class SecretLane;

  // What one source gave before it was emptied does not go with what it gave afterwards, and fields
  // of one value not with those of another answer: one of two parts may have been changed in
  // between.
  struct Part {
    std::uint32_t source = 0;  // of the table
    std::uint64_t generation = 0;
    std::string field_of;
    std::uint64_t answer = 0;

    [[nodiscard]] bool goes_with(const Part& other) const {
      return source != other.source || (generation == other.generation &&
                                        (field_of != other.field_of || answer == other.answer));
    }
  };

  // What a source elsewhere gave.
  struct Given {
    vault::SecretName name;
    vault::EntryKind kind = vault::EntryKind::text;
    std::string version;
  };

  // An entry of an injection's.
  struct Wanted {
    const bindings::Injection* injection = nullptr;
    std::size_t number = 0;         // in its needs()
    std::optional<Part> part = {};  // once it came from a source elsewhere

    std::string version = {};  // then

    [[nodiscard]] const vault::SecretName& name() const { return injection->needs()[number]; }

    [[nodiscard]] vault::EntryKind kind() const {
      return injection->needs_private_key(number) ? vault::EntryKind::private_key
                                                  : vault::EntryKind::text;
    }
  };

  void ask_for_all();
  void ask(std::size_t entry);
  void hold_for_caller();
  [[nodiscard]] bool do_parts_go_together() const;
  void take(std::size_t entry, vault::FetchAnswer answer);
  void end_if_whole();
  void note_given();
  void end(Answer answer);

  SecretLane* lane_;
  bool is_asking_ = false;  // false: nothing is waited for
  bool was_asked_again_ = false;
  Done done_;
  std::string caller_;
  std::shared_ptr<const vault::SourceTable> sources_;
  std::vector<Wanted> wanted_;
  std::vector<vault::Secret> secrets_;  // of these; empty: not there yet
  std::size_t missing_ = 0;
  std::uint64_t first_ticket_ = 0;                      // theirs follow one another
  std::vector<Given> given_;                            // with the last answer that was whole
  std::shared_ptr<const vault::SourceTable> given_by_;  // the policy's of that
  std::optional<vault::Holder> holder_;                 // once something is waited for
};

}  // namespace keyswap::net
