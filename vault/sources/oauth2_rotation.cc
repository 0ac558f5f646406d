// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_rotation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "vault/sources/backend_parts.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_kept.h"

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kAheadUs = 60 * kSecondUs;
constexpr std::int64_t kLifePartAhead = 10;
// Whoever changes the entry while we ask wins; not for ever.
constexpr int kConflictsMax = 2;

Note note_of(const RefreshGrant& grant, FetchEventKind kind, std::string outcome) {
  Note note;
  note.event.kind = kind;
  note.event.secret = grant.refresh.text();
  note.event.outcome = std::move(outcome);
  return note;
}

bool is_durable(const Answer& answer) {
  const auto* const noted = std::get_if<Noted>(&answer);
  return noted != nullptr && noted->is_durable;
}

// Might the server not know it, as one that it lost? Others say what they know of it.
bool is_unknown_grant(const Failed& failed) {
  return failed.outcome == kInvalidGrant ||
         failed.outcome == "token_endpoint_error:bad_refresh_token" ||
         failed.outcome == "token_endpoint_error:invalid_refresh_token";
}

Failed failed_by(const Answer& answer) {
  const auto* const error = std::get_if<base::Error>(&answer);
  return error == nullptr ? fail(FetchFault::unavailable, "unexpected") : fail_of(*error);
}

PendingRotation* pending_of(const RefreshGrant& grant) {
  return grant.all_pending->find(grant.refresh);
}

KeepEntry keep_pending(const RefreshGrant& grant, const PendingRotation& pending) {
  return {grant.refresh, pending.refresh.share(), pending.replaces};
}

class RefreshRun final : public Run {
 public:
  RefreshRun(RefreshGrant& grant, std::span<const std::string> keys)
      : grant_(grant), keys_(keys.begin(), keys.end()), who_(grant.client) {
    ++grant_.runs;
  }

  RefreshRun(const RefreshRun&) = delete;
  RefreshRun& operator=(const RefreshRun&) = delete;
  RefreshRun(RefreshRun&&) = delete;
  RefreshRun& operator=(RefreshRun&&) = delete;

  ~RefreshRun() override { --grant_.runs; }

