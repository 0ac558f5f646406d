// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/restore_record.h"

#include <algorithm>
#include <string_view>

#include "proxy/cli/known_log.h"
#include "proxy/cli/record_at_rest.h"
#include "proxy/cli/time_text.h"
#include "proxy/net/record_waiter.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kPrefix = "restored-";

// "2026-12-01T03:53:00Z BACKUP BINDINGS"
std::string encode(const Restored& restored) {
  return format_time(restored.at_us / 1'000'000) + " " + restored.backup_sha256 + " " +
         restored.bindings_sha256;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

audit::RestoredRecord record_of(std::string_view text, std::int64_t now_us) {
  audit::RestoredRecord record;
  record.ts_us = now_us;
  record.at = take_word(text);
  record.backup_sha256 = take_word(text);
  record.bindings_sha256 = take_word(text);
  return record;
}

}  // namespace

base::Status keep_restored(const Restored& restored,
                           const vault::Vault* now,
                           vault::Vault& staged) {
  if (now != nullptr) {
    // What the backup still had to say is said by now, or the vault that is there keeps it, too.
    for (const std::string& name : staged.system_names(kPrefix)) {
      KS_TRY(staged.remove_system(name));
    }
    for (const std::string& name : now->system_names(kPrefix)) {
      const auto kept = now->fetch_system(name);
      if (!kept) {
        return kept.error();
      }
      KS_TRY(staged.put_system(name, *kept));
    }
  }
  const auto value = vault::Secret::copy_of(encode(restored));
  if (!value) {
    return value.error();
  }
  return staged.put_system(std::string(kPrefix) + std::to_string(restored.at_us), *value);
}

Problem record_restored(audit::Log& log, vault::Vault& vault, const base::Clock& clock) {
  for (const std::string& name : vault.system_names(kPrefix)) {
    const auto kept = vault.fetch_system(name);
    net::RecordWaiter recorded;
    if (!kept || !recorded.record(log, record_of(kept->reveal(), clock.wall_us()))) {
      return Failure{Exit::cannot,
                     "the audit log does not take the record that this home was restored",
                     "look at the disk; without it nothing is served"};
    }
    // Killed between them, it is recorded once more.
    if (const auto forgotten = vault.remove_system(name); !forgotten) {
      return Failure{Exit::cannot,
                     "the vault cannot be written: " + explain(forgotten.error()),
                     "look at the disk, or end what else uses it"};
    }
  }
  return std::nullopt;
}

bool record_restored_at_rest(const Home& home, vault::Vault& vault, const base::Clock& clock) {
  return record_at_rest(
      home, approved_audit_place(home, vault), vault, clock, [&](audit::Log& log) {
        return !record_restored(log, vault, clock);
      });
}

}  // namespace keyswap::cli
