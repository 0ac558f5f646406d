// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_grant.h"

#include <utility>

#include "vault/sources/backend_parts.h"
#include "vault/sources/oauth2_kept.h"

namespace keyswap::vault {

namespace {

// Who changes the entry between our look and our write does not do so for ever.
constexpr int kLoginConflictsMax = 3;

bool is_recorded(const Answer& answer) {
  const auto* const noted = std::get_if<Noted>(&answer);
  return noted != nullptr && noted->is_durable;
}

Failed failed_login_step(const Answer& answer) {
  const auto* const error = std::get_if<base::Error>(&answer);
  return error == nullptr ? fail(FetchFault::unavailable, "unexpected") : fail_of(*error);
}

}  // namespace

LoginGrant::LoginGrant(const SourceSpec& spec) : client(spec), scope(std::move(client.scope)) {
  client.scope.clear();
  if (auto name = SecretName::parse(setting_text(spec, "refresh_token"))) {
    refresh = std::move(*name);
  }
}

Step LoginKeeping::begin(TokenAnswer token) {
  if (token.is_refresh_malformed) {
    return fail(FetchFault::bad_answer, "rejected_malformed");
  }
  if (!token.refresh) {
    return fail(FetchFault::bad_answer, "no_refresh_token");
  }
  refresh_ = std::move(*token.refresh);
  return note("pending", &LoginKeeping::on_pending_noted);
}

Step LoginKeeping::on(Answer answer) {
  return (this->*next_)(std::move(answer));
}

// I6: what is not recorded is not kept.
Step LoginKeeping::on_pending_noted(Answer answer) {
  if (!is_recorded(answer)) {
    return fail(FetchFault::unavailable, "audit_unavailable");
  }
  next_ = &LoginKeeping::on_lock;
  return LockEntry{grant_->refresh};
}

Step LoginKeeping::on_lock(Answer answer) {
  return std::holds_alternative<Granted>(answer) ? read() : Step(failed_login_step(answer));
}

Step LoginKeeping::read() {
  next_ = &LoginKeeping::on_entry;
  return ReadEntry{grant_->refresh};
}

Step LoginKeeping::on_entry(Answer answer) {
  const auto* const entry = std::get_if<EntryAnswer>(&answer);
  const auto* const error = std::get_if<base::Error>(&answer);
  if (entry == nullptr && (error == nullptr || error->code != base::Errc::not_found)) {
    return failed_login_step(answer);
  }
  next_ = &LoginKeeping::on_kept;
  return KeepEntry{grant_->refresh, refresh_.share(), entry == nullptr ? "" : entry->version};
}

Step LoginKeeping::on_kept(Answer answer) {
  const auto* const kept = std::get_if<Kept>(&answer);
  if (kept != nullptr && *kept == Kept::done) {
    return note("ok", &LoginKeeping::on_noted);
  }
  if (kept != nullptr && *kept == Kept::conflict && ++conflicts_ < kLoginConflictsMax) {
    return read();
  }
  const bool is_conflict = kept != nullptr && *kept == Kept::conflict;
  failed_ = is_conflict ? "login_conflict" : "login_write_failed";
  return note(failed_, &LoginKeeping::on_failure_noted);
}

Step LoginKeeping::on_failure_noted(Answer /*answer*/) {
  return fail(FetchFault::unavailable, failed_);
}

Step LoginKeeping::on_noted(Answer answer) {
  return is_recorded(answer) ? Step(Done{})
                             : Step(fail(FetchFault::unavailable, "audit_unavailable"));
}

Step LoginKeeping::note(std::string_view outcome, Next next) {
  next_ = next;
  Note step;
  step.event.kind = FetchEventKind::login;
  step.event.secret = grant_->refresh.text();
  step.event.outcome = outcome;
  return step;
}

bool has_live_login(const Vault& vault, const SecretName& refresh_token, std::int64_t now_s) {
  const auto refresh = vault.open_entry(refresh_token, EntryKind::text, now_s);
  if (!refresh) {
    return refresh.error().code != base::Errc::not_found;
  }
  const auto kept = vault.open_entry(kept_name(refresh_token), EntryKind::text, now_s);
  const auto state = kept ? read_kept(kept->value.reveal()) : KeptState();
  const auto* const lost = std::get_if<LostGrant>(&state);
  return lost == nullptr || lost->grant_version != refresh->version;
}

}  // namespace keyswap::vault
