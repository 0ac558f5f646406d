// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/capture.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "proxy/base/assert.h"
#include "vault/sources/captured_end.h"

namespace keyswap::vault {

namespace {

// So often an entry is kept anew that somebody else changes at the same moment.
constexpr int kKeepTriesMax = 3;

class CaptureRun final : public Run {
 public:
  // In the order of their names: two runs that lock the same entries do not wait for each other.
  explicit CaptureRun(std::vector<CapturedEntry> entries) : entries_(std::move(entries)) {
    KS_ASSERT(!entries_.empty());
    std::ranges::sort(entries_, {}, &CapturedEntry::name);
  }

  Step begin(std::int64_t /*now_us*/) override { return lock(); }

  Step on(Answer answer, std::int64_t /*now_us*/) override {
    if (std::holds_alternative<Granted>(answer)) {
      return begin_end();
    }
    if (const auto* const entry = std::get_if<EntryAnswer>(&answer)) {
      return is_end_ ? keep_end(entry->value.reveal(), entry->version) : keep(entry->version);
    }
    if (const auto* const kept = std::get_if<Kept>(&answer)) {
      return kept_or_not(*kept);
    }
    if (const auto* const noted = std::get_if<Noted>(&answer)) {
      return next(noted->is_durable);
    }
    const auto* const error = std::get_if<base::Error>(&answer);
    // It is not there yet.
    if (error == nullptr || error->code != base::Errc::not_found || tries_ == 0) {
      return next(false);
    }
    return is_end_ ? keep_end("", "") : keep("");
  }

 private:
  Step lock() { return LockEntry{entries_[at_].name}; }

  Step begin_end() {
    name_ = captured_end_name(entries_[at_].name);
    is_end_ = true;
    tries_ = 0;
    return read();
  }

  // `before`: what stands there; "" nothing.
  Step keep_end(std::string_view before, std::string version) {
    const CapturedEntry& entry = entries_[at_];
    if (!entry.expires_at && !says_captured_end(before, entry.value)) {
      return begin_value();
    }
    auto text = captured_end_text(before, entry.value, entry.expires_at);
    if (!text) {
      return next(false);
    }
    text_ = std::move(*text);
    return keep(std::move(version));
  }

  Step begin_value() {
    name_ = entries_[at_].name;
    text_ = entries_[at_].value.share();
    is_end_ = false;
    tries_ = 0;
    return read();
  }

  Step read() {
    ++tries_;
    return ReadEntry{name_};
  }

  Step keep(std::string version) { return KeepEntry{name_, text_.share(), std::move(version)}; }

  Step kept_or_not(Kept kept) {
    if (kept == Kept::conflict && tries_ < kKeepTriesMax) {
      return read();
    }
    if (kept == Kept::done && is_end_) {
      return begin_value();
    }
    FetchEvent event;
    event.kind = FetchEventKind::captured;
    event.secret = entries_[at_].name.text();
    event.expires_at = entries_[at_].expires_at;
    if (kept != Kept::done) {
      has_lost_ = true;
      event.outcome = "not_kept";
    }
    return Note{std::move(event)};
  }

  // False: this one is lost.
  Step next(bool is_kept) {
    has_lost_ = has_lost_ || !is_kept;
    tries_ = 0;
    if (++at_ < entries_.size()) {
      return lock();
    }
    return has_lost_ ? Step(Failed{FetchFault::unavailable, "not_kept", 0}) : Step(Done{});
  }

  std::vector<CapturedEntry> entries_;
  std::size_t at_ = 0;
  SecretName name_;  // of what is kept now: the value, or before it (is_end_) its end
  Secret text_;      // and what it is
  bool is_end_ = false;
  int tries_ = 0;  // to keep this one; 0: it is not locked yet
  bool has_lost_ = false;
};

}  // namespace

SourceSpec capture_spec() {
  SourceSpec spec;
  spec.id = kCaptureKind;
  spec.kind = kCaptureKind;
  return spec;
}

std::unique_ptr<Run> capture_run(std::vector<CapturedEntry> entries) {
  return std::make_unique<CaptureRun>(std::move(entries));
}

}  // namespace keyswap::vault
