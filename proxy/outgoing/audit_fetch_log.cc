// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/audit_fetch_log.h"

#include <cstddef>
#include <string>
#include <utility>

#include "audit/record.h"
#include "bindings/digest.h"
#include "proxy/base/assert.h"

namespace keyswap::outgoing {

namespace {

constexpr std::size_t kVersionDigits = 12;

audit::FetchEvent in_records(vault::FetchEventKind kind) {
  using From = vault::FetchEventKind;
  using To = audit::FetchEvent;
  switch (kind) {
    case From::fetched:
      return To::fetched;
    case From::minted:
      return To::minted;
    case From::refreshed:
      return To::refreshed;
    case From::rotation_pending:
      return To::rotation_pending;
    case From::rotated:
      return To::rotated;
    case From::rotation_conflict:
      return To::rotation_conflict;
    case From::rotation_failed:
      return To::rotation_failed;
    case From::captured:
      return To::captured;
    case From::login:
      return To::login;
  }
  KS_UNREACHABLE();
}

}  // namespace

std::string shown_version(const std::string& version) {
  return version.empty() ? "" : bindings::sha256_hex(version).substr(0, kVersionDigits);
}

void AuditFetchLog::append(const vault::SourceSpec& spec,
                           std::vector<vault::FetchEvent> events,
                           std::int64_t took_us,
                           std::function<void(bool is_durable)> done) {
  audit::Batch batch;
  for (const vault::FetchEvent& event : events) {
    const std::string version = shown_version(event.version);
    batch.add(audit::SecretFetchedRecord{.ts_us = clock_->wall_us(),
                                         .event = in_records(event.kind),
                                         .secret = event.secret,
                                         .source = spec.id,
                                         .kind = spec.kind,
                                         .version = version,
                                         .expires_at = event.expires_at,
                                         .outcome = event.outcome,
                                         .duration_us = took_us,
                                         .used_default_expiry = event.used_default_expiry});
  }
  batch.is_urgent = true;
  std::uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = ++tickets_;
    waiting_.emplace(ticket, std::move(done));
  }
  if (!sink_->append(std::move(batch), this, ticket)) {
    batch_done(ticket, false);
  }
}

void AuditFetchLog::batch_done(std::uint64_t ticket, bool durable) {
  if (const auto done = take(ticket)) {
    done(durable);
  }
}

std::function<void(bool is_durable)> AuditFetchLog::take(std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  auto found = waiting_.extract(ticket);
  return found.empty() ? nullptr : std::move(found.mapped());
}

}  // namespace keyswap::outgoing