  [[nodiscard]] Step begin(std::int64_t now_us) override {
    now_us_ = now_us;
    // On first use, what was minted before is of an earlier policy, or of an earlier start.
    if (grant_.newest_us == 0) {
      grant_.newest_us = now_us;
      grant_.dropped_us = now_us;
    }
    next_ = &RefreshRun::on_lock;
    return LockEntry{grant_.refresh};
  }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    now_us_ = now_us;
    return (this->*next_)(std::move(answer));
  }

 private:
  using Next = Step (RefreshRun::*)(Answer);

  // --- what is there ---

  Step on_lock(Answer answer) {
    if (!std::holds_alternative<Granted>(answer)) {
      return failed_by(answer);
    }
    return read_refresh();
  }

  Step read_refresh() {
    next_ = &RefreshRun::on_refresh;
    return ReadEntry{grant_.refresh};
  }

  Step on_refresh(Answer answer) {
    auto* const entry = std::get_if<EntryAnswer>(&answer);
    if (entry == nullptr) {
      return failed_by(answer);
    }
    refresh_ = std::move(entry->value);
    version_ = std::move(entry->version);
    return read_kept_entry();
  }

  Step read_kept_entry() {
    next_ = &RefreshRun::on_kept;
    return ReadEntry{kept_name(grant_.refresh)};
  }

  Step on_kept(Answer answer) {
    const auto* const error = std::get_if<base::Error>(&answer);
    const auto* const entry = std::get_if<EntryAnswer>(&answer);
    if (entry == nullptr && (error == nullptr || error->code != base::Errc::not_found)) {
      return failed_by(answer);
    }
    kept_version_ = entry == nullptr ? "" : entry->version;
    const PendingRotation* const pending = pending_of(grant_);
    if (pending != nullptr && pending->replaces == version_) {
      return keep_refresh(*pending);
    }
    grant_.all_pending->drop(grant_.refresh);  // who changed the entry meanwhile wins
    kept_ = entry == nullptr ? KeptState() : read_kept(entry->value.reveal());
    const auto* const lost = std::get_if<LostGrant>(&kept_);
    if (lost != nullptr && lost->grant_version == version_) {
      return fail(FetchFault::needs_login, kInvalidGrant);
    }
    const auto* const token = std::get_if<KeptToken>(&kept_);
    previous_ =
        token != nullptr && token->grant_version == version_ ? token->previous.share() : Secret();
    next_ = &RefreshRun::on_client;
    return who_.begin();
  }

  // Did another process get it, since we last had one?
  [[nodiscard]] bool is_fresh(const KeptToken& token) const {
    const std::int64_t end_us = token.expires_s * kSecondUs;
    const std::int64_t life_us = end_us - token.minted_us;
    const std::int64_t ahead_us =
        std::min(std::max(kAheadUs, life_us / kLifePartAhead), life_us / 2);
    return token.token.size() != 0 && token.digest == digest_ && token.grant_version == version_ &&
           token.minted_us > grant_.newest_us && token.minted_us <= now_us_ &&
           end_us - now_us_ > ahead_us;
  }

  // --- the call ---

  Step on_client(Answer answer) {
    if (auto step = who_.on(std::move(answer))) {
      return std::move(*step);
    }
    digest_ = kept_digest(grant_.spec_digest, who_.versions());
    const auto* const token = std::get_if<KeptToken>(&kept_);
    if (token != nullptr && is_fresh(*token)) {
      grant_.newest_us = token->minted_us;
      return done_with(keys_, token->token, token->minted_us, token->expires_s);
    }
    // What the server gives is nowhere else until it is kept: a kill from here on, also while the
    // answer is on its way, leaves this record with nothing behind it.
    expires_at_.reset();
    sent_ = refresh_.share();
    is_previous_ = false;
    return note(FetchEventKind::rotation_pending, "ok", &RefreshRun::on_pending_noted);
  }

  // The one in the vault is refused and has never worked: the server may have lost it.
  Step try_previous() {
    sent_ = std::exchange(previous_, Secret());
    is_previous_ = true;
    return note(FetchEventKind::rotation_pending, "previous", &RefreshRun::on_pending_noted);
  }

  Step on_pending_noted(Answer answer) {
    if (!is_durable(answer)) {
      return fail(FetchFault::unavailable, "audit_unavailable");
    }
    const auto form = form_of({{"grant_type", "refresh_token"}, {"refresh_token", sent_.reveal()}});
    if (!form) {
      return fail_of(form.error());
    }
    next_ = &RefreshRun::on_token;
    return spending_call(grant_.client, who_, *form, now_us_);
  }

  Step on_token(Answer answer) {
    auto of_clock = fail_of_assertion_clock(grant_.client, answer, now_us_);
    auto read = read_grant_answer(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&read)) {
      if (of_clock && failed->outcome == kInvalidClient) {
        return *std::move(of_clock);
      }
      if (previous_.size() != 0 && is_unknown_grant(*failed)) {
        return try_previous();
      }
      return failed->fault == FetchFault::needs_login ? keep_lost(std::move(*failed))
                                                      : std::move(*failed);
    }
    auto& token = std::get<TokenAnswer>(read);
    has_asked_ = true;
    access_ = std::move(token.access);
    minted_us_ = now_us_;
    expires_at_ = token.expires_in_s ? std::optional(now_us_ / kSecondUs + *token.expires_in_s)
                                     : std::nullopt;
    has_type_ = token.has_type;
    fault_ = std::move(token.fault);
    previous_ = Secret();  // what was sent has worked
    if (is_previous_ && !token.refresh) {
      token.refresh = sent_.share();  // the one in the vault is no good
    } else if (token.is_refresh_malformed) {
      // What is in the vault may be good once more, and nothing better is to be had.
      return note(FetchEventKind::rotation_failed, "rejected_malformed", &RefreshRun::on_noted);
    }
    if (!token.refresh || token.refresh->reveal() == refresh_.reveal()) {
      return keep_token();
    }
    // From here on there is a token that nobody else has: it is not let go before it is kept.
    grant_.all_pending->put(grant_.refresh,
                            {.refresh = std::move(*token.refresh),
                             .sent = sent_.share(),
                             .replaces = version_,
                             .digest = digest_,
                             .access = access_.share(),
                             .minted_us = minted_us_,
                             .expires_at = expires_at_,
                             .fault = fault_});
    return keep_refresh(*pending_of(grant_));
  }

  // Nothing more is tried with it, by nobody: a server may take a second try for a theft.
  Step keep_lost(Failed failed) {
    failed_ = std::move(failed);
    auto text = kept_text(LostGrant{version_});
    if (!text) {
      return std::move(failed_);
    }
    next_ = &RefreshRun::on_lost_kept;
    return KeepEntry{kept_name(grant_.refresh), std::move(*text), kept_version_};
  }

  Step on_lost_kept(Answer /*answer*/) { return std::move(failed_); }

  // --- a new refresh token ---

  // I13: durable before the access token is used.
  Step keep_refresh(const PendingRotation& pending) {
    next_ = &RefreshRun::on_refresh_kept;
    return keep_pending(grant_, pending);
  }

  Step on_refresh_kept(Answer answer) {
    const auto* const kept = std::get_if<Kept>(&answer);
    if (kept == nullptr || *kept == Kept::failed) {
      return note(FetchEventKind::rotation_failed, "write_failed", &RefreshRun::on_failure_noted);
    }
    if (*kept == Kept::conflict) {
      grant_.all_pending->drop(grant_.refresh);
      return note(FetchEventKind::rotation_conflict, "conflict", &RefreshRun::on_conflict_noted);
    }
    PendingRotation& rotated = *pending_of(grant_);
    digest_ = std::move(rotated.digest);
    previous_ = std::move(rotated.sent);
    refresh_ = std::move(rotated.refresh);
    access_ = std::move(rotated.access);
    minted_us_ = rotated.minted_us;
    expires_at_ = rotated.expires_at;
    fault_ = std::move(rotated.fault);
    grant_.all_pending->drop(grant_.refresh);
    return note(FetchEventKind::rotated, "ok", &RefreshRun::on_rotated_noted);
  }

  Step on_failure_noted(Answer /*answer*/) {
    return fail(FetchFault::unavailable, "rotation_write_failed");
  }

  // The other one's is sent instead.
  Step on_conflict_noted(Answer answer) {
    ++conflicts_;
    if (!is_durable(answer)) {
      return fail(FetchFault::unavailable, "audit_unavailable");
    }
    return conflicts_ < kConflictsMax ? read_refresh()
                                      : fail(FetchFault::unavailable, "rotation_conflict");
  }

  Step on_rotated_noted(Answer answer) {
    if (!is_durable(answer)) {
      return fail(FetchFault::unavailable, "audit_unavailable");
    }
    next_ = &RefreshRun::on_new_version;
    return ReadEntry{grant_.refresh};
  }

  Step on_new_version(Answer answer) {
    const auto* const entry = std::get_if<EntryAnswer>(&answer);
    if (entry == nullptr || entry->value.reveal() != refresh_.reveal()) {
      return deliver();  // others can only do without what we know
    }
    version_ = entry->version;
    return keep_token();
  }

  // --- the access token ---

  Step on_noted(Answer answer) {
    return is_durable(answer) ? keep_token() : fail(FetchFault::unavailable, "audit_unavailable");
  }

  // For other processes. That it could not be kept is no reason to do without it.
  Step keep_token() {
    KeptToken kept;
    kept.digest = digest_;
    kept.minted_us = minted_us_;
    kept.expires_s = expires_at_.value_or((minted_us_ + grant_.default_life_us) / kSecondUs);
    kept.grant_version = version_;
    kept.previous = previous_.share();
    kept.token = access_.share();
    auto text = kept_text(kept);
    if (!text) {
      return deliver();
    }
    next_ = &RefreshRun::on_token_kept;
    return KeepEntry{kept_name(grant_.refresh), std::move(*text), kept_version_};
  }

  Step on_token_kept(Answer /*answer*/) { return deliver(); }

  Step deliver() {
    if (!has_asked_) {
      return read_refresh();  // of a run before: it is taken if it is fresh, and for us
    }
    if (fault_) {
      return *std::move(fault_);  // what came with the refresh token was no use
    }
    if (!has_type_) {
      has_type_ = true;
      return note(FetchEventKind::refreshed, "token_type_missing", &RefreshRun::on_told);
    }
    grant_.newest_us = minted_us_;
    return done_with(keys_, access_, minted_us_, expires_at_);
  }

  Step on_told(Answer answer) {
    return is_durable(answer) ? deliver() : fail(FetchFault::unavailable, "audit_unavailable");
  }

  // --- pieces ---

  Step note(FetchEventKind kind, std::string outcome, Next next) {
    next_ = next;
    Note step = note_of(grant_, kind, std::move(outcome));
    step.event.version = version_;
    step.event.expires_at = expires_at_;
    return step;
  }

  RefreshGrant& grant_;
  std::vector<std::string> keys_;
  ClientReading who_;
  Next next_ = nullptr;
  std::int64_t now_us_ = 0;

  Secret refresh_;
  std::string version_;  // of its entry
  Secret previous_;      // the one before it, if it has not worked yet
  Secret sent_;          // one of the two
  bool is_previous_ = false;
  std::string digest_;  // of who asks, or who asked for what is kept
  KeptState kept_;
  std::string kept_version_;  // of the entry beside it; "" there is none
  Secret access_;
  std::int64_t minted_us_ = 0;
  std::optional<std::int64_t> expires_at_;
  bool has_type_ = true;
  bool has_asked_ = false;
  int conflicts_ = 0;
  Failed failed_;
  std::optional<Failed> fault_;  // of the access token
};

