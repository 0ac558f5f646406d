// SPDX-License-Identifier: Apache-2.0
//
// A source of secrets (vault/source.h) in memory. It answers at once, or after a time of the test's
// clock, or when it is told, or never; an entry each, as it is said.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vault/source.h"

namespace keyswap::test {

class FakeSource final : public vault::Source {
 public:
  static constexpr std::int64_t kNever = -1;  // only answer() does

  explicit FakeSource(std::map<std::string, std::string> has) : values(std::move(has)) {}

  std::map<std::string, std::string> values;         // the texts it has, by name
  std::map<std::string, std::int64_t> delays_ms;     // of those not in it: none
  bool is_empty = false;                             // whatever `values` says
  std::map<std::string, base::Error> failures;       // of those whose source is at fault
  std::map<std::string, std::uint64_t> generations;  // of those not in it: 0
  // Fetched::field_of and answer; of those not in it: "" and 0
  std::map<std::string, std::pair<std::string, std::uint64_t>> parts;
  std::vector<std::shared_ptr<const vault::SourceTable>> by;  // the table of each that asked
  std::int64_t now_ms = 0;                                    // by answer_due()
  std::vector<std::string> refusals;                          // "NAME VERSION" of each

  [[nodiscard]] std::optional<vault::FetchAnswer> fetch(const vault::Wanted& wanted,
                                                        vault::FetchCallback callback) override {
    ++asked_;
    by.push_back(wanted.table);
    const auto delay = delays_ms.find(wanted.name.text());
    if (delay == delays_ms.end()) {
      return answer_of(wanted.name.text(), wanted.kind);
    }
    const std::int64_t due_ms = delay->second == kNever ? kNever : now_ms + delay->second;
    waiting_.push_back({wanted.name.text(), wanted.kind, due_ms, std::move(callback)});
    return std::nullopt;
  }

  void refused(const vault::Wanted& wanted, std::string_view version) override {
    refusals.push_back(wanted.name.text() + ' ' + std::string(version));
    by.push_back(wanted.table);
  }

  void stop() override { waiting_.clear(); }

  // What is due by now is answered. False: nothing was.
  bool answer_due(std::int64_t now) {
    now_ms = now;
    bool has_answered = false;
    for (auto due = next_due(); due != waiting_.end() && due->due_ms <= now; due = next_due()) {
      answer(due);
      has_answered = true;
    }
    return has_answered;
  }

  [[nodiscard]] std::optional<std::int64_t> next_due_ms() {
    const auto due = next_due();
    return due == waiting_.end() ? std::nullopt : std::optional(due->due_ms);
  }

  // The oldest that waits, due or not. False: none does.
  bool answer() {
    if (waiting_.empty()) {
      return false;
    }
    answer(waiting_.begin());
    return true;
  }

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  [[nodiscard]] int asked() const { return asked_; }

 private:
  struct Waiting {
    std::string name;
    vault::EntryKind kind = vault::EntryKind::text;
    std::int64_t due_ms = kNever;
    vault::FetchCallback callback;
  };

  using Place = std::vector<Waiting>::iterator;

  [[nodiscard]] Place next_due() {
    const auto order = [](const Waiting& one) {
      return one.due_ms == kNever ? INT64_MAX : one.due_ms;
    };
    const auto found = std::ranges::min_element(waiting_, {}, order);
    return found == waiting_.end() || found->due_ms == kNever ? waiting_.end() : found;
  }

  void answer(Place place) {
    const Waiting one = std::move(*place);
    waiting_.erase(place);
    one.callback(answer_of(one.name, one.kind));
  }

  [[nodiscard]] vault::FetchAnswer answer_of(const std::string& name, vault::EntryKind kind) const {
    if (const auto failed = failures.find(name); failed != failures.end()) {
      return failed->second;
    }
    const auto found = values.find(name);
    if (is_empty || found == values.end() || kind != vault::EntryKind::text) {
      return base::Error{base::Errc::not_found, "the test took it away"};
    }
    auto value = vault::Secret::copy_of(found->second);
    if (!value) {
      return value.error();
    }
    vault::Fetched fetched{std::move(*value), found->second, std::nullopt};
    const auto generation = generations.find(name);
    fetched.generation = generation == generations.end() ? 0 : generation->second;
    const auto part = parts.find(name);
    if (part != parts.end()) {
      fetched.field_of = part->second.first;
      fetched.answer = part->second.second;
    }
    return fetched;
  }

  std::vector<Waiting> waiting_;
  int asked_ = 0;
};

}  // namespace keyswap::test
