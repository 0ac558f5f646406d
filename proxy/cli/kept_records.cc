// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/kept_records.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/known_log.h"
#include "proxy/cli/record_at_rest.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/net/record_waiter.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kRecordPrefix = "record-";  // sorted by name they are in their order
constexpr std::chrono::milliseconds kLookAgain{20};

// The bodies, one a line: there is no line end in them (audit/record.h).
std::string text_of(const audit::Batch& batch) {
  std::string text;
  for (std::size_t at = 0; at < batch.size(); ++at) {
    text.append(batch.body(at)).append("\n");
  }
  return text;
}

audit::Batch batch_of(std::string_view text) {
  audit::Batch batch;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    batch.add_encoded(line);
  }
  batch.is_urgent = true;
  return batch;
}

Failure not_recorded() {
  return {Exit::cannot,
          "the audit log does not take what a command fetched",
          "look at the disk; without it nothing is served"};
}

enum class Here : unsigned char { written, not_written, proxy_runs };

// While no proxy can begin.
Here record_here(const Home& home, vault::Vault& vault, const base::Clock& clock) {
  auto lock = ServeLock::take(
      home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return Here::not_written;
  }
  if (!lock.value() || named_proxy(home, vault)) {
    return Here::proxy_runs;
  }
  const bool is_written =
      record_at_rest(home, approved_audit_place(home, vault), vault, clock, [&](audit::Log& log) {
        return !record_kept(log, vault);
      });
  return is_written ? Here::written : Here::not_written;
}

}  // namespace

bool KeptRecords::append(audit::Batch&& batch, audit::Listener* listener, std::uint64_t ticket) {
  const audit::Batch taken = std::move(batch);
  const auto value = vault::Secret::copy_of(text_of(taken));
  const std::string name = std::string(kRecordPrefix) + std::to_string(clock_->wall_us()) + "-" +
                           std::to_string(::getpid()) + "-" + std::to_string(++count_);
  if (is_dead_ || !value || !vault_->add_system(name, *value)) {
    is_dead_ = true;
    return false;
  }
  if (listener != nullptr) {
    listener->batch_done(ticket, true);
  }
  return true;
}

Problem record_kept(audit::Log& log, vault::Vault& vault) {
  for (const std::string& name : vault.system_names(kRecordPrefix)) {
    const auto kept = vault.fetch_system(name);
    net::RecordWaiter recorded;
    if (!kept || !log.append(batch_of(kept->reveal()), &recorded, 0) || !recorded.is_durable()) {
      return not_recorded();
    }
    if (const auto forgotten = vault.remove_system(name); !forgotten) {
      return Failure{Exit::cannot,
                     "the vault cannot be written: " + explain(forgotten.error()),
                     "look at the disk, or end what else uses it"};
    }
  }
  return std::nullopt;
}

Problem see_recorded(const Home& home, vault::Vault& vault, const base::Clock& clock) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(base::bounds::kConfirmMs);
  const Failure later{Exit::no,
                      "what was fetched does not stand in the audit log yet",
                      "the vault keeps the records of it until the next keyswap serve writes them"};
  for (;;) {
    static_cast<void>(vault.refresh());  // what it cannot say now, it says the next time
    if (vault.system_names(kRecordPrefix).empty()) {
      return std::nullopt;
    }
    const Here here = find_proxy(home, vault) ? Here::proxy_runs : record_here(home, vault, clock);
    if (here == Here::written) {
      return std::nullopt;
    }
    if (here == Here::not_written || Clock::now() >= deadline) {
      return later;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

void KeptRecorder::look(audit::Sink& log, vault::Vault& vault) {
  forget(vault);
  for (const std::string& name : vault.system_names(kRecordPrefix)) {
    if (!is_new(name)) {
      continue;
    }
    const auto kept = vault.fetch_system(name);
    if (!kept) {
      continue;  // tried again with the next look
    }
    std::uint64_t ticket = 0;
    {
      const std::lock_guard lock(mutex_);
      ticket = ++tickets_;
      under_way_.emplace(ticket, name);
    }
    if (!log.append(batch_of(kept->reveal()), this, ticket)) {
      batch_done(ticket, false);
    }
  }
}

void KeptRecorder::batch_done(std::uint64_t ticket, bool durable) {
  const std::lock_guard lock(mutex_);
  auto ended = under_way_.extract(ticket);
  if (!ended.empty() && durable) {
    durable_.insert(std::move(ended.mapped()));
  }
}

void KeptRecorder::forget(vault::Vault& vault) {
  std::set<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    names = durable_;
  }
  for (const std::string& name : names) {
    const auto removed = vault.remove_system(name);
    if (removed || removed.error().code == base::Errc::not_found) {
      const std::lock_guard lock(mutex_);
      durable_.erase(name);
    }
  }
}

bool KeptRecorder::is_new(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return !durable_.contains(name) &&
         std::ranges::none_of(under_way_, [&](const auto& one) { return one.second == name; });
}

}  // namespace keyswap::cli