// Behind the run that is under way, as it has the lock; no server is asked, for nobody is there any
// more who would keep what it gives.
class LastKeepRun final : public Run {
 public:
  explicit LastKeepRun(RefreshGrant& grant) : grant_(grant) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return LockEntry{grant_.refresh}; }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    if (end_) {
      return std::move(*end_);  // recorded or not
    }
    if (std::exchange(is_keeping_, true)) {
      return on_kept(answer);
    }
    if (!std::holds_alternative<Granted>(answer)) {
      return failed_by(answer);
    }
    const PendingRotation* const pending = pending_of(grant_);
    return pending != nullptr ? Step(keep_pending(grant_, *pending)) : Step(Done{});
  }

 private:
  Step on_kept(const Answer& answer) {
    const auto* const kept = std::get_if<Kept>(&answer);
    Note note;
    if (kept == nullptr || *kept == Kept::failed) {
      end_ = fail(FetchFault::unavailable, "rotation_write_failed");
      note = note_of(grant_, FetchEventKind::rotation_failed, "write_failed");
    } else if (*kept == Kept::conflict) {
      end_ = Done{};  // who changed the entry meanwhile wins
      note = note_of(grant_, FetchEventKind::rotation_conflict, "conflict");
    } else {
      end_ = Done{};
      note = note_of(grant_, FetchEventKind::rotated, "ok");
    }
    const PendingRotation& pending = *pending_of(grant_);
    note.event.version = pending.replaces;
    note.event.expires_at = pending.expires_at;
    if (kept != nullptr && *kept != Kept::failed) {
      grant_.all_pending->drop(grant_.refresh);
    }
    return note;
  }

  RefreshGrant& grant_;
  bool is_keeping_ = false;
  std::optional<Step> end_;
};

}  // namespace

RefreshGrant::RefreshGrant(const SourceSpec& spec, SecretName refresh_token)
    : client(spec),
      refresh(std::move(refresh_token)),
      spec_digest(spec.digest()),
      default_life_us(spec.cache.ttl_ms * 1000),
      all_pending(std::make_shared<PendingRotations>()) {}

void forget_access(RefreshGrant& grant) {
  grant.dropped_us = grant.newest_us;
}

void reopen_access(RefreshGrant& grant) {
  grant.newest_us = grant.dropped_us;
}

std::unique_ptr<Run> refresh_run(RefreshGrant& grant, std::span<const std::string> keys) {
  return std::make_unique<RefreshRun>(grant, keys);
}

std::unique_ptr<Run> last_keep_run(RefreshGrant& grant) {
  return pending_of(grant) != nullptr || grant.runs != 0 ? std::make_unique<LastKeepRun>(grant)
                                                         : nullptr;
}

}  // namespace keyswap::vault
